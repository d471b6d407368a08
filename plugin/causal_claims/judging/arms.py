"""Guards on how the arms of a comparison were measured: whether they are alike, and whether the answer was given away."""

from collections.abc import Iterator, Mapping

from causal_claims.claims.claim import Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Cell, Effect
from causal_claims.claims.estimate import estimate
from causal_claims.claims.kinds.raises import Superiority
from causal_claims.interventions.controls import same_norm
from causal_claims.interventions.intervention import Step
from causal_claims.measurements import Measurement
from causal_claims.sites import LOGITS, Head
from causal_claims.verdicts import Guard, Outcome, number

_SAME = ("dtype", "device", "special_tokens", "weights", "padding")  # facts that the arms of one comparison share
_DECODING = ("tokens", "temperature", "top_p", "seed", "along")


def arm_guards(claim: Claim, cells: Mapping[Cell, Measurement]) -> Iterator[Guard]:
    """What the engine wrote down about each arm; recorded numbers without such facts pass."""
    yield _unequal(claim, cells)
    yield _leak(cells)


def _unequal(claim: Claim, cells: Mapping[Cell, Measurement]) -> Guard:
    """Arms that differ in more than the intervention.  `agrees` may compare two ways of decoding on purpose."""
    name = "unequal arms"
    for effect in claim.rule.effects() if claim.kind != "agrees" else ():
        ways: dict[tuple[str, str | None], dict[tuple[object, ...], tuple[float, Cell]]] = {}
        for weight, cell in effect.terms:
            mine = ways.setdefault((cell.metric.name, cell.model), {})
            way = tuple(cell.metric.option(option) for option in _DECODING)
            total, first = mine.get(way, (0.0, cell))
            mine[way] = (total + weight, first)
        for found in ways.values():  # an effect at one length minus that at another pairs its arms within each
            odd = [(way, cell) for way, (weight, cell) in found.items() if weight]
            for theirs, other in odd[:1]:
                for ours, cell in odd[1:]:
                    at = next(i for i in range(len(_DECODING)) if theirs[i] != ours[i])
                    return Guard(
                        name, f"{_DECODING[at]} is {theirs[at]} under {other} and {ours[at]} under {cell}", True
                    )
    seen: dict[tuple[str | None, str], tuple[Cell, str]] = {}
    for cell, measured in cells.items():
        for fact in (one for one in _SAME if one in measured.facts):
            there, value = seen.setdefault((cell.model, fact), (cell, measured.facts[fact]))
            if value != measured.facts[fact]:
                return Guard(name, f"{fact} is {value} under {there} and {measured.facts[fact]} under {cell}", True)
    return Guard(name, "the arms differ in the intervention alone, as far as is known")


def _leak(cells: Mapping[Cell, Measurement]) -> Guard:
    """The answer stands in the prompt, or the outcome counts the prompt."""
    for cell, found in cells.items():
        if (told := found.facts.get("leak")) is not None:
            return Guard("leak", told, True)
        if (counted := found.facts.get("counts_prompt")) is not None:
            return Guard("leak", f"{cell.metric} counts the prompt: {counted}", True)
    return Guard("leak", "no prompt is known to give its answer away")


def norm_controls(claim: Claim) -> tuple[Cell, ...]:
    """What is measured besides a claim's own cells, to tell what heads say from how loud they are."""
    return tuple(dict.fromkeys(cell for both in norm_twins(claim).values() for cell in both))


def norm_twins(claim: Claim) -> dict[Cell, tuple[Cell, ...]]:
    """For each cell in which heads are zeroed, those in which a random write of the same norm, or its opposite, replaces theirs.

    Only where that can tell: one effect on the logits, worded as a cause.  A metric of values or streams may be moved by
    any direction, random or not.
    """
    rule = claim.rule
    if not isinstance(rule, Superiority) or claim.best_level != "causal" or claim.about.get("wording") == "descriptive":
        return {}
    found: dict[Cell, tuple[Cell, ...]] = {}
    for cell in rule.what.cells:
        if cell.metric.reads() != (LOGITS,):
            return {}
        if cell.condition.steps:
            if not all(_zeroes_heads(step) for step in cell.condition.steps):
                return {}
            found[cell] = tuple(Cell(cell.metric, one, cell.model) for one in same_norm(cell.condition))
    return found


def norm_artefact(
    claim: Claim,
    cells: Mapping[Cell, Measurement],
    twins: Mapping[Cell, Measurement],
    *,
    seed: int,
    confidence: float,
) -> Iterator[Guard]:
    """An ablation that acts only by changing the norm that the next normalisation divides by.

    With random writes of the same norm in its place, more than half of the effect must be left for certain: where less is,
    the claim is INVALID, and where it would be supported and that is open, INCONCLUSIVE.  What is refuted either way is refuted.
    """
    of = norm_twins(claim)
    if not of or not all(twin in twins for both in of.values() for twin in both):
        return
    rule = claim.rule
    assert isinstance(rule, Superiority)
    terms = (
        (weight / len(to), twin) for weight, cell in rule.what.terms for to in (of.get(cell, (cell,)),) for twin in to
    )
    swapped = Effect(tuple(terms), "with the norm kept")
    data = Data({**cells, **twins}, seed=seed, confidence=confidence)
    zeroed, kept, rest = (estimate(data, one) for one in (rule.what, swapped, swapped - 0.5 * rule.what))
    toward = rest.interval.scaled(1 if zeroed.effect > 0 else -1)
    figures = f"{number(zeroed.effect)} with the head zeroed, {number(kept.effect)} with random writes of the same norm"
    supported = zeroed.interval.scaled(rule.sign).low > rule.beyond
    if all(rule.on(one).outcome is Outcome.REFUTED for one in (zeroed, kept)):
        yield Guard("norm artefact", f"refuted with the norm kept as well: {figures}")
    elif toward.high < 0 and not rest.thin:
        yield Guard("norm artefact", f"most of the effect is the norm's: {figures}", True)
    elif supported and not toward.low > 0 and not rest.thin:
        sentence = f"it is open whether the norm alone does it: {figures}"
        yield Guard("norm artefact", sentence, True, Outcome.INCONCLUSIVE)
    else:
        yield Guard("norm artefact", f"the effect is not the norm's alone: {figures}")


def _zeroes_heads(step: Step) -> bool:
    return (
        step.operation == "ablate"
        and step.option("how") == "zero"
        and step.option("during") == "both"
        and all(isinstance(site, Head) for site in step.sites)
    )
