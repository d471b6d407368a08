"""`agrees`: two effects lie within a margin of each other: two modes, two models, two conditions."""

from dataclasses import dataclass, replace
from typing import Unpack

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, told_apart
from causal_claims.claims.estimate import estimate
from causal_claims.claims.kinds.deciding import equivalence
from causal_claims.claims.kinds.inside import Inside
from causal_claims.claims.kinds.settings import check_effects, margin
from causal_claims.errors import ClaimsError
from causal_claims.verdicts import Decision


@dataclass(frozen=True)
class Agrees(Inside):
    one: Effect
    other: Effect
    within: float
    kind = "agrees"

    def effects(self) -> tuple[Effect, ...]:
        return (self.one, self.other)

    def subject(self) -> str:
        return "agrees " + " with ".join(told_apart(self.one, self.other))

    def decide(self, data: Data) -> Decision:
        """Both arms without an event are few events, unless each effect has them: two drops to nothing agree."""
        gap = estimate(data, self.one - self.other)
        if not any(estimate(data, one).few_events for one in self.effects()):
            gap = replace(gap, few_events=None)
        return equivalence(gap, self.within)


def agrees(one: Effect, other: Effect, *, within: float, **about: Unpack[About]) -> Claim:
    """Two effects differ by less than `within`; paired by example where they share their examples."""
    check_effects(
        (one, other), "agrees", "give two effects, e.g. effect(M, by=patch(h, part='v')), effect(M, by=patch(h))."
    )
    one - other  # refuses what cancels
    within = margin(within, "agrees", "within", "give its size.")
    if within == 0:
        raise ClaimsError(
            "agrees(..., within=0): no data can show exact equality; give a margin, or use exactly(a, b)."
        )
    return Claim(Agrees(one, other, within), about)
