"""`raises`, `lowers`: an effect beyond a margin, in a declared direction; `above`, `below`: a level against a bound."""

from dataclasses import dataclass
from typing import Unpack

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.effects import Effect, as_effect
from causal_claims.claims.estimate import Estimate
from causal_claims.claims.kinds.deciding import decision, superiority, undecided
from causal_claims.claims.kinds.directed import Beyond
from causal_claims.claims.kinds.of_one import OfOne
from causal_claims.claims.kinds.settings import figure, level_of, margin
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.verdicts import Decision, Outcome, number


@dataclass(frozen=True)
class Superiority(OfOne, Beyond):
    kind: str  # "raises" or "lowers": one rule, two directions
    what: Effect
    beyond: float
    smallest: float | None

    @property
    def way(self) -> str:  # type: ignore[override]
        return self.kind

    def subject(self) -> str:
        return f"{self.kind} {self.what.label}"

    def design(self) -> dict[str, object]:
        return {}

    def on(self, found: Estimate) -> Decision:
        return superiority(found, self.beyond, self.sign, self.smallest)


def raises(
    what: Metric | Effect,
    *,
    by: Intervention | None = None,
    beyond: float = 0.0,
    smallest: float | None = None,
    **about: Unpack[About],
) -> Claim:
    """The intervention raises the metric by more than `beyond`.

    With `beyond=0`, `smallest` is the least effect of interest: an interval inside ±smallest refutes the claim.
    """
    return _superiority("raises", what, by, beyond, smallest, about)


def lowers(
    what: Metric | Effect,
    *,
    by: Intervention | None = None,
    beyond: float = 0.0,
    smallest: float | None = None,
    **about: Unpack[About],
) -> Claim:
    """The intervention lowers the metric by more than `beyond`, a margin that is not negative."""
    return _superiority("lowers", what, by, beyond, smallest, about)


def _superiority(
    kind: str, what: Metric | Effect, by: Intervention | None, beyond: float, smallest: float | None, about: About
) -> Claim:
    other = "lowers" if kind == "raises" else "raises"
    beyond = margin(beyond, kind, "beyond", f"for the other direction write {other}(..., beyond=...).")
    if smallest is not None:
        smallest = margin(smallest, kind, "smallest", "give the least effect of interest as a size.")
    return Claim(Superiority(kind, as_effect(what, by, kind), beyond, smallest), about)


@dataclass(frozen=True)
class Bound(OfOne):
    kind: str  # "above" or "below"
    what: Effect
    bound: float
    ceiling = "correlational"

    def subject(self) -> str:
        return f"{self.kind} {self.what.label}"

    def needs(self) -> str:
        return f"{self.kind} {number(self.bound)}"

    def margin(self) -> float:
        return self.bound

    def on(self, found: Estimate) -> Decision:
        side = 1 if self.kind == "above" else -1
        if found.thin:
            return undecided(found, f"too thin: {found.thin}", found.effect - self.bound)
        toward = found.interval.scaled(side)
        if toward.low > side * self.bound:
            return decision(found, Outcome.SUPPORTED, f"the interval lies {self.needs()}")
        if toward.high < side * self.bound:
            return decision(found, Outcome.REFUTED, f"the interval does not reach {self.needs()}")
        return undecided(found, f"the interval reaches both sides of {number(self.bound)}", found.effect - self.bound)


def above(what: Metric | Effect, bound: float, **about: Unpack[About]) -> Claim:
    """The metric's own mean lies above `bound`."""
    return Claim(Bound("above", level_of(what, "above"), figure(bound, "above", "bound")), about)


def below(what: Metric | Effect, bound: float, **about: Unpack[About]) -> Claim:
    """The metric's own mean lies below `bound`."""
    return Claim(Bound("below", level_of(what, "below"), figure(bound, "below", "bound")), about)
