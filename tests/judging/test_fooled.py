"""Data built to fool an ordinary test: each comes out as it must."""

import numpy as np
import pytest
from causal_claims import (
    Behaviour,
    Head,
    Metric,
    VSlice,
    ablate,
    beats,
    delete_v_slice,
    effect,
    heads,
    level,
    lowers,
    negligible,
    raises,
    recovers,
    strongest,
)
from causal_claims.measurements import Receipt
from causal_claims.models import ModelSpec
from causal_claims.verdicts import Guard
from made import DELIVERED, outcome, verdict

M = Metric("x")
H = [ablate(head) for head in heads(0, range(41))]
RNG = np.random.default_rng(11)


def guard(found, name) -> Guard:
    return next(one for one in found.evidence.guards if one.name == name and one.fired)


def test_all_zero_differences_without_a_receipt_are_no_evidence_of_anything():
    same = RNG.normal(size=40)
    for claim in (negligible(M, by=H[0], within=0.5), raises(M, by=H[0]), lowers(M, by=H[0])):
        found = verdict(claim, {"baseline": same, H[0]: same})

        assert found.outcome == "INVALID"
        assert "identical arms without a receipt" in guard(found, "uninformative").sentence


def test_all_zero_differences_with_a_receipt_never_have_an_interval_of_zero_width():
    accuracy = (np.arange(40) % 2).astype(float)
    found = verdict(negligible(M, by=H[0], within=0.2), {"baseline": accuracy, H[0]: accuracy}, receipt=DELIVERED)
    narrow = verdict(negligible(M, by=H[0], within=0.05), {"baseline": accuracy, H[0]: accuracy}, receipt=DELIVERED)

    assert found.outcome == "SUPPORTED"
    assert found.evidence.decision.ci_high == pytest.approx(1 - 0.025 ** (1 / 40))
    assert narrow.outcome == "INCONCLUSIVE"


def test_one_outlier_in_sixteen_does_not_make_an_effect():
    d = np.r_[np.random.default_rng(1).normal(0, 0.01, 15), 8.0]
    base = RNG.normal(size=16)

    assert outcome(raises(M, by=H[0], beyond=0.1), {"baseline": base, H[0]: base + d}) == "INCONCLUSIVE"
    assert outcome(negligible(M, by=H[0], within=0.5), {"baseline": base, H[0]: base + d}) == "INCONCLUSIVE"


def test_a_constant_arm_is_a_stuck_metric():
    found = verdict(raises(M, by=H[0]), {"baseline": RNG.normal(size=40), H[0]: np.full(40, 1.0)})

    assert found.outcome == "INVALID"
    assert "stuck" in guard(found, "uninformative").sentence


def test_a_constant_arm_of_zeros_and_ones_is_data():
    assert (
        outcome(raises(M, by=H[0]), {"baseline": np.zeros(40), H[0]: np.r_[np.ones(20), np.zeros(20)]}) == "SUPPORTED"
    )


def test_a_metric_without_variance_is_uninformative_whatever_the_claim():
    found = verdict(
        negligible(M, by=H[0], within=0.1), {"baseline": np.zeros(70), H[0]: np.zeros(70)}, receipt=DELIVERED
    )

    assert found.outcome == "INVALID"
    assert "no variance" in found.reason


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_uninformative(value):
    base = RNG.normal(size=40)
    arm = base + 1
    arm[3] = value

    assert outcome(raises(M, by=H[0]), {"baseline": base, H[0]: arm}) == "INVALID"


def test_values_out_of_the_declared_range_are_uninformative():
    found = verdict(
        raises(Metric("p_target"), by=H[0]),
        {"baseline": RNG.uniform(size=40), H[0]: RNG.uniform(size=40) + 0.5},
        receipt=DELIVERED,
    )

    assert found.outcome == "INVALID"
    assert "outside the declared range [0, 1]" in found.reason


@pytest.mark.parametrize("given", [True, False])
def test_a_prompt_copied_seven_times_counts_once(given):
    base, extra = RNG.normal(size=10), np.random.default_rng(3).normal(0.35, 0.5, size=10)
    rows = np.repeat(base, 7), np.repeat(base + extra, 7)
    clusters = [f"prompt-{i}" for i in range(10) for _ in range(7)] if given else None
    found = verdict(raises(M, by=H[0]), {"baseline": rows[0], H[0]: rows[1]}, clusters=clusters)

    assert found.evidence.decision.n == 10
    assert found.evidence.decision.n_unit == "cluster"
    assert found.outcome == outcome(raises(M, by=H[0]), {"baseline": base, H[0]: base + extra})
    assert "each" in next(g.sentence for g in found.evidence.guards if g.name == "replication unit")


def test_coarsely_rounded_numbers_that_repeat_by_chance_are_not_joined():
    base = np.round(RNG.normal(size=200), 1)
    found = verdict(raises(M, by=H[0]), {"baseline": base, H[0]: base + np.round(0.5 + 0.3 * RNG.normal(size=200), 1)})

    assert found.evidence.decision.n == 200


def test_a_target_that_is_one_more_random_set_is_supported_at_most_at_the_nominal_rate():
    supported = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        base, sets = rng.normal(size=30), rng.normal(0, 0.5, size=41)
        values = {"baseline": base, **{H[i]: base + sets[i] + 0.3 * rng.normal(size=30) for i in range(41)}}
        supported += outcome(beats(M, by=H[0], against=H[1:], way="raises"), values) == "SUPPORTED"

    assert supported <= 5  # nominal 2.5 %, i.e. 1.5 of 60; 6 or more happens once in 400


def test_a_winner_picked_afterwards_from_32_equal_heads_is_hardly_ever_supported():
    supported = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        base = rng.normal(size=40)
        effects = rng.normal(0, 1, size=(32, 40))
        winner = int(effects.mean(axis=1).argmax())
        values = {"baseline": base, **{H[i]: base + effects[i] for i in range(32)}}
        supported += outcome(strongest(M, by=H[winner], among=H[:32], picked="after"), values) == "SUPPORTED"

    assert supported <= 3


def test_a_two_way_tie_is_not_a_victory():
    supported = 0
    for seed in range(80):
        rng = np.random.default_rng(seed)
        base = rng.normal(size=40)
        values = {"baseline": base, **{H[i]: base + (1.0 if i < 2 else 0.0) + rng.normal(size=40) for i in range(6)}}
        supported += outcome(strongest(M, by=H[0], among=H[:6]), values) == "SUPPORTED"

    assert supported <= 6  # nominal 2.5 %, i.e. 2 of 80


def test_a_ratio_over_a_denominator_near_zero_has_no_verdict():
    base = RNG.normal(size=40)
    values = {"baseline": base, H[0]: base + RNG.normal(0.02, 0.5, 40), H[1]: base + RNG.normal(1, 0.1, 40)}

    assert outcome(recovers(effect(M, by=H[1]), of=effect(M, by=H[0]), at_least=0.1), values) == "INCONCLUSIVE"


def test_three_events_in_seventy_cannot_show_that_nothing_changed():
    before, after = np.zeros(70), np.zeros(70)
    before[:3] = after[1:4] = 1
    found = verdict(negligible(M, by=H[0], within=0.1), {"baseline": before, H[0]: after})

    assert found.outcome == "INCONCLUSIVE"
    assert "have any event" in found.reason


def test_aliased_heads_with_identical_figures_are_refused():
    base = RNG.normal(size=40)
    arm = base + RNG.normal(1, 0.1, 40)
    found = verdict(
        strongest(M, by=H[0], among=H[:3]),
        {"baseline": base, H[0]: arm, H[1]: arm, H[2]: base + 0.1 * RNG.normal(size=40)},
        receipt=DELIVERED,
    )

    assert found.outcome == "INVALID"
    assert "identical figures for different interventions" in found.reason


def test_too_few_examples_decide_nothing():
    base = RNG.normal(size=7)

    assert outcome(raises(M, by=H[0]), {"baseline": base, H[0]: base + 5 + 0.01 * RNG.normal(size=7)}) == "INCONCLUSIVE"


def test_few_changes_among_many_examples_of_an_unbounded_metric_decide_nothing():
    base = RNG.normal(size=200)
    arm = base.copy()
    arm[:4] += 3
    found = verdict(negligible(M, by=H[0], within=1.0), {"baseline": base, H[0]: arm})

    assert found.outcome == "INCONCLUSIVE"
    assert "only 4 of 200 differences are not zero" in found.reason


@pytest.mark.parametrize(("receipt", "words"), [
    (Receipt(("a",), 10, 40, 1.0, True), "fired 10 times and must fire 40"),
    (Receipt(("a",), 40, 40, 0.0, True), "changed nothing"),
    (Receipt(("a",), 40, 40, 1.0, False), "was not removed"),
])  # fmt: skip
def test_an_intervention_that_was_not_delivered_is_invalid(receipt, words):
    base = RNG.normal(size=40)
    found = verdict(raises(M, by=H[0]), {"baseline": base, H[0]: base + 1 + 0.1 * RNG.normal(size=40)}, receipt=receipt)

    assert found.outcome == "INVALID"
    assert words in guard(found, "not delivered").sentence


def test_reading_the_tensor_that_is_edited_is_invalid():
    found = verdict(
        raises(Metric("r_v", late=27), by=delete_v_slice(VSlice(27, 11))),
        {"baseline": RNG.uniform(1, 2, 40), delete_v_slice(VSlice(27, 11)): RNG.uniform(1, 2, 40)},
    )

    assert found.outcome == "INVALID"
    assert guard(found, "measures what it edits")
    assert guard(found, "pseudo-head")


@pytest.mark.parametrize(("layer", "fires"), [(26, False), (27, True), (28, True)])
def test_a_write_beside_or_after_every_read_has_no_causal_path(layer, fires):
    by = ablate(Head(layer, 3))
    found = verdict(
        raises(Metric("r_v_written", late=27), by=by),
        {"baseline": RNG.uniform(1, 2, 40), by: RNG.uniform(1, 2, 40)},
        receipt=DELIVERED,
    )

    assert any(one.fired for one in found.evidence.guards if one.name == "no causal path") == fires


def test_heads_picked_on_the_judging_examples_need_a_kind_that_corrects():
    base = RNG.normal(size=40)
    arms = {"baseline": base, H[0]: base + 1 + 0.1 * RNG.normal(size=40), H[1]: base + 0.1 * RNG.normal(size=40)}
    here = M.on("facts")

    assert outcome(raises(here, by=H[0], picked_on="facts"), arms) == "INVALID"
    assert outcome(raises(here, by=H[0], picked_on="facts/discovery"), arms) == "SUPPORTED"
    assert outcome(strongest(here, by=H[0], among=H[:2], picked="after", picked_on="facts"), arms) == "SUPPORTED"


@pytest.mark.parametrize(("rate", "expected"), [(0.05, "NOT RUN"), (0.5, "NOT RUN"), (0.95, "SUPPORTED")])
def test_a_model_that_cannot_do_the_task_refutes_nothing(rate, expected):
    base, able = RNG.normal(size=60), (np.arange(60) < rate * 60).astype(float)
    claim = raises(M, by=H[0], given=Behaviour(level(Metric("able")), above=0.5))
    from causal_claims.judging.judge import judge
    from causal_claims.measurements import Measurement

    ids = tuple(f"e{i}" for i in range(60))
    numbers = {"able": able, "x": base}
    cells = {
        c: Measurement(
            "toy",
            str(c.metric),
            c.condition_spelling,
            ids,
            ids,
            numbers[c.metric.name] + (1 + 0.1 * RNG.normal(size=60) if c.condition.steps else 0),
        )
        for c in claim.cells
    }

    assert judge(claim, cells).outcome == expected


def test_an_effect_within_the_noise_of_arithmetic_is_invalid():
    base = RNG.normal(size=40)
    arms = {"baseline": base, H[0]: base + 0.02 + 0.001 * RNG.normal(size=40)}

    assert outcome(raises(M, by=H[0]), arms, noise_floor=0.001) == "SUPPORTED"
    assert outcome(raises(M, by=H[0]), arms, noise_floor=0.033) == "INVALID"


def test_a_head_that_the_model_does_not_have_is_refused():
    from causal_claims import ClaimsError

    spec = ModelSpec("toy", "toy", "a/b", layers=2, heads=4, kv_heads=2)
    with pytest.raises(ClaimsError, match=r"L0\.H9 is out of range: toy has 4 query heads a layer, 0 to 3"):
        verdict(raises(M, by=H[9]), {"baseline": RNG.normal(size=9), H[9]: RNG.normal(size=9)}, spec=spec)


def test_a_causal_wording_needs_receipts_and_a_gauge_free_metric():
    base = RNG.uniform(1, 2, 40)
    arms = {"baseline": base, ablate(Head(27, 11)): base + 1 + 0.1 * RNG.normal(size=40)}
    written, in_a_basis = (
        raises(Metric(name, late=30), by=ablate(Head(27, 11)), wording="causal") for name in ("r_v_written", "r_v")
    )

    assert outcome(written, arms, receipt=DELIVERED) == "SUPPORTED"
    assert outcome(written, arms) == "INVALID"
    assert outcome(in_a_basis, arms, receipt=DELIVERED) == "INVALID"


def test_the_order_of_examples_never_changes_a_figure():
    from causal_claims.judging.judge import judge
    from causal_claims.measurements import Measurement

    base = RNG.normal(size=50)
    arms = {"baseline": base, "ablate(L0.H0)": base + RNG.lognormal(size=50)}
    claim = raises(M, by=H[0])
    found = []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(50)
        ids = tuple(f"e{i:02d}" for i in order)
        found.append(
            judge(
                claim,
                {
                    c: Measurement("t", "x", c.condition_spelling, ids, ids, arms[c.condition_spelling][order])
                    for c in claim.cells
                },
            ).evidence.decision
        )

    assert found[0] == found[1] == found[2]
