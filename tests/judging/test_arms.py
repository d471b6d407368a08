"""Arms that differ in more than the intervention, outcomes that count the prompt, and rows repeated in twin sets."""

import numpy as np
import pytest
from causal_claims import Head, Metric, ablate, above, effect, level, raises, ranks, recovers, specific, strongest
from causal_claims.claims.claim import Claim
from causal_claims.errors import ClaimsError
from causal_claims.judging.arms import norm_controls
from causal_claims.judging.judge import judge
from causal_claims.measurements import Measurement
from made import DELIVERED, outcome, verdict

H = ablate(Head(0, 0))
GREEDY, SAMPLED = Metric("keyword_count", tokens=30), Metric("keyword_count", tokens=30, temperature=1.0, top_p=0.9)
RNG = np.random.default_rng(7)
COUNTS = {"baseline": RNG.poisson(1.0, 60), H: RNG.poisson(4.0, 60)}


@pytest.mark.parametrize(
    "other", [SAMPLED, Metric("keyword_count", tokens=15), Metric("keyword_count", tokens=30, seed=1)]
)
def test_arms_that_are_generated_in_different_ways_are_invalid(other):
    found = verdict(raises(level(GREEDY, under=H) - level(other)), COUNTS, receipt=DELIVERED)
    assert found.outcome == "INVALID"
    assert found.reason.startswith("unequal arms: ")


def test_an_effect_at_one_length_against_another_length_is_a_fair_contrast():
    claim = specific(effect(GREEDY, by=H), effect(Metric("keyword_count", tokens=1), by=H), beyond=1)
    guard = next(one for one in verdict(claim, COUNTS, receipt=DELIVERED).evidence.guards if one.name == "unequal arms")
    assert not guard.fired


def test_a_share_of_a_level_is_no_pair_of_arms():
    assert (
        outcome(recovers(effect(GREEDY, by=H), of=level(GREEDY), at_least=0.5), COUNTS, receipt=DELIVERED)
        == "SUPPORTED"
    )


def attention(head: int) -> Metric:
    return Metric("delta_attention", layer=0, head=head, null="none")


def twins(claim: Claim, values: dict[str, np.ndarray]) -> object:
    """Judge a claim on two sets whose rows are paired by cluster."""
    cells = {}
    for cell in claim.cells:
        found = values[f"{cell.metric} on {cell.metric.over}"]
        ids = tuple(f"{cell.metric.over}-{i}" for i in range(len(found)))
        units = tuple(f"frame-{i}" for i in range(len(found)))
        cells[cell] = Measurement("toy", str(cell.metric), cell.condition_spelling, ids, units, found, None)
    return judge(claim, cells)


def test_rows_repeated_in_one_of_two_twin_sets_stay_paired():
    here, there = attention(1).on("thanks"), attention(1).on("plain")
    coarse = np.repeat(RNG.uniform(0.4, 0.6, 4), 10)  # a head that sees the word and its place, and nothing else
    claim = above(level(here) - level(there), 0.05)
    found = twins(claim, {f"{here} on thanks": coarse, f"{there} on plain": RNG.uniform(0.1, 0.2, 40)})
    assert (found.outcome, found.evidence.decision.n) == ("SUPPORTED", 40)


def test_rows_repeated_in_both_twin_sets_count_once():
    here, there = attention(1).on("thanks"), attention(1).on("plain")
    once = RNG.uniform(0.4, 0.6, 20)
    values = {f"{here} on thanks": np.repeat(once, 4), f"{there} on plain": np.repeat(once / 3, 4)}
    assert twins(above(level(here) - level(there), 0.05), values).evidence.decision.n == 20


@pytest.mark.parametrize(
    ("zeroed", "kept", "expected"),
    [
        (0.5, 0.48, "SUPPORTED"),
        (0.5, 0.05, "INVALID"),
        (0.5, 0.26, "INCONCLUSIVE"),
        (0.04, 0.01, "REFUTED"),
        (0.04, 0.3, "REFUTED"),
    ],
)
def test_an_effect_that_is_mostly_the_norms_bears_on_no_claim_unless_it_is_refuted_either_way(zeroed, kept, expected):
    claim = raises(Metric("logit_diff", over="facts"), by=H, beyond=0.1)
    cells, twins = claim.cells, norm_controls(claim)
    assert len(twins) == 2
    base = RNG.normal(0, 1, 60)

    def measured(cell, shift):
        ids = tuple(f"e{i}" for i in range(60))
        receipt = DELIVERED if cell.condition.steps else None
        values = base + (shift + RNG.normal(0, 0.1, 60) if cell.condition.steps else 0)
        return Measurement("toy", str(cell.metric), cell.condition_spelling, ids, ids, values, receipt)

    found = judge(
        claim,
        {cell: measured(cell, zeroed) for cell in cells},
        twins={twin: measured(twin, kept) for twin in twins},
    )
    assert found.outcome == expected
    guard = next(one for one in found.evidence.guards if one.name == "norm artefact")
    assert guard.fired == (expected in ("INVALID", "INCONCLUSIVE"))


def test_levels_can_be_strongest_and_ranked():
    levels = [level(attention(head).on("thanks")) for head in range(3)]
    base = RNG.uniform(0.1, 0.2, 40)
    values = {f"{attention(h)} on thanks": base + 0.2 * (2 - h) + RNG.normal(0, 0.01, 40) for h in range(3)}
    assert twins(strongest(levels[0], among=levels), values).outcome == "SUPPORTED"
    assert twins(strongest(levels[1], among=levels), values).outcome == "REFUTED"
    assert twins(ranks(order=levels), values).outcome == "SUPPORTED"
    assert twins(ranks(order=levels[::-1]), values).outcome == "REFUTED"


def test_levels_are_compared_with_levels_only():
    one = level(attention(0).on("thanks"))
    with pytest.raises(ClaimsError, match="an effect is compared with effects"):
        strongest(one, among=[H])
    with pytest.raises(ClaimsError, match="without a metric"):
        ranks(order=[H, ablate(Head(0, 1))])
    with pytest.raises(ClaimsError, match="there is no other"):
        strongest(one, among=[one])
