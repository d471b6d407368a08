"""`ranks`: a declared order of several interventions, strongest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Unpack

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, effect
from causal_claims.claims.estimate import estimate
from causal_claims.claims.kinds.deciding import decision, undecided
from causal_claims.claims.kinds.directed import Directed, check_way
from causal_claims.claims.kinds.family import interventions, parted
from causal_claims.claims.kinds.settings import check_effects, several
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.statistics.ranking import RankSet, ordered, rank_set
from causal_claims.verdicts import Decision, Outcome


@dataclass(frozen=True)
class Ranks(Directed):
    order: tuple[Effect, ...]
    way: str
    among: tuple[Effect, ...] = ()
    kind = "ranks"

    def effects(self) -> tuple[Effect, ...]:
        return (*self.order, *self.among)

    def subject(self) -> str:
        if not self.order[0].cells[0].condition.steps:
            return f"ranks {' > '.join(one.label for one in self.order)}"
        conditions = " > ".join(str(one.cells[0].condition) for one in self.order)
        return f"ranks {self.order[0].cells[0].metric.label} by {conditions}"

    def needs(self) -> str:
        return "each beyond the next"

    def slug_parts(self) -> list[str]:
        return [self.order[0].cells[0].metric.name, ">".join(one.cells[0].condition.slug for one in self.order)[:60]]

    def decide(self, data: Data) -> Decision:
        D = self.sign * data.matrix(self.effects())  # units x (order + among)
        found = ordered(D[:, : len(self.order)])
        held = self._ranks([rank_set(D, place, data.seed) for place in range(len(self.order))]) if self.among else ""
        steps = [a - b if self.sign > 0 else b - a for a, b in zip(self.order, self.order[1:], strict=False)]
        gaps = [estimate(data, step) for step in steps]
        outcomes = [Outcome.SUPPORTED if one.interval.low > 0 else Outcome.INCONCLUSIVE for one in gaps]
        parts = parted(steps, gaps, outcomes)
        narrowest = min(range(len(gaps)), key=lambda i: gaps[i].interval.low)
        gap, step = gaps[narrowest], steps[narrowest].label
        if gap.thin:
            return parts(undecided(gap, f"too thin: {gap.thin}", gap.effect))
        if all(outcome is Outcome.SUPPORTED for outcome in outcomes):
            return parts(decision(gap, Outcome.SUPPORTED, f"every step holds; the narrowest is {step}{held}"))
        if found.refuted:
            return parts(decision(gap, Outcome.REFUTED, f"the order is reversed at {step}{held}"))
        return parts(undecided(gap, f"the order is open at {step}{held}", gap.effect))

    def _ranks(self, found: Sequence[RankSet]) -> str:
        """What rank each may hold among all."""
        words = [f"{one.low} to {one.high}" if one.low < one.high else str(one.low) for one in found]
        return f"; {found[0].confidence:.0%} intervals of their ranks among {len(self.effects())}: {', '.join(words)}"


def ranks(
    metric: Metric | None = None,
    *,
    order: Iterable[Intervention | Effect],
    among: Iterable[Intervention | Effect] = (),
    way: str = "raises",
    **about: Unpack[About],
) -> Claim:
    """The interventions, strongest first, each beyond the next; without a metric, effects or levels in their order.

    The effect reported is the narrowest step.  With `among`, all that they could be compared with, the verdict also says
    what rank each of them may hold there; it decides nothing.
    """
    check_way("ranks", way)
    if metric is not None:
        chosen = tuple(effect(metric, by=one) for one in interventions(order, "ranks", "order", fewest=2))
        others = tuple(effect(metric, by=one) for one in interventions(among, "ranks", "among", fewest=0))
    else:
        others = several(among, "ranks", "among", "the effects that they are ranked among.")
        check_effects(others, "ranks", "effects are ranked among effects: among=[level(M), ...].")
        chosen = several(order, "ranks", "order", "effects, strongest first.")
        check_effects(
            chosen,
            "ranks",
            "without a metric, order=[level(M), ...] lists effects; or give ranks(M, order=[ablate(h), ...]).",
        )
        if len(chosen) < 2:
            raise ClaimsError("ranks(order=...): an order has at least 2 effects.")
    rest = tuple(dict.fromkeys(one for one in others if one.terms not in {own.terms for own in chosen}))
    return Claim(Ranks(chosen, way, rest), about)
