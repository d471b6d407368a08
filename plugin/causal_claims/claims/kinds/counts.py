"""`counts`: how many of a list of interventions have an effect beyond a margin."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Unpack

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, effect
from causal_claims.claims.estimate import estimate
from causal_claims.claims.kinds.directed import Directed, check_way
from causal_claims.claims.kinds.family import interventions, parted
from causal_claims.claims.kinds.settings import margin, pair, whole
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.sites import compact
from causal_claims.statistics.simultaneous import max_t
from causal_claims.verdicts import Decision, Outcome


@dataclass(frozen=True)
class Counts(Directed):
    each: tuple[Effect, ...]
    beyond: float
    low: int
    high: int
    way: str
    kind = "counts"
    corrects_selection = True

    def effects(self) -> tuple[Effect, ...]:
        return self.each

    def subject(self) -> str:
        cells = [one.cells[0] for one in self.each]
        sites = compact(site for cell in cells for site in cell.condition.sites)
        return f"counts {cells[0].metric.label} {self.way.removesuffix('s').removesuffix('e')}ed beyond {self.beyond:g} by each of {len(self.each)} at {sites}"

    def needs(self) -> str:
        return f"exactly {self.low}" if self.low == self.high else f"{self.low} to {self.high}"

    def margin(self) -> float:
        return self.beyond

    def distance(self, effect: float) -> None:
        return None

    def design(self) -> dict[str, object]:
        return {**super().design(), "low": self.low, "high": self.high}

    def decide(self, data: Data) -> Decision:
        """By the simultaneous band: those certainly beyond the margin, and those certainly not."""
        band = max_t(self.sign * data.matrix(self.each), data.seed, confidence=data.confidence)
        above, below = int((band.low > self.beyond).sum()), int((band.high < self.beyond).sum())
        most = len(self.each) - below
        estimates = [estimate(data, one) for one in self.each]
        point = sum(self.sign * one.effect > self.beyond for one in estimates)
        outcomes = [
            Outcome.SUPPORTED if low > self.beyond else Outcome.REFUTED if high < self.beyond else Outcome.INCONCLUSIVE
            for low, high in zip(band.low, band.high, strict=True)
        ]
        if estimates[0].thin:
            outcome, reason = Outcome.INCONCLUSIVE, f"too thin: {estimates[0].thin}"
        elif self.low <= above and most <= self.high:
            outcome, reason = Outcome.SUPPORTED, f"the count lies between {above} and {most}"
        elif above > self.high or most < self.low:
            outcome, reason = Outcome.REFUTED, f"the count lies between {above} and {most}"
        else:
            outcome, reason = (
                Outcome.INCONCLUSIVE,
                f"the count lies between {above} and {most}, {most - above} undecided",
            )
        made = Decision(
            outcome, reason, float(point), float(above), float(most), data.confidence, estimates[0].n, estimates[0].unit, "simultaneous studentised-bootstrap band"
        )  # fmt: skip
        return parted(self.each, estimates, outcomes)(made)


def counts(
    metric: Metric,
    *,
    each: Iterable[Intervention],
    beyond: float,
    equals: int | None = None,
    between: tuple[int, int] | None = None,
    way: str = "raises",
    **about: Unpack[About],
) -> Claim:
    """So many of the interventions have an effect beyond the margin: `equals=3`, or `between=(1, 5)`."""
    check_way("counts", way)
    beyond = margin(beyond, "counts", "beyond", "the direction is given by way=.")
    if (equals is None) == (between is None):
        raise ClaimsError("counts(...): give equals=3 or between=(1, 5), and not both.")
    low, high = (equals, equals) if between is None else pair(between, "counts", "between", "(1, 5)")
    name = "equals" if between is None else "between"
    low, high = whole(low, "counts", name, 0), whole(high, "counts", name, 0)
    chosen = interventions(each, "counts", "each", fewest=2)
    if not low <= high <= len(chosen):
        raise ClaimsError(f"counts(...): {low} to {high} is no count of {len(chosen)} interventions.")
    return Claim(Counts(tuple(effect(metric, by=one) for one in chosen), beyond, low, high, way), about)
