"""`interacts`: the joint effect beyond the sum of the single ones; `specific`: an effect here beyond the one there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Unpack

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, effect, told_apart
from causal_claims.claims.effects import joint as together
from causal_claims.claims.estimate import Estimate, estimate
from causal_claims.claims.kinds.deciding import superiority
from causal_claims.claims.kinds.family import interventions
from causal_claims.claims.kinds.settings import effects, margin
from causal_claims.claims.kinds.strongest import check_way
from causal_claims.claims.rule import Rule
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.verdicts import Decision, number


@dataclass(frozen=True)
class Contrast(Rule):
    """A difference of effects against a margin; the two effects are compared directly, never by their two verdicts."""

    kind: str
    what: Effect
    words: str
    way: str
    beyond: float

    @property
    def sign(self) -> int:
        return 1 if self.way == "raises" else -1

    def effects(self) -> tuple[Effect, ...]:
        return (self.what,)

    def subject(self) -> str:
        return f"{self.kind} {self.words}"

    def needs(self) -> str:
        return f"{'above' if self.sign > 0 else 'below'} {number(self.sign * self.beyond) if self.beyond else 0}"

    def margin(self) -> float:
        return self.sign * self.beyond

    def design(self) -> dict[str, object]:
        return {"way": self.way}

    def single(self) -> Effect:
        return self.what

    def on(self, found: Estimate) -> Decision:
        return superiority(found, self.beyond, self.sign)

    def decide(self, data: Data) -> Decision:
        return self.on(estimate(data, self.what))


def interacts(
    metric: Metric,
    *,
    parts: Iterable[Intervention],
    joint: Intervention | None = None,
    way: str = "raises",
    beyond: float = 0.0,
    **about: Unpack[About],
) -> Claim:
    """Together they do more than the sum of each alone, on the metric's own scale.

    `joint` is the intervention at all sites at once; by default the parts in one run.
    """
    check_way("interacts", way)
    beyond = margin(beyond, "interacts", "beyond", "the direction is given by way=.")
    single = interventions(parts, "interacts", "parts", fewest=2)
    whole = together(*single) if joint is None else together(joint)
    total = effect(metric, by=whole)
    for one in single:
        total = total - effect(metric, by=one)
    words = f"{metric.label} by {whole} beyond the sum of {len(single)} parts" + (
        f" on {metric.over}" if metric.over else ""
    )
    return Claim(Contrast("interacts", total, words, way, beyond), about)


def specific(here: Effect, there: Effect, *, way: str = "raises", beyond: float = 0.0, **about: Unpack[About]) -> Claim:
    """The effect here is beyond the effect there: other prompts, another task, another head, another model."""
    effects((here, there), "specific", "give two effects, e.g. effect(M.on('a'), by=...), effect(M.on('b'), by=...).")
    check_way("specific", way)
    beyond = margin(beyond, "specific", "beyond", "the direction is given by way=.")
    return Claim(Contrast("specific", here - there, " rather than ".join(told_apart(here, there)), way, beyond), about)
