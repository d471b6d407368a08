"""Each kind comes out SUPPORTED, REFUTED and INCONCLUSIVE where the rule table says so."""

import numpy as np
import pytest
from causal_claims import (
    Head,
    Metric,
    ablate,
    above,
    agrees,
    beats,
    below,
    correlates,
    counts,
    dose,
    effect,
    enriched,
    exactly,
    heads,
    interacts,
    level,
    lowers,
    negligible,
    patch,
    raises,
    ranks,
    recovers,
    replicates,
    specific,
    strongest,
)  # fmt: skip
from made import DELIVERED, outcome, verdict

M = Metric("x")
N = 60
RNG = np.random.default_rng(0)
BASE = RNG.normal(size=N)
H = [ablate(head) for head in heads(0, range(40))]


def arm(effect_size, sd=0.3, seed=0, base=BASE):
    return base + effect_size + sd * np.random.default_rng([seed, 7]).normal(size=len(base))


def arms(*effects, sd=0.3):
    return {"baseline": BASE, **{H[i]: arm(e, sd, seed=i) for i, e in enumerate(effects)}}


@pytest.mark.parametrize(
    ("size", "sd", "expected"),
    [(1.0, 0.3, "SUPPORTED"), (0.1, 0.3, "REFUTED"), (0.5, 1.5, "INCONCLUSIVE"), (-1, 0.3, "REFUTED")],
)
def test_raises_beyond_a_margin(size, sd, expected):
    assert outcome(raises(M, by=H[0], beyond=0.5), arms(size, sd=sd)) == expected


@pytest.mark.parametrize(("size", "expected"), [(-1.0, "SUPPORTED"), (-0.1, "REFUTED"), (1.0, "REFUTED")])
def test_lowers_beyond_a_margin_in_its_own_direction(size, expected):
    assert outcome(lowers(M, by=H[0], beyond=0.5), arms(size)) == expected


def test_an_effect_that_is_real_but_below_the_smallest_of_interest_is_refuted_and_says_so():
    found = verdict(raises(M, by=H[0], smallest=0.5), arms(0.2, sd=0.1))

    assert found.outcome == "REFUTED"
    assert "real but too small" in found.reason
    assert found.evidence.decision.ci_low > 0


def test_mere_non_significance_is_never_refuted():
    assert outcome(raises(M, by=H[0]), arms(0.0, sd=2.0)) == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("rate", "bound", "expected"), [(0.9, 0.6, "SUPPORTED"), (0.1, 0.6, "REFUTED"), (0.6, 0.6, "INCONCLUSIVE")]
)
def test_a_level_of_zeros_and_ones_is_bounded_by_the_exact_binomial(rate, bound, expected):
    values = {"baseline": (np.arange(N) < rate * N).astype(float)}
    found = verdict(above(M, bound), values)

    assert found.outcome == expected
    assert found.evidence.decision.method == "Clopper-Pearson"
    assert outcome(below(M, 1 - bound), {"baseline": 1 - values["baseline"]}) == expected


@pytest.mark.parametrize(
    ("size", "sd", "expected"),
    [(0.0, 0.2, "SUPPORTED"), (1.0, 0.2, "REFUTED"), (0.45, 0.3, "INCONCLUSIVE"), (0, 3, "INCONCLUSIVE")],
)
def test_negligible_is_shown_by_equivalence_and_not_by_absence_of_significance(size, sd, expected):
    assert outcome(negligible(M, by=H[0], within=0.5), arms(size, sd=sd)) == expected


def test_negligible_each_needs_all_and_names_the_one_that_is_not():
    all_small, one_large = arms(*[0.0] * 8), arms(*[0.0] * 7, 1.5)
    claim = negligible(M, each=H[:8], within=0.4)
    refuted = verdict(claim, one_large)

    assert outcome(claim, all_small) == "SUPPORTED"
    assert refuted.outcome == "REFUTED"
    assert "ablate(L0.H7)" in refuted.reason
    assert [str(part.outcome) for part in refuted.evidence.decision.parts] == ["SUPPORTED"] * 7 + ["REFUTED"]


def test_strongest_beats_every_other_or_is_beaten():
    claim = strongest(M, by=H[0], among=H[:8])

    assert outcome(claim, arms(2.0, *[0.5] * 7)) == "SUPPORTED"
    assert outcome(claim, arms(0.5, 2.0, *[0.5] * 6)) == "REFUTED"
    assert outcome(claim, arms(*[0.5] * 8)) == "INCONCLUSIVE"


def test_strongest_downwards_is_declared():
    assert outcome(strongest(M, by=H[0], among=H[:4], way="lowers"), arms(-2.0, 0, 0, 1.0)) == "SUPPORTED"


def test_ranks_hold_step_by_step():
    claim = ranks(M, order=H[:3])

    assert outcome(claim, arms(2, 1, 0)) == "SUPPORTED"
    assert outcome(claim, arms(1, 2, 0)) == "REFUTED"
    assert outcome(claim, arms(1, 1, 0)) == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ((1, 1, 1, 0, 0), "SUPPORTED"),
        ((1, 1, 0, 0, 0), "REFUTED"),
        ((1, 1, 1, 1, 0), "REFUTED"),
        ((1, 1, 0.5, 0, 0), "INCONCLUSIVE"),
    ],
)
def test_counts_by_the_simultaneous_band(effects, expected):
    assert outcome(counts(M, each=H[:5], beyond=0.5, equals=3), arms(*effects)) == expected


def test_beats_needs_the_rank_and_the_interval():
    target, sets = H[0], H[1:40]
    claim = beats(M, by=target, against=sets, way="raises")
    spread = 0.1 * np.random.default_rng(5).normal(size=39)

    assert outcome(claim, arms(2.0, *spread)) == "SUPPORTED"
    assert outcome(claim, arms(-0.5, *spread)) == "REFUTED"


def test_beats_with_too_few_sets_says_that_no_p_could_be_small_enough():
    found = verdict(beats(M, by=H[0], against=H[1:11], way="raises"), arms(2.0, *[0.0] * 10))

    assert found.outcome == "INCONCLUSIVE"
    assert "p-floor" in found.reason
    assert found.evidence.decision.p_floor == pytest.approx(2 / 11)


def test_dose_by_slope_and_monotone_as_a_claim_of_its_own():
    at = dict(zip((1, 2, 5, 10, 20), H, strict=False))
    rising, hump = arms(0.1, 0.5, 0.9, 1.5, 2.0), arms(0.1, 1.0, 2.0, 1.0, 0.1)

    assert outcome(dose(M, at=at, way="raises"), rising) == "SUPPORTED"
    assert outcome(dose(M, at=at, way="lowers"), rising) == "REFUTED"
    assert outcome(dose(M, at=at, way="raises", monotone=True), rising) == "SUPPORTED"
    assert outcome(dose(M, at=at, way="raises", monotone=True), hump) == "REFUTED"


@pytest.mark.parametrize(("fraction", "expected"), [(0.65, "SUPPORTED"), (0.3, "REFUTED"), (0.95, "REFUTED")])
def test_recovery_within_a_band(fraction, expected):
    zero, patched = H[0], H[0] + patch(Head(0, 0), source="clean")
    whole = 1 + 0.2 * np.random.default_rng(3).normal(size=N)
    values = {
        "baseline": BASE,
        zero: BASE + whole,
        patched: BASE + (1 - fraction) * whole + 0.05 * np.random.default_rng(4).normal(size=N),
    }
    claim = recovers(effect(M, by=zero) - effect(M, by=patched), of=effect(M, by=zero), between=(0.5, 0.8))
    found = verdict(claim, values)

    assert found.outcome == expected
    assert found.evidence.decision.effect == pytest.approx(fraction, abs=0.03)
    assert found.evidence.decision.ci_low < fraction < found.evidence.decision.ci_high


def test_recovery_of_a_whole_that_may_be_zero_is_undefined():
    values = {"baseline": BASE, H[0]: arm(0.0, 1.0), H[1]: arm(0.3, seed=2)}
    found = verdict(recovers(effect(M, by=H[1]), of=effect(M, by=H[0]), at_least=0.5), values)

    assert found.outcome == "INCONCLUSIVE"
    assert "undefined" in found.reason
    assert found.evidence.decision.effect is None


@pytest.mark.parametrize(("joint_effect", "expected"), [(3.0, "SUPPORTED"), (2.0, "INCONCLUSIVE"), (1.0, "REFUTED")])
def test_interaction_is_joint_minus_the_sum_of_singles(joint_effect, expected):
    values = {**arms(1.0, 1.0), H[0] + H[1]: arm(joint_effect, seed=9)}

    assert outcome(interacts(M, parts=H[:2]), values) == expected


def test_specific_compares_effects_and_never_two_verdicts():
    here, there = M.on("a"), M.on("b")
    other = np.random.default_rng(8).normal(size=80)
    values = {
        "baseline on a": BASE,
        "ablate(L0.H0) on a": arm(1.0),
        "baseline on b": other,
        "ablate(L0.H0) on b": arm(0.2, base=other, seed=4),
    }
    claim = specific(effect(here, by=H[0]), effect(there, by=H[0]), beyond=0.5)
    found = verdict(claim, values)

    assert found.outcome == "SUPPORTED"
    assert "independent sets (n = 60, 80)" in found.evidence.decision.method
    assert outcome(specific(effect(there, by=H[0]), effect(here, by=H[0])), values) == "REFUTED"


@pytest.mark.parametrize(("gap", "expected"), [(0.0, "SUPPORTED"), (1.0, "REFUTED"), (0.3, "INCONCLUSIVE")])
def test_agreement_of_two_modes(gap, expected):
    assert outcome(agrees(effect(M, by=H[0]), effect(M, by=H[1]), within=0.3), arms(1.0, 1.0 + gap)) == expected


@pytest.mark.parametrize(("sign", "expected"), [(1, "SUPPORTED"), (-1, "REFUTED")])
def test_a_screening_score_goes_with_the_effect_over_heads(sign, expected):
    sizes = np.linspace(-1, 1, 20)
    scores = [level(Metric("score", head=i)) for i in range(20)]
    claim = correlates(scores, [effect(M, by=h) for h in H[:20]])
    values = arms(*sizes)
    cells = dict.fromkeys(claim.cells)
    from causal_claims.judging.judge import judge
    from causal_claims.measurements import Measurement

    ids = tuple(f"e{i}" for i in range(N))
    for cell in cells:
        if cell.metric.name == "score":
            numbers = sign * sizes[dict(cell.metric.options)["head"]] + 0.1 * RNG.normal(size=N)
        else:
            numbers = values["baseline"] if not cell.condition.steps else values[cell.condition]
        cells[cell] = Measurement("toy", str(cell.metric), cell.condition_spelling, ids, ids, numbers)
    found = judge(claim, cells)

    assert found.outcome == expected
    assert found.evidence.decision.n_unit == "head"
    assert found.evidence.level == "descriptive"


def test_a_token_set_is_enriched_or_not():
    numbers = np.random.default_rng(2).normal(size=200)
    numbers[:20] += 2
    high, random = [f"e{i:05d}" for i in range(20)], [f"e{i:05d}" for i in range(100, 130)]

    assert outcome(enriched(M, members=high), {"baseline": numbers}) == "SUPPORTED"
    assert outcome(enriched(M, members=random, beyond=0.75), {"baseline": numbers}) == "REFUTED"


@pytest.mark.parametrize(("reported", "expected"), [(1.02, "SUPPORTED"), (9.0, "REFUTED"), (-1.0, "REFUTED")])
def test_a_reported_figure_is_replicated_by_prediction_interval(reported, expected):
    found = verdict(replicates(M, by=H[0], reported=reported, reported_n=20), arms(1.0))

    assert found.outcome == expected
    assert found.evidence.decision.companions["ratio"] == pytest.approx(found.evidence.decision.effect / reported)


def test_a_replication_is_not_refuted_because_point_estimates_differ():
    assert outcome(replicates(M, by=H[0], reported=1.3, reported_n=5), arms(1.0, sd=0.5)) == "SUPPORTED"


def test_exactly_is_equality_and_not_statistics():
    same = exactly(effect(M, by=H[0]))

    assert outcome(same, {"baseline": BASE, H[0]: BASE}, receipt=DELIVERED) == "SUPPORTED"
    assert outcome(same, {"baseline": BASE, H[0]: BASE + 1e-12}) == "REFUTED"


@pytest.mark.parametrize(("b", "c", "expected"), [(30, 2, "SUPPORTED"), (3, 2, "INCONCLUSIVE")])
def test_zeros_and_ones_are_decided_by_the_exact_paired_rule(b, c, expected):
    before, after = np.zeros(60), np.zeros(60)
    after[:b] = 1
    before[b : b + c] = 1
    found = verdict(raises(M, by=H[0]), {"baseline": before, H[0]: after})

    assert found.outcome == expected
    assert "McNemar" in found.evidence.decision.method
    assert found.evidence.decision.effect == pytest.approx((b - c) / 60)
