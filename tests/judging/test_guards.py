"""Each guard fires where it must and stays silent where it must not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from causal_claims import (
    Behaviour,
    ClaimsError,
    Head,
    Metric,
    Resid,
    VSlice,
    ablate,
    above,
    delete_v_slice,
    exactly,
    level,
    lowers,
    metric,
    negligible,
    patch,
    raises,
    replicates,
    strongest,
)  # fmt: skip
from causal_claims.judging.arms import norm_twins
from causal_claims.judging.judge import judge
from causal_claims.measurements import Measurement, Receipt
from causal_claims.models import ModelSpec
from causal_claims.sites import Point, Stage
from made import DELIVERED, X, arms, head, verdict

GROUPED = ModelSpec("m", "mistral", "a/b", layers=4, heads=8, kv_heads=2)


@metric(low=0, high=1, reads=Point(2, Stage.Z))
def judging_share(run):
    return run


@metric(gauge_free=False, reads=Point(3, Stage.RESID_POST))
def judging_gauge(run):
    return run


SHARE, GAUGE = Metric("judging_share"), Metric("judging_gauge")


def fired(found):
    return {guard.name for guard in found.evidence.guards if guard.fired}


def unit_arms(by):
    return {"baseline": np.linspace(0.1, 0.3, 20), str(by): np.linspace(0.5, 0.9, 20) ** 1.5}


def test_a_write_after_every_read_has_no_causal_path():
    by = ablate(Head(3, 0))
    found = verdict(raises(SHARE, by=by), unit_arms(by))

    assert found.outcome == "INVALID"
    assert found.reason.startswith("no causal path: ")


def test_a_write_before_a_read_has_a_causal_path():
    by = ablate(Head(1, 0))

    assert verdict(raises(SHARE, by=by), unit_arms(by)).outcome == "SUPPORTED"


def test_a_metric_that_reads_what_is_written_measures_what_it_edits():
    by = ablate(Head(2, 0))

    assert verdict(raises(SHARE, by=by), unit_arms(by)).reason.startswith("measures what it edits: ")


@pytest.mark.parametrize("claim", [
    lambda by: replicates(SHARE, by=by, reported=0.37),
    lambda by: raises(SHARE, by=by, wording="descriptive"),
], ids=["replicates", "descriptive"])  # fmt: skip
def test_a_figure_may_be_reproduced_by_a_procedure_that_can_carry_no_cause(claim):
    by = ablate(Head(3, 0))
    found = verdict(claim(by), unit_arms(by))

    assert not fired(found)
    assert found.outcome == "SUPPORTED"


def test_a_slice_of_a_grouped_v_proj_is_a_pseudo_head():
    by = delete_v_slice(VSlice(0, 3))
    data = {"baseline": arms(20)["baseline"], str(by): arms(20, h0=1)["ablate(L0.H0)"]}

    assert verdict(raises(X, by=by), data, spec=GROUPED).reason.startswith("pseudo-head: L0.V3of32 is no head")
    assert "pseudo-head" not in fired(verdict(raises(X, by=by, wording="descriptive"), data, spec=GROUPED))


def test_heads_picked_on_the_judging_examples_need_a_kind_that_corrects():
    over = X.on("plain")
    data = {f"{k} on plain": v for k, v in arms(40, h0=1, h1=0).items()}

    assert fired(verdict(raises(over, by=head(0), picked_on="plain"), data)) == {"selection"}
    assert not fired(verdict(raises(over, by=head(0), picked_on="others"), data))
    assert not fired(verdict(strongest(over, by=head(0), among=[head(1)], picked="after", picked_on="plain"), data))
    assert fired(verdict(strongest(over, by=head(0), among=[head(1)], picked_on="plain"), data)) == {"selection"}


def test_a_causal_wording_needs_a_basis_free_metric():
    by = ablate(Head(1, 0))

    assert fired(verdict(raises(GAUGE, by=by, wording="causal"), unit_arms(by))) == {"wording"}
    assert not fired(verdict(raises(GAUGE, by=by), unit_arms(by)))


def test_recorded_numbers_without_receipts_carry_no_causal_wording():
    assert verdict(raises(X, by=head(0)), arms(40, h0=1)).evidence.level == "descriptive"
    assert verdict(raises(X, by=head(0)), arms(40, h0=1), receipt=DELIVERED).evidence.level == "causal"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_uninformative(value):
    data = arms(40, h0=1)
    data["ablate(L0.H0)"][3] = value
    found = verdict(raises(X, by=head(0)), data)

    assert found.outcome == "INVALID"
    assert "uninformative: 1 of 40 values" in found.reason


def test_numbers_outside_the_declared_range_are_uninformative():
    by = ablate(Head(1, 0))
    data = unit_arms(by)
    data[str(by)][0] = 1.5

    assert "outside the declared range [0, 1]" in verdict(raises(SHARE, by=by), data).reason


def test_a_metric_without_variance_is_uninformative():
    assert "no variance" in verdict(raises(X, by=head(0)), {"baseline": [0.3] * 20, "ablate(L0.H0)": [0.3] * 20}).reason


def test_one_constant_arm_is_a_stuck_metric_unless_it_counts():
    data = arms(20)
    stuck = verdict(raises(X, by=head(0)), {**data, "ablate(L0.H0)": [0.7] * 20})
    counted = verdict(raises(X, by=head(0)), {"baseline": [0, 1] * 10, "ablate(L0.H0)": [1] * 20})

    assert "the metric is stuck" in stuck.reason
    assert counted.outcome == "SUPPORTED"


def test_identical_arms_need_a_receipt():
    data = arms(40)
    data["ablate(L0.H0)"] = data["baseline"].copy()
    claim = negligible(X, by=head(0), within=0.3)

    assert "identical arms without a receipt" in verdict(claim, data).reason
    assert verdict(claim, data, receipt=DELIVERED).outcome == "INCONCLUSIVE"


def test_identical_figures_under_two_names_are_uninformative():
    data = arms(40, h0=1)
    data["ablate(L0.H1)"] = data["ablate(L0.H0)"].copy()

    assert (
        "identical figures for different interventions"
        in verdict(strongest(X, by=head(0), among=[head(1)]), data).reason
    )
    assert verdict(exactly(level(X, under=head(0)) - level(X, under=head(1))), data).outcome == "SUPPORTED"


@pytest.mark.parametrize(
    ("off", "shift", "refused"), [(1e-8, 1.0, True), (1e-8, 1e-3, True), (1e-3, 1.0, False), (1e-8, 1e-8, False)]
)
def test_one_run_under_two_names_is_seen_through_rounding(off, shift, refused):
    """Runs in other batches round otherwise.  Two effects that are rounding themselves are no one run."""
    base = arms(40)["baseline"]
    noise = np.random.default_rng(1).normal(size=(2, 40))
    data = {"baseline": base, "ablate(L0.H0)": base + shift * (1 + noise[0])}
    data["ablate(L0.H1)"] = data["ablate(L0.H0)"] + off * noise[1]
    found = verdict(strongest(X, by=head(0), among=[head(1)]), data, receipt=DELIVERED)

    assert ("but for rounding" in found.reason) is refused


def test_a_precondition_may_be_met_on_every_example():
    able = Behaviour(level(Metric("right")), above=0.5)
    data = {**{f"x: {name}": values for name, values in arms(40, h0=1).items()}, "right: baseline": np.ones(40)}

    assert verdict(raises(X, by=head(0), given=able), data).outcome == "SUPPORTED"


@pytest.mark.parametrize(("n", "receipt", "refused"), [(40, DELIVERED, True), (3, None, True), (3, DELIVERED, False)])
def test_few_identical_figures_of_delivered_interventions_are_chance(n, receipt, refused):
    data = arms(n, h0=1)
    data["ablate(L0.H1)"] = data["ablate(L0.H0)"].copy()
    found = verdict(strongest(X, by=head(0), among=[head(1)]), data, receipt=receipt)

    assert ("identical figures" in found.reason) is refused


@pytest.mark.parametrize(("receipt", "word"), [
    (Receipt(("L0.H0",), 9, 10, 1.0, True), "fired 9 times"),
    (Receipt(("L0.H0",), 10, 10, 0.0, True), "changed nothing"),
    (Receipt(("L0.H0",), 10, 10, math.nan, True), "changed nothing"),
    (Receipt(("L0.H0",), 10, 10, 1.0, False), "not removed"),
], ids=["too few", "nothing", "nan", "left"])  # fmt: skip
def test_an_intervention_that_was_not_delivered_is_invalid(receipt, word):
    found = verdict(raises(X, by=head(0)), arms(40, h0=1), receipt=receipt)

    assert found.outcome == "INVALID"
    assert word in found.reason


def test_duplicated_prompts_count_once():
    data = {name: np.tile(values, 5) for name, values in arms(10, h0=0.4, sd=0.6).items()}
    found = verdict(raises(X, by=head(0)), data)

    assert found.evidence.decision.n == 10
    assert found.evidence.decision.n_unit == "cluster"
    assert any("10 distinct examples" in guard.sentence for guard in found.evidence.guards)


def test_seeds_of_a_deterministic_run_add_no_n():
    data = {name: np.tile(values, 100) for name, values in arms(4, h0=1, sd=0.2).items()}

    assert verdict(raises(X, by=head(0)), data).outcome == "INCONCLUSIVE"


def test_rows_of_a_cluster_count_once():
    data = arms(60, h0=0.4, sd=0.6)
    found = verdict(raises(X, by=head(0)), data, clusters=[f"d{i // 10}" for i in range(60)])

    assert found.evidence.decision.n == 6
    assert found.outcome == "INCONCLUSIVE"


def test_rows_that_agree_by_coarse_rounding_are_not_joined():
    data = {name: np.round(values, 1) for name, values in arms(200, h0=1).items()}

    assert verdict(raises(X, by=head(0)), data).evidence.decision.n == 200


@pytest.mark.parametrize("n", [1, 2, 7])
def test_fewer_than_eight_examples_decide_nothing(n):
    found = verdict(raises(X, by=head(0)), arms(n, h0=50))

    assert found.outcome in ("INCONCLUSIVE", "INVALID")
    assert verdict(raises(X, by=head(0)), arms(8, h0=50)).outcome == "SUPPORTED"


def test_a_behaviour_that_is_absent_is_not_run_and_never_refuted():
    able = Metric("accuracy_by_hand")
    claim = raises(X, by=head(0), given=Behaviour(level(able), above=0.5))
    data = {f"x: {name}": values for name, values in arms(40, h0=-1).items()}
    cannot = verdict(claim, {**data, "accuracy_by_hand: baseline": [0, 1, 0, 0] * 10})
    can = verdict(claim, {**data, "accuracy_by_hand: baseline": [1, 1, 1, 1, 0] * 8})

    assert cannot.outcome == "NOT RUN"
    assert "behaviour absent" in cannot.reason
    assert can.outcome == "REFUTED"


@pytest.mark.parametrize(("first", "second", "outcome"), [(1, 1, "SUPPORTED"), (1, 0, "NOT RUN"), (0, 1, "NOT RUN")])
def test_of_several_preconditions_each_must_be_met(first, second, outcome):
    abilities = {"one_by_hand": first, "another_by_hand": second}
    given = tuple(Behaviour(level(Metric(name)), above=0.5) for name in abilities)
    data = {f"x: {name}": values for name, values in arms(40, h0=1).items()}
    found = {f"{name}: baseline": [there, there, there, 1 - there] * 10 for name, there in abilities.items()}

    assert verdict(raises(X, by=head(0), given=given), {**data, **found}).outcome == outcome


def test_an_effect_within_the_noise_floor_of_its_margin_is_invalid():
    claim = raises(X, by=head(0), beyond=0.5)

    assert fired(verdict(claim, arms(60, h0=1), noise=10.0)) == {"numerics"}
    assert not fired(verdict(claim, arms(60, h0=1), noise=0.001))


def test_a_patch_of_a_later_layer_cannot_reach_an_earlier_read():
    by = patch(Resid(3, "post"))

    assert verdict(lowers(SHARE, by=by), unit_arms(by)).reason.startswith("no causal path")


def test_a_head_that_the_model_does_not_have_is_refused():
    with pytest.raises(ClaimsError, match=r"L0\.H9 is out of range: m has 8 query heads a layer, 0 to 7"):
        verdict(raises(X, by=head(9)), arms(20, h9=1), spec=GROUPED)


def test_a_causal_wording_needs_receipts():
    claim = raises(X, by=head(0), wording="causal")

    assert fired(verdict(claim, arms(40, h0=1))) == {"wording"}
    assert verdict(claim, arms(40, h0=1), receipt=DELIVERED).outcome == "SUPPORTED"


def test_all_zero_differences_with_a_receipt_have_the_exact_interval_and_never_one_of_zero_width():
    accuracy = (np.arange(40) % 2).astype(float)
    data = {"baseline": accuracy, "ablate(L0.H0)": accuracy}
    found = verdict(negligible(X, by=head(0), within=0.2), data, receipt=DELIVERED)

    assert found.outcome == "SUPPORTED"
    assert found.evidence.decision.ci_high == pytest.approx(1 - 0.025 ** (1 / 40))
    assert verdict(negligible(X, by=head(0), within=0.05), data, receipt=DELIVERED).outcome == "INCONCLUSIVE"


def test_a_baseline_claim_needs_no_intervention_guard():
    assert not fired(verdict(above(X, -5), {"baseline": arms(40)["baseline"]}))


LEAD = Metric("logit_diff")
WINDOW = [Resid(layer) for layer in (1, 2)]


def test_a_whole_stream_written_over_is_another_prompts_run():
    by = patch(WINDOW, source="corrupt")
    found = verdict(raises(LEAD, by=by), unit_arms(by))

    assert found.reason.startswith("another run: patch(L1.resid_post, L2.resid_post) writes all of L1.resid_post over")
    assert not fired(verdict(raises(LEAD, by=by, wording="descriptive"), unit_arms(by)))


@pytest.mark.parametrize("by", [patch(WINDOW, at="last"), patch(WINDOW, source="clean"), patch(Head(1, 0))], ids=str)
def test_a_part_of_the_stream_is_a_place(by):
    assert "another run" not in fired(verdict(raises(LEAD, by=by), unit_arms(by)))


def test_what_is_read_after_padding_is_no_answer():
    by = ablate(Head(0, 0))
    late = {"read_after_padding": "18 of 20 prompts end in padding, first 'a'"}
    found = verdict(raises(LEAD, by=by), unit_arms(by), facts=late)

    assert found.reason.startswith("read position: ")
    assert not fired(verdict(raises(LEAD, by=by, wording="descriptive"), unit_arms(by), facts=late))


@pytest.mark.parametrize(("kept", "spread", "outcome"), [
    (0.9, 0.1, "SUPPORTED"), (0.0, 0.1, "INVALID"), (0.3, 3.0, "INCONCLUSIVE"),
], ids=["speaks", "is loud", "open"])  # fmt: skip
def test_a_head_that_could_be_only_loud_is_not_supported(kept, spread, outcome):
    claim = raises(LEAD, by=ablate(Head(0, 0)), beyond=0.1)
    draw = np.random.default_rng(3)
    base = draw.normal(size=40)
    [twins] = norm_twins(claim).values()
    arms = {
        "baseline": base,
        "ablate(L0.H0)": base + 1 + 0.1 * draw.normal(size=40),
        **{str(twin.condition): base + kept + spread * draw.normal(size=40) for twin in twins},
    }
    ids = tuple(f"e{i:02d}" for i in range(40))
    cells = {
        cell: Measurement("toy", "logit_diff", str(cell.condition), ids, ids, arms[str(cell.condition)])
        for cell in (*claim.cells, *twins)
    }
    own = {cell: found for cell, found in cells.items() if cell not in twins}

    assert judge(claim, own, twins={twin: cells[twin] for twin in twins}).outcome == outcome


def test_what_a_random_direction_says_is_no_part_of_the_norms_control():
    """One random write would hide the head; it and its opposite together leave what the norm does."""
    claim = raises(LEAD, by=ablate(Head(0, 0)), beyond=0.1)
    draw = np.random.default_rng(3)
    base, said = draw.normal(size=40), 3 * draw.normal(size=40)
    [(there, back)] = norm_twins(claim).values()
    arms = {
        "baseline": base,
        "ablate(L0.H0)": base + 1 + 0.1 * draw.normal(size=40),
        str(there.condition): base + 0.9 + said + 0.1 * draw.normal(size=40),
        str(back.condition): base + 0.9 - said + 0.1 * draw.normal(size=40),
    }
    ids = tuple(f"e{i:02d}" for i in range(40))
    cells = {
        cell: Measurement("toy", "logit_diff", str(cell.condition), ids, ids, arms[str(cell.condition)])
        for cell in (*claim.cells, there, back)
    }
    own = {cell: cells[cell] for cell in claim.cells}

    assert judge(claim, own, twins={cell: cells[cell] for cell in (there, back)}).outcome == "SUPPORTED"
