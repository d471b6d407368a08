"""`recovers`: one effect is a given fraction of another, e.g. of the damage that a patch takes back."""

from dataclasses import dataclass, replace
from typing import Unpack

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, told_apart
from causal_claims.claims.estimate import Estimate, estimate
from causal_claims.claims.kinds.deciding import decision, undecided
from causal_claims.claims.kinds.settings import check_effects, figure, pair
from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError
from causal_claims.statistics.ratio import fieller_hull, fieller_search
from causal_claims.verdicts import Decision, Outcome


@dataclass(frozen=True)
class Recovers(Rule):
    part: Effect
    of: Effect
    at_least: float
    at_most: float | None
    kind = "recovers"

    def effects(self) -> tuple[Effect, ...]:
        return (self.part, self.of)

    def subject(self) -> str:
        return "recovers " + " of ".join(told_apart(self.part, self.of))

    def needs(self) -> str:
        return (
            f"at least {self.at_least:g}" if self.at_most is None else f"between {self.at_least:g} and {self.at_most:g}"
        )

    def margin(self) -> float:
        return self.at_least

    def distance(self, effect: float) -> None:
        return None

    def decide(self, data: Data) -> Decision:
        """By the contrasts part - r * whole (Fieller); undefined while the whole may be zero."""
        den = estimate(data, self.of)
        sign = 1 if den.effect >= 0 else -1
        if den.thin or not den.interval.excludes(0.0):
            why = den.thin or "the interval of the whole contains 0"
            undefined = undecided(den, f"the fraction is undefined: {why}", None)
            return replace(undefined, effect=None, ci_low=None, ci_high=None)
        sides = [estimate(data, sign * self.contrast(self.at_least))]
        if self.at_most is not None:
            sides.append(estimate(data, -sign * self.contrast(self.at_most)))
        shown = self._fraction(data, den, sides[0])
        if thin := next((side.thin for side in sides if side.thin), None):
            return undecided(shown, f"too thin: {thin}", None)
        if all(side.interval.low > 0 for side in sides):
            return decision(shown, Outcome.SUPPORTED, f"the fraction lies {self.needs()}")
        if any(side.interval.high < 0 for side in sides):
            return decision(shown, Outcome.REFUTED, f"the fraction does not lie {self.needs()}")
        nearest = min((side.effect for side in sides), key=abs)
        return undecided(shown, f"the fraction's interval reaches across {self.needs()}", nearest)

    def contrast(self, r: float) -> Effect:
        return self.part - r * self.of if r else self.part

    def _fraction(self, data: Data, whole: Estimate, side: Estimate) -> Estimate:
        """The fraction with its interval: every r that part - r * whole does not exclude."""
        part = estimate(data, self.part).effect
        ratio = part / whole.effect
        if len(data.samples(self.contrast(0.5))) == 1:
            found = fieller_hull(data.sample(self.part).values, data.sample(self.of).values, data.confidence).interval
        else:
            found = fieller_search(lambda r: estimate(data, self.contrast(r)).interval, ratio, whole.effect)
        assert found is not None
        return replace(
            side, effect=ratio, interval=found, method=f"Fieller on the contrast; {side.method}", size=None, size_name=None,
            companions={"part": part, "whole": whole.effect},
        )  # fmt: skip


def recovers(
    part: Effect,
    *,
    of: Effect,
    at_least: float | None = None,
    between: tuple[float, float] | None = None,
    **about: Unpack[About],
) -> Claim:
    """`part` is at least a fraction of `of`, or a fraction between two bounds; ratio of means, never mean of ratios."""
    check_effects((part, of), "recovers", "give two effects, e.g. effect(M, by=zero) - effect(M, by=patched).")
    if (at_least is None) == (between is None):
        raise ClaimsError("recovers(...): give at_least=0.865 or between=(0.6, 0.7), and not both.")
    if between is None:
        return Claim(Recovers(part, of, figure(at_least, "recovers", "at_least"), None), about)
    low, high = (figure(end, "recovers", "between") for end in pair(between, "recovers", "between", "(0.6, 0.7)"))
    if not low < high:
        raise ClaimsError(f"recovers(..., between=({low!r}, {high!r})): the lower bound comes first.")
    return Claim(Recovers(part, of, low, high), about)
