"""`negligible`: an effect shown to lie inside a margin, for one intervention or for each of many."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Unpack

import numpy as np

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, as_effect, effect
from causal_claims.claims.estimate import Estimate, estimate
from causal_claims.claims.kinds.deciding import decision, equivalence
from causal_claims.claims.kinds.family import interventions, parted
from causal_claims.claims.kinds.inside import Inside
from causal_claims.claims.kinds.of_one import OfOne
from causal_claims.claims.kinds.settings import margin
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.sites import compact
from causal_claims.statistics.simultaneous import max_t
from causal_claims.verdicts import Decision, Outcome


@dataclass(frozen=True)
class Negligible(OfOne, Inside):
    what: Effect
    within: float
    kind = "negligible"

    def subject(self) -> str:
        return f"negligible {self.what.label}"

    def on(self, found: Estimate) -> Decision:
        return equivalence(found, self.within)


@dataclass(frozen=True)
class EachNegligible(Inside):
    each: tuple[Effect, ...]
    within: float
    kind = "negligible"

    def effects(self) -> tuple[Effect, ...]:
        return self.each

    def subject(self) -> str:
        cells = [one.cells[0] for one in self.each]
        sites = compact(site for cell in cells for site in cell.condition.sites)
        return f"negligible {cells[0].metric.label} by each of {len(self.each)} at {sites}"

    def needs(self) -> str:
        return f"all {super().needs()}"

    def decide(self, data: Data) -> Decision:
        """All inside needs no correction (Berger 1982); one outside is judged by the simultaneous band."""
        estimates = [estimate(data, one) for one in self.each]
        single = [equivalence(one, self.within) for one in estimates]
        worst = max(range(len(estimates)), key=lambda i: abs(estimates[i].effect))
        found, label = estimates[worst], self.each[worst].label
        parts = parted(self.each, estimates, [one.outcome for one in single])
        if all(one.outcome is Outcome.SUPPORTED for one in single):
            return parts(
                decision(
                    found, Outcome.SUPPORTED, f"all {len(single)} lie within the margin, the largest being {label}"
                )
            )
        if not any(one.thin for one in estimates):
            band = max_t(data.matrix(self.each), data.seed, confidence=data.confidence)
            outside = np.flatnonzero((band.low > self.within) | (band.high < -self.within)).tolist()
            if outside:
                first = max(outside, key=lambda i: abs(estimates[i].effect))
                reason = f"{len(outside)} of {len(single)} lie outside by the simultaneous band, most of all {self.each[first].label}"
                return parts(decision(estimates[first], Outcome.REFUTED, reason))
        open_ = [i for i, one in enumerate(single) if one.outcome is not Outcome.SUPPORTED]
        first = max(open_, key=lambda i: abs(estimates[i].effect))
        reason = (
            f"{len(open_)} of {len(single)} undecided, most of all {self.each[first].label} ({single[first].reason})"
        )
        return parts(
            decision(estimates[first], Outcome.INCONCLUSIVE, reason, self.within - abs(estimates[first].effect))
        )


def negligible(
    what: Metric | Effect,
    *,
    within: float,
    by: Intervention | None = None,
    each: Iterable[Intervention | Effect] | None = None,
    **about: Unpack[About],
) -> Claim:
    """The effect lies within ±`within`: of one intervention (`by=`), or of each of many (`each=`)."""
    within = margin(within, "negligible", "within", "give its size.")
    if within == 0:
        raise ClaimsError(
            "negligible(..., within=0): no data can show an effect of exactly zero; give the margin that matters."
        )
    if (by is None) == (each is None) and not isinstance(what, Effect):
        raise ClaimsError("negligible(M, ...): give by= for one intervention or each= for many, and not both.")
    if each is None:
        return Claim(Negligible(as_effect(what, by, "negligible"), within), about)
    if isinstance(what, Effect):
        raise ClaimsError("negligible(effect, each=...): an effect already says by what; give the metric instead.")
    every = tuple(effect(what, by=one) for one in interventions(each, "negligible", "each"))
    return Claim(Negligible(every[0], within) if len(every) == 1 else EachNegligible(every, within), about)
