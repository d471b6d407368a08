"""`dose`: the effect grows with the number of heads; monotone growth is a claim of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Unpack

import numpy as np

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, effect_of
from causal_claims.claims.estimate import contrast, estimate
from causal_claims.claims.kinds.deciding import decision, superiority, undecided
from causal_claims.claims.kinds.directed import Beyond, check_way
from causal_claims.claims.kinds.family import listed, parted
from causal_claims.claims.kinds.settings import figure, margin
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.statistics.dose import monotone as monotone_steps
from causal_claims.statistics.dose import page, slope
from causal_claims.verdicts import Decision, Outcome


@dataclass(frozen=True)
class Dose(Beyond):
    doses: tuple[float, ...]
    curve: tuple[Effect, ...]
    way: str
    beyond: float
    monotone: bool
    kind = "dose"

    def effects(self) -> tuple[Effect, ...]:
        return self.curve

    def subject(self) -> str:
        shape = "monotone" if self.monotone else "slope"
        return f"dose {shape} of {self.curve[0].cells[0].metric.label} over k={', '.join(f'{k:g}' for k in self.doses)}"

    def needs(self) -> str:
        if self.monotone:
            return f"every step {'up' if self.sign > 0 else 'down'}, none back by more than {self.beyond:g}"
        return f"{super().needs()} per unit of log k"

    def slug_parts(self) -> list[str]:
        words = [self.curve[0].cells[0].metric.name, "k" + "-".join(f"{k:g}" for k in self.doses)]
        return [*words, "monotone"] if self.monotone else words

    def design(self) -> dict[str, object]:
        return {**super().design(), "doses": list(self.doses), "monotone": self.monotone}

    def decide(self, data: Data) -> Decision:
        Y = self.sign * data.matrix(self.curve)  # units x doses
        estimates = [estimate(data, one) for one in self.curve]
        parts = parted(self.curve, estimates, [Outcome.INCONCLUSIVE] * len(estimates))
        like = data.sample(self.curve[0])
        if self.monotone:
            return parts(self._monotone(Y, data))
        found = contrast(self.sign * slope(Y, self.doses).slopes, like, data)
        found = replace(
            found,
            method="per-example slope on log k; " + found.method,
            companions={"page_p": page(Y).p_rising, **found.companions},
        )
        return parts(superiority(found, self.beyond, self.sign))

    def _monotone(self, Y: np.ndarray, data: Data) -> Decision:
        found = monotone_steps(Y, self.beyond)
        ways = [(b, a) if self.sign > 0 else (a, b) for a, b in pairwise(self.curve)]
        steps = [estimate(data, one - other) for one, other in ways]
        worst = min(range(len(steps)), key=lambda i: steps[i].interval.low)
        step, where = steps[worst], f"from k={self.doses[worst]:g} to {self.doses[worst + 1]:g}"
        if all(one.interval.low > -self.beyond for one in steps) and not step.thin:
            return decision(step, Outcome.SUPPORTED, f"every step holds; the weakest is {where}")
        if found.refuted and not step.thin:
            return decision(step, Outcome.REFUTED, f"it turns back {where}")
        return undecided(
            step, f"the step {where} is open" + (f" ({step.thin})" if step.thin else ""), step.effect + self.beyond
        )


def dose(
    metric: Metric | None = None,
    *,
    at: Mapping[float, Intervention | Effect],
    way: str = "lowers",
    beyond: float = 0.0,
    monotone: bool = False,
    **about: Unpack[About],
) -> Claim:
    """The effect grows with the dose: `at={1: ablate(...), 2: ablate(...), 5: ...}`, by the slope on log k.

    Where each dose is given as an effect, no metric is named.  `monotone=True` claims instead that no step turns back by more than `beyond`.
    """
    check_way("dose", way)
    beyond = margin(beyond, "dose", "beyond", "the direction is given by way=.")
    if not isinstance(at, Mapping):
        raise ClaimsError("dose(..., at=...) takes doses with their interventions: at={1: ablate(a), 2: ablate(a, b)}.")
    chosen = listed(at.values(), "dose", "at", fewest=3)
    doses = tuple(figure(k, "dose", "doses") for k in at)
    if any(k <= 0 for k in doses) or list(doses) != sorted(doses):
        raise ClaimsError(
            f"dose(..., at=...): doses are positive and in rising order, not {', '.join(f'{k:g}' for k in doses)}."
        )
    return Claim(Dose(doses, tuple(effect_of(metric, one, "dose") for one in chosen), way, beyond, monotone), about)
