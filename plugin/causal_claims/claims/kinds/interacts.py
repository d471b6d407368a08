"""`interacts`: the joint effect beyond the sum of the single ones; `specific`: an effect here beyond the one there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Unpack

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, effect, told_apart
from causal_claims.claims.effects import joint as together
from causal_claims.claims.estimate import Estimate, estimate
from causal_claims.claims.kinds.deciding import decision, superiority, undecided
from causal_claims.claims.kinds.directed import Beyond, check_way
from causal_claims.claims.kinds.family import interventions, parted
from causal_claims.claims.kinds.of_one import OfOne
from causal_claims.claims.kinds.settings import check_effects, margin
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.statistics.simultaneous import max_t
from causal_claims.verdicts import Decision, Outcome, number


@dataclass(frozen=True)
class Contrast(OfOne, Beyond):
    """A difference of effects against a margin; the two effects are compared directly, never by their two verdicts."""

    kind: str
    what: Effect
    words: str
    way: str
    beyond: float

    def subject(self) -> str:
        return f"{self.kind} {self.words}"

    def on(self, found: Estimate) -> Decision:
        return superiority(found, self.beyond, self.sign)


@dataclass(frozen=True)
class Throughout(Beyond):
    """A contrast beyond its margin in each of several versions."""

    versions: tuple[Effect, ...]
    words: str
    way: str
    beyond: float
    kind = "interacts"

    def effects(self) -> tuple[Effect, ...]:
        return self.versions

    def subject(self) -> str:
        return f"{self.kind} {self.words}"

    def needs(self) -> str:
        return f"{super().needs()} in each of {len(self.versions)}"

    def slug_parts(self) -> list[str]:
        first = self.versions[0].cells[0]
        return [first.metric.name, first.condition.slug, "held"]

    def decide(self, data: Data) -> Decision:
        """Supported where each is by its own interval; refuted where one is, by the band that holds for all at once."""
        found = [estimate(data, one) for one in self.versions]
        each = [superiority(one, self.beyond, self.sign) for one in found]
        parts = parted(self.versions, found, [one.outcome for one in each])
        least = min(range(len(found)), key=lambda i: self.sign * found[i].effect)
        if all(one.outcome is Outcome.SUPPORTED for one in each):
            return parts(replace(each[least], reason=f"the interval lies {self.needs()}"))
        band = max_t(self.sign * data.matrix(self.versions), data.seed, confidence=data.confidence)
        worst = int(band.high.argmin())
        if band.high[worst] < self.beyond and not found[worst].thin:
            reason = f"it does not reach {number(self.margin())}: {self.versions[worst].label}"
            return parts(decision(found[worst], Outcome.REFUTED, reason))
        why = found[least].thin or f"not told from {number(self.margin())}: {self.versions[least].label}"
        return parts(undecided(found[least], why, self.sign * found[least].effect - self.beyond))


def interacts(
    metric: Metric,
    *,
    parts: Iterable[Intervention],
    joint: Intervention | None = None,
    held: Mapping[str, Intervention] | None = None,
    way: str = "raises",
    beyond: float = 0.0,
    **about: Unpack[About],
) -> Claim:
    """Together they do more than the sum of each alone, on the metric's own scale.

    `joint` is the intervention at all sites at once; by default the parts in one run.  What makes up for one part, and
    cannot for all, leaves the same mark: the joint effect must then be beyond the sum of the parts also where each of
    `held` is added to the parts alone, e.g. `{"layer 3": patch(*heads(3, range(16)), source="clean")}`; and each part must
    add as much to the others, for two that work against each other can leave that mark as well.
    """
    check_way("interacts", way)
    beyond = margin(beyond, "interacts", "beyond", "the direction is given by way=.")
    single = interventions(parts, "interacts", "parts", fewest=2)
    whole = together(*single) if joint is None else together(joint)

    def beyond_sum(more: Intervention | None = None) -> Effect:
        total = effect(metric, by=whole)
        for one in single:
            total = total - effect(metric, by=one if more is None else together(one, more))
        return total

    total = beyond_sum()
    words = f"{metric.label} by {whole} beyond the sum of {len(single)} parts" + (
        f" on {metric.over}" if metric.over else ""
    )
    if held is not None:
        _held(held)
        versions = [replace(total, label="nothing held")]
        versions += [replace(beyond_sum(more), label=f"{name} held") for name, more in held.items()]
        for one in single:
            others = together(*(other for other in single if other != one))
            versions.append(replace(effect(metric, by=whole) - effect(metric, by=others), label=f"what {one} adds"))
        return Claim(Throughout(tuple(versions), f"{words}, {len(held)} held", way, beyond), about)
    return Claim(Contrast("interacts", total, words, way, beyond), about)


def _held(given: Mapping[str, Intervention]) -> None:
    if not isinstance(given, Mapping) or not given or not all(isinstance(one, Intervention) for one in given.values()):
        raise ClaimsError(
            f"interacts(..., held={given!r}): give a name and an intervention for each, e.g. "
            "{'layer 3': patch(*heads(3, range(16)), source='clean')}."
        )


def specific(here: Effect, there: Effect, *, way: str = "raises", beyond: float = 0.0, **about: Unpack[About]) -> Claim:
    """The effect here is beyond the effect there: other prompts, another task, another head, another model."""
    check_effects(
        (here, there), "specific", "give two effects, e.g. effect(M.on('a'), by=...), effect(M.on('b'), by=...)."
    )
    check_way("specific", way)
    beyond = margin(beyond, "specific", "beyond", "the direction is given by way=.")
    return Claim(Contrast("specific", here - there, " rather than ".join(told_apart(here, there)), way, beyond), about)
