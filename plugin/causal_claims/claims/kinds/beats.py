"""`beats`: a targeted set of heads against many matched random sets."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil
from typing import Unpack

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, as_effect, effect_of
from causal_claims.claims.estimate import contrast, estimate
from causal_claims.claims.kinds.deciding import decision, undecided
from causal_claims.claims.kinds.directed import Beyond, check_way
from causal_claims.claims.kinds.family import listed, parted
from causal_claims.claims.kinds.settings import margin
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.statistics.controls import beats as beats_controls
from causal_claims.verdicts import Decision, Outcome


@dataclass(frozen=True)
class Beats(Beyond):
    target: Effect
    controls: tuple[Effect, ...]
    way: str
    beyond: float
    kind = "beats"

    def effects(self) -> tuple[Effect, ...]:
        return (self.target, *self.controls)

    def subject(self) -> str:
        return f"beats {self.target.label} against {len(self.controls)} random sets"

    def needs(self) -> str:
        return f"{super().needs()} against their mean, and rank p <= .025"

    def slug_parts(self) -> list[str]:
        cell = self.target.cells[0]
        return [cell.metric.name, cell.condition.slug, f"vs{len(self.controls)}sets"]

    def p_floor(self) -> float:
        return min(1.0, 2 / (len(self.controls) + 1))

    def decide(self, data: Data) -> Decision:
        """Both must hold: the rank among random sets (exact), and the paired interval over examples."""
        sign = self.sign
        D = data.matrix(self.effects())  # units x (1 + sets)
        found = beats_controls(sign * D[:, 0], sign * D[:, 1:], data.confidence)
        gap = contrast(D[:, 0] - D[:, 1:].mean(axis=1), data.sample(self.target), data)
        gap = replace(
            gap,
            p_value=min(1.0, 2 * found.rank_p),
            p_floor=min(1.0, 2 * found.p_floor),
            method="rank among random sets; " + gap.method,
        )
        parts = parted(
            self.effects(), [estimate(data, one) for one in self.effects()], [Outcome.INCONCLUSIVE] * D.shape[1]
        )
        toward = gap.interval.scaled(sign)
        seen = f"{found.at_least_as_strong} of {found.sets} random sets are as strong"
        half = (1 - data.confidence) / 2
        if gap.thin:
            return parts(undecided(gap, f"too thin: {gap.thin}", gap.effect))
        if found.share.low > 2 * half:
            return parts(decision(gap, Outcome.REFUTED, f"{seen}, a share of at least {found.share.low:.3f}"))
        if found.p_floor > half:  # of so few sets neither the rank nor the mean says what random heads do
            return parts(
                undecided(
                    gap,
                    f"p-floor: with {len(self.controls)} random sets no p below {found.p_floor:.3f} is possible, {ceil(1 / half) - 1} sets are needed",
                    None,
                )
            )
        if toward.high < self.beyond:
            return parts(decision(gap, Outcome.REFUTED, f"not beyond the mean of random sets; {seen}"))
        if found.rank_p <= half and toward.low > self.beyond:
            return parts(decision(gap, Outcome.SUPPORTED, seen))
        return parts(undecided(gap, f"{seen}, rank p = {found.rank_p:.3f}", sign * gap.effect - self.beyond))


def beats(
    what: Metric | Effect,
    *,
    by: Intervention | None = None,
    against: Iterable[Intervention | Effect],
    way: str = "lowers",
    beyond: float = 0.0,
    **about: Unpack[About],
) -> Claim:
    """The targeted set has a stronger effect than matched random sets; `random_sets` draws them.

    With 39 random sets or more the rank test can reach p = .025; with fewer nothing can be supported, nor refuted by
    their mean: one set that hits what all rests on is as strong as any target.
    Given an effect, the random sets are effects too.
    """
    check_way("beats", way)
    beyond = margin(beyond, "beats", "beyond", "the direction is given by way=.")
    target, metric = as_effect(what, by, "beats"), what if isinstance(what, Metric) else None
    controls = tuple(effect_of(metric, one, "beats") for one in listed(against, "beats", "against"))
    if target in controls:
        raise ClaimsError(
            f"beats(..., against=...): the target {by or target.label} is among its own random sets; leave it out."
        )
    return Claim(Beats(target, controls, way, beyond), about)
