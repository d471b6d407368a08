"""Several sets of examples judged as one sample, and the guards of heads that were picked."""

import numpy as np
import pytest
from causal_claims import ClaimsError, Head, Metric, ablate, agrees, beats, dose, effect, lowers, pooled
from causal_claims.claims.claim import Claim
from causal_claims.examples import Example, example_set
from causal_claims.judging.judge import judge
from causal_claims.measurements import Measurement, Receipt
from causal_claims.verdicts import Outcome, Verdict

A, B = Metric("value_match", over="pool/a"), Metric("value_match", over="pool/b")
H = [ablate(Head(0, i)) for i in range(60)]


@example_set("pool/a")
def _a() -> list[Example]:
    return [Example(f"a{i}", "x") for i in range(30)]


@example_set("pool/b")
def _b() -> list[Example]:
    return [Example(f"b{i}", "x") for i in range(10)]


@example_set("pool/picked")
def _picked() -> list[Example]:
    return [Example(f"b{i}", "x") for i in range(8, 12)]


RECEIPT = Receipt(("L0.H0 -> o_proj columns 0:8",), 10, 10, 1.0, True)


def both(one: int, other: int, label: str = "both"):
    return pooled([effect(A, by=H[one]), effect(B, by=H[other])], label=label)


def decided(claim: Claim, right: dict[tuple[str, int | None], int]) -> Verdict:
    """`right[set, head]`: how many of the set's examples are right without that head; None is the baseline."""
    cells = {}
    for cell in claim.cells:
        name = str(cell.metric.over)[-1]
        n = 30 if name == "a" else 10
        head = cell.condition.sites[0].index if cell.condition.steps else None
        receipt = RECEIPT if cell.condition.steps else None
        ids = tuple(f"{name}{i}" for i in range(n))
        values = (np.arange(n) < right[name, head]).astype(float)
        cells[cell] = Measurement("toy", str(cell.metric), cell.condition_spelling, ids, ids, values, receipt)
    return judge(claim, cells)


def test_every_example_counts_alike_under_its_own_sets_intervention():
    found = decided(lowers(both(1, 2)), {("a", None): 30, ("b", None): 10, ("a", 1): 10, ("b", 2): 10})
    assert found.evidence.decision.effect == -20 / 40
    assert found.evidence.decision.n == 40
    assert found.evidence.decision.method.startswith("Fay-Lumbard")
    assert found.outcome is Outcome.SUPPORTED


def test_a_set_without_variance_is_no_fault_where_all_sets_vary_together():
    found = decided(lowers(both(1, 2)), {("a", None): 30, ("b", None): 10, ("a", 1): 5, ("b", 2): 10})
    assert found.outcome is Outcome.SUPPORTED


def test_a_set_on_which_two_effects_are_the_same_counts_as_no_difference():
    claim = agrees(both(1, 2), both(3, 2, "other"), within=0.6)
    found = decided(claim, {("a", None): 30, ("b", None): 10, ("a", 1): 20, ("a", 3): 26, ("b", 2): 4})
    assert found.evidence.decision.n == 40
    assert found.evidence.decision.effect == pytest.approx(-6 / 40)


def test_random_sets_and_doses_may_be_pooled_effects():
    right = {("a", None): 30, ("b", None): 10, ("a", 1): 2, ("b", 2): 1} | {
        (s, i): 9 for s in "ab" for i in range(3, 60)
    }
    claim = beats(both(1, 2), against=[both(i, i, f"draw {i}") for i in range(3, 43)])
    assert decided(claim, right).outcome is Outcome.SUPPORTED
    curve = {1: both(3, 3, "1"), 2: both(4, 4, "2"), 5: both(1, 2, "5")}
    assert decided(dose(at=curve), {**right, ("a", 3): 29, ("a", 4): 20}).outcome is Outcome.SUPPORTED


def test_the_same_set_twice_is_refused():
    with pytest.raises(ClaimsError, match="each set once"):
        pooled([effect(A, by=H[1]), effect(A, by=H[2])], label="twice")


def test_a_list_that_is_too_short_makes_another_intervention():
    right = {("b", None): 10, ("b", 1): 1}
    assert decided(lowers(B, by=H[1], asked=1), right).outcome is Outcome.SUPPORTED
    found = decided(lowers(B, by=H[1], asked=20), right)
    assert found.outcome is Outcome.INVALID
    assert "20 heads are asked for, and 1 are ablated" in found.reason


def test_heads_picked_on_some_of_the_judging_documents_are_a_leak():
    right = {("b", None): 10, ("b", 1): 1}
    found = decided(lowers(B, by=H[1], picked_on="pool/picked"), right)
    assert found.outcome is Outcome.INVALID
    assert "has 2 of the 10 units of 'pool/b'" in found.reason
    assert decided(lowers(B, by=H[1], picked_on="pool/a"), right).outcome is Outcome.SUPPORTED
