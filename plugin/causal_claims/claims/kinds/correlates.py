"""`correlates`: over heads, a screening score goes with the causal effect; or, over examples, one level with another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Unpack

import numpy as np

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect
from causal_claims.claims.kinds.settings import check_effects, figure, several
from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError
from causal_claims.statistics import correlation
from causal_claims.verdicts import Decision, Outcome, number


@dataclass(frozen=True)
class Correlates(Rule):
    scores: tuple[Effect, ...]
    outcomes: tuple[Effect, ...]
    at_least: float
    of: str = "ranks"
    kind = "correlates"
    ceiling = "correlational"

    def effects(self) -> tuple[Effect, ...]:
        return (*self.scores, *self.outcomes)

    def subject(self) -> str:
        if len(self.scores) == 1:
            return f"correlates {self.scores[0].label} with {self.outcomes[0].label} over examples"
        return f"correlates {self.scores[0].cells[0].metric.name} with {self.outcomes[0].cells[0].metric.name} over {len(self.scores)} heads"

    def needs(self) -> str:
        name = "rank correlation" if self.of == "ranks" else "correlation of values"
        return f"{name} above {number(self.at_least) if self.at_least else 0}"

    def slug_parts(self) -> list[str]:
        return [self.scores[0].cells[0].metric.name, self.outcomes[0].cells[0].metric.name, f"{len(self.scores)}heads"]

    def margin(self) -> float:
        return self.at_least

    def distance(self, effect: float) -> None:
        return None

    def decide(self, data: Data) -> Decision:
        """Spearman's, with Bonett and Wright's interval, or Pearson's; the unit is what is compared: the head, or the example."""
        unit = "head"
        if len(self.scores) == 1:
            x, y = data.matrix([*self.scores, *self.outcomes]).T
            unit = data.sample(self.scores[0]).unit
        else:
            x, y = (
                np.array([np.mean([s.values.mean() for s in data.samples(one)]) for one in side])
                for side in (self.scores, self.outcomes)
            )
        ranks = self.of == "ranks"
        found = (correlation.spearman if ranks else correlation.pearson_of_few)(
            x, y, data.seed, confidence=data.confidence
        )
        low, high = found.interval.low, found.interval.high
        outcome, reason = Outcome.INCONCLUSIVE, f"the interval reaches both sides of {self.at_least:g}"
        if low > self.at_least:
            outcome, reason = Outcome.SUPPORTED, f"the interval lies above {self.at_least:g}"
        elif high < self.at_least:
            outcome, reason = Outcome.REFUTED, f"the interval does not reach {self.at_least:g}"
        return Decision(
            outcome, reason, found.r, low, high, data.confidence, len(x), unit,
            "Spearman, Bonett-Wright interval" if ranks else "Pearson, hull of Fisher's and the bootstrap's interval",
            found.p_two_sided, found.p_floor, effect_size=found.r, effect_size_name="rho" if ranks else "r",
            companions={"pearson": correlation.pearson(x, y, data.seed).r} if ranks else {"spearman": correlation.spearman(x, y, data.seed).r},
        )  # fmt: skip


def correlates(
    scores: Effect | Sequence[Effect],
    outcomes: Effect | Sequence[Effect],
    *,
    at_least: float = 0.0,
    of: Literal["ranks", "values"] = "ranks",
    **about: Unpack[About],
) -> Claim:
    """Over heads, in the same order: the scores (`level(...)` per head) go with the effects (`effect(...)` per head).

    `of="values"` where few heads act and the ranks of the others, which do nothing, are noise.
    Given one effect each, over their examples: `correlates(level(M), level(M, model="other"))`.
    """
    if of not in ("ranks", "values"):
        raise ClaimsError(f"correlates(..., of={of!r}): of is 'ranks' or 'values'.")
    bar = figure(at_least, "correlates", "at_least", -1, 1)
    if isinstance(scores, Effect) and isinstance(outcomes, Effect):
        if scores == outcomes:
            raise ClaimsError(
                f"correlates(...): {scores.label} with itself; give two levels, or lists with one per head."
            )
        return Claim(Correlates((scores,), (outcomes,), bar, of), about)
    advice = "scores are level(M) and outcomes effect(M, by=...), one per head."
    left = several(scores, "correlates", "scores", advice)
    right = several(outcomes, "correlates", "outcomes", advice)
    if len(left) != len(right) or len(left) < 8:
        raise ClaimsError(
            f"correlates(...): give a score and an effect for each of at least 8 heads, not {len(left)} and {len(right)}."
        )
    check_effects((*left, *right), "correlates", advice)
    for side in (left, right):
        if twice := [one.label for one in side if side.count(one) > 1]:
            raise ClaimsError(f"correlates(...): {twice[0]} is given more than once; heads are compared, each once.")
    return Claim(Correlates(left, right, bar, of), about)
