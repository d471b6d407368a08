"""What the engine finds out about its own numbers: the other path, the noise floor, the basis, the empty text."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from causal_claims.claims.effects import Cell
from causal_claims.engine.gauge import gauge_shifts
from causal_claims.engine.loading import Loaded
from causal_claims.engine.noise import Measured, floor, sampled
from causal_claims.engine.readout import Noted, NoTensors, Readout, Texts, numbers
from causal_claims.engine.settings import Settings
from causal_claims.engine.task import Part, Path, Task
from causal_claims.engine.tokens import pad
from causal_claims.engine.work import Work
from causal_claims.errors import ClaimsError, listing
from causal_claims.examples import Example
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.lexicon import words_in
from causal_claims.metrics.metric import Metric
from causal_claims.sites import GENERATION

FEWER = 2  # examples for the noise floor of a metric that was examined on another set
Way = tuple[object, ...]  # of intervening, whatever its place and seed; () is none
TOLERANCE = {"float32": 1.0, "float16": 300.0, "bfloat16": 3000.0}  # times the setting's


@dataclass(frozen=True)
class Compared:
    """What the other path says of one metric."""

    said: str  # of the conditions on which the two agree
    apart: Mapping[Intervention, str]  # conditions on which they do not


class Examination:
    """Of cells that are measured together: the same metrics under some conditions, on one set of rows."""

    def __init__(self, loaded: Loaded, settings: Settings, path: Callable[[Task, str], Path]) -> None:
        self._loaded, self._settings, self._path = loaded, settings, path
        self._tolerance = settings.tolerance * TOLERANCE[loaded.dtype]

    def of(self, metrics: Sequence[Metric], works: Sequence[Work], known: set[Way]) -> dict[Cell, dict[str, object]]:
        """Facts of each cell; all but the other path's word are shared by the cells of a metric.

        `known`: the ways of intervening on which the two paths agreed on other sets; then one cell, and one of each way that
        is not known, are enough.
        """
        settings, examples, rows, again = self._settings, works[0].data.examples, works[0].rows, bool(known)
        conditions, few = (1, 1) if again else (settings.cross_examined, settings.cross_examples)
        measured: dict[Intervention, dict[Metric, Mapping[str, float]]] = {}
        for work in works:
            measured.setdefault(work.cell.condition, {})[work.cell.metric] = work.values
        fullest = sorted(measured, key=lambda condition: -len(measured[condition]))
        chosen = spread(fullest, max(1, conditions), known)
        for metric in metrics:
            if not any(metric in measured[condition] for condition in chosen):
                chosen.append(next(condition for condition in fullest if metric in measured[condition]))
        sample = {condition: measured[condition] for condition in chosen}
        found: dict[Metric, dict[str, object]] = {metric: {} for metric in metrics}
        compared: dict[Metric, Compared] = {}
        generates = any(GENERATION in metric.reads() for metric in metrics)
        if settings.backend == "fast" and settings.cross_examined:
            compared = self._compare(metrics, sample, examples, sampled(rows, few), generates)
        apart = {condition for one in compared.values() for condition in one.apart}
        known |= {(), *(way for condition in chosen if condition not in apart for way in _ways(condition))}
        if settings.noise and settings.backend == "fast" and all(has_floor(metric) for metric in metrics):
            among = sampled(rows, FEWER) if again else rows
            for metric, noise in floor(self._loaded, settings, metrics, tuple(sample), examples, sample, among).items():
                found[metric]["noise_floor"] = noise
        if settings.gauge:
            for metric, shift in gauge_shifts(self._loaded, settings, metrics, examples).items():
                found[metric]["gauge"] = self._moved(shift)
        if generates:
            for metric, counted in counts_prompt(self._loaded, metrics, examples).items():
                found[metric]["counts_prompt"] = counted
        return {
            work.cell: {**found[work.cell.metric], **_word(compared.get(work.cell.metric), work.cell.condition)}
            for work in works
        }

    def _compare(
        self,
        metrics: Sequence[Metric],
        sample: Measured,
        examples: Sequence[Example],
        rows: tuple[int, ...],
        generates: bool,
    ) -> dict[Metric, "Compared"]:
        """Measure a sample again by the reference path: `agrees`, or where the two part."""
        conditions = tuple(sample)
        if generates:
            if self._loaded.dtype != "float32":
                said = Compared("not done: in low precision a text may part at any near tie", {})
                return dict.fromkeys(metrics, said)
            rows, conditions = rows[:1], conditions[:1]  # the reference path reads the whole text again for every token
        task = Task(tuple(metrics), conditions, tuple(examples), rows)
        parts = list(self._path(task, "reference").parts(task))
        there = [metric for metric in metrics if any(metric in sample[condition] for condition in conditions)]
        return {metric: self._verdict(metric, conditions, parts, sample, examples) for metric in there}

    def _verdict(
        self, metric: Metric, conditions: Sequence[Intervention], parts: Sequence[Part], sample: Measured,
        examples: Sequence[Example],
    ) -> "Compared":  # fmt: skip
        worst, apart_under = 0.0, dict[Intervention, str]()
        for condition in conditions:
            if (ours := sample[condition].get(metric)) is None:
                continue  # asked for under other conditions only
            pairs = [
                (examples[row].id, ours[examples[row].id], float(theirs))
                for part in parts if part.condition == condition
                for row, theirs in zip(part.rows, part.values[metric], strict=True)
            ]  # fmt: skip
            apart = [
                pair
                for pair in pairs
                if not _near(pair[1], pair[2], self._tolerance, metric.spec.scale if metric.spec else 1.0)
            ]
            # a whole number flips at a tie that rounding decides; one such flip is no disagreement
            spared = len(pairs) // 4 if all(float(x).is_integer() for _, *both in pairs for x in both) else 0
            if len(apart) > spared:
                one, fast, reference = apart[0]
                apart_under[condition] = (
                    f"disagrees: {metric} under {condition} on example {one!r} is {fast:.7g} by the fast path and "
                    f"{reference:.7g} by the reference path"
                )
                continue
            gaps = [
                abs(fast - reference) for _, fast, reference in pairs if not (np.isnan(fast) or np.isnan(reference))
            ]
            worst = max([worst, *gaps])
        rows = len({row for part in parts for row in part.rows})
        sound = [condition for condition in conditions if condition not in apart_under]
        return Compared(f"agrees to {worst:.1e} on {rows} examples under {listing(sound, 3)}", apart_under)

    def _moved(self, shift: float) -> str:
        """Whether a metric follows the basis in which heads keep their values."""
        if shift <= 10 * self._tolerance:
            return f"unmoved: {shift:.1e}"
        return f"moves by {shift:.2g} when the values are written in another basis"


def _word(compared: Compared | None, condition: Intervention) -> dict[str, object]:
    """A disagreement is one of every condition that does the same elsewhere; without an intervention it is everybody's."""
    if compared is None:
        return {}
    for other, said in compared.apart.items():
        if not other.steps or _ways(other) & _ways(condition):
            return {"cross_examined": said}
    return {"cross_examined": compared.said}


def has_floor(metric: Metric) -> bool:
    """Whether numbers move a little with rounding; a text stays, or becomes another."""
    return GENERATION not in metric.reads() or metric.option("along") is not None


def counts_prompt(loaded: Loaded, metrics: Sequence[Metric], examples: Sequence[Example]) -> dict[Metric, str]:
    """Where nothing is generated, a metric of generated text must not care what the prompt is, or how often it is said.

    What those that do care say, by metric.
    """
    doubled = [replace(one, prompt=f"{one.prompt} {one.prompt}") for one in examples]
    nextdoor = [
        replace(one, prompt=other.prompt) for one, other in zip(examples, [*examples[1:], *examples[:1]], strict=True)
    ]
    before = _of_nothing(loaded, examples)
    changed = [
        (_of_nothing(loaded, doubled), "once its prompt is said twice"),
        (_of_nothing(loaded, nextdoor), "with another prompt"),
    ]
    found: dict[Metric, str] = {}
    for metric in metrics:
        if (words := metric.option("list")) is not None:
            saying = " ".join(words_in(str(words)))
            counted = _of_nothing(loaded, [replace(one, prompt=saying) for one in examples])
            more = [*changed, (counted, "with a prompt of the words it counts")]
        else:
            more = changed
        said = (_cares(metric, before(metric), after(metric), change) for after, change in more)
        if (first := next(filter(None, said), None)) is not None:
            found[metric] = first
    return found


def _cares(metric: Metric, before: Readout, after: Readout, change: str) -> str | None:
    try:
        pairs = list(zip(numbers(metric, before), numbers(metric, after), strict=True))
    except (ClaimsError, ValueError, ZeroDivisionError):
        return None  # it cannot be read from an empty text at all, or not without its own prompt
    for one, (a, b) in zip(before.examples, pairs, strict=True):
        if np.isfinite(a) and np.isfinite(b) and a != b:
            return f"with nothing generated it is {a:g} on {one.id!r}, and {b:g} {change}"
    return None


def _of_nothing(loaded: Loaded, examples: Sequence[Example]) -> Callable[[Metric], Readout]:
    """What a metric gets of an empty text after these prompts."""
    coded = {prompt: loaded.tokenizer(prompt)["input_ids"] for prompt in {one.prompt for one in examples}}
    batch = pad([coded[one.prompt] for one in examples], loaded.device, "left")
    noted = tuple(torch.zeros(0, 1) for _ in examples)

    def readout(metric: Metric) -> Readout:
        nothing = Texts(
            ("",) * len(examples), ((),) * len(examples),
            lambda layer, head: [torch.zeros(0, int(n)) for n in batch.lengths],
            Noted(noted, {str(metric.option("list")): slice(0, 1)}),
        )  # fmt: skip
        return Readout(examples, batch, loaded.tokens, loaded.map, NoTensors(), generated=nothing)

    return readout


def spread(conditions: Iterable[Intervention], count: int, known: Collection[Way] = ()) -> list[Intervention]:
    """Some of them, from all over, and at least one of every operation and way of using it that is not known.

    Those with an intervention come first, since they can go wrong in more ways.
    """
    ordered = sorted(conditions, key=lambda condition: not condition.steps)
    chosen = ordered[:: max(1, len(ordered) // count)][:count]
    seen = {*known, *(way for condition in chosen for way in _ways(condition))}
    for condition in ordered:
        if not seen.issuperset(ways := _ways(condition)):
            chosen.append(condition)
            seen |= ways
    return chosen


def _ways(condition: Intervention) -> set[Way]:
    """What is done, whatever its place and seed."""
    return {
        (step.operation, *(pair for pair in step.options if pair[0] != "seed"), type(site))
        for step in condition.steps
        for site in step.sites
    }


def _near(ours: float, theirs: float, tolerance: float, scale: float) -> bool:
    return abs(ours - theirs) <= tolerance * max(scale, abs(theirs)) or (np.isnan(ours) and np.isnan(theirs))
