"""What the engine finds out about its own numbers: the other path, the noise floor, the basis, the empty text."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from causal_claims.engine.gauge import gauge_shift, reads_values
from causal_claims.engine.loading import Loaded
from causal_claims.engine.noise import floor
from causal_claims.engine.readout import Noted, NoTensors, Readout, Texts, numbers
from causal_claims.engine.settings import Settings
from causal_claims.engine.task import Path, Task
from causal_claims.engine.tokens import pad
from causal_claims.engine.work import Work
from causal_claims.errors import ClaimsError, listing
from causal_claims.examples import Example
from causal_claims.metrics.metric import Metric
from causal_claims.sites import GENERATION

TOLERANCE = {"float32": 1.0, "float16": 300.0, "bfloat16": 3000.0}  # times the setting's


class Examination:
    """Of cells that are computed alike, on one set of rows."""

    def __init__(self, loaded: Loaded, settings: Settings, path: Callable[[Task, str], Path]) -> None:
        self._loaded, self._settings, self._path = loaded, settings, path
        self._tolerance = settings.tolerance * TOLERANCE[loaded.dtype]

    def of(self, works: Sequence[Work]) -> dict[str, object]:
        """Facts that all of these cells share."""
        settings, metric, examples = self._settings, works[0].cell.metric, works[0].data.examples
        sample = _spread(works, max(1, settings.cross_examined))
        found: dict[str, object] = {}
        if settings.gauge and (moved := self._gauge(metric, examples)) is not None:
            found["gauge"] = moved
        if settings.backend == "fast" and settings.cross_examined:
            found["cross_examined"] = self._compare(sample)
        if settings.noise and (noise := self._noise(sample)) is not None:
            found["noise_floor"] = noise
        return found

    def of_metric(self, metric: Metric, examples: Sequence[Example]) -> dict[str, object]:
        """Facts of one metric, found without any pass."""
        if GENERATION in metric.reads() and (counted := counts_prompt(self._loaded, metric, examples)) is not None:
            return {"counts_prompt": counted}
        return {}

    def _compare(self, sample: Sequence[Work]) -> str:
        """Measure a sample again by the reference path: `agrees`, or where the two part."""
        rows = tuple(range(min(self._settings.cross_examples, len(sample[0].data.examples))))
        if GENERATION in sample[0].cell.metric.reads():
            if self._loaded.dtype != "float32":
                return "not done: in low precision a text may part at any near tie"
            rows, sample = rows[:1], sample[:1]  # the reference path reads the whole text again for every token
        worst = 0.0
        for work in sample:
            metric, examples = work.cell.metric, work.data.examples
            task = Task((metric,), (work.cell.condition,), examples, rows)
            pairs = [
                (examples[row].id, work.values[examples[row].id], float(theirs))
                for part in self._path(task, "reference").parts(task)
                for row, theirs in zip(part.rows, part.values[metric], strict=True)
            ]
            apart = [pair for pair in pairs if not _near(pair[1], pair[2], self._tolerance)]
            # a whole number flips at a tie that rounding decides; one such flip is no disagreement
            spared = len(rows) // 4 if all(float(x).is_integer() for _, *both in pairs for x in both) else 0
            if len(apart) > spared:
                one, ours, theirs = apart[0]
                return (
                    f"disagrees: {metric} under {work.cell.condition} on example {one!r} is {ours:.7g} by the fast path and "
                    f"{theirs:.7g} by the reference path"
                )
            gaps = [abs(ours - theirs) for _, ours, theirs in pairs if not (np.isnan(ours) or np.isnan(theirs))]
            worst = max([worst, *gaps])
        return f"agrees to {worst:.1e} on {len(rows)} examples under {listing([work.cell.condition for work in sample], 3)}"

    def _noise(self, sample: Sequence[Work]) -> float | None:
        metric = sample[0].cell.metric
        generates = GENERATION in metric.reads() and metric.option("along") is None
        if generates or self._settings.backend == "reference":
            return None
        measured = {work.cell.condition: work.values for work in sample if work.cell.metric == metric}
        return floor(self._loaded, self._settings, metric, tuple(measured), sample[0].data.examples, measured)

    def _gauge(self, metric: Metric, examples: Sequence[Example]) -> str | None:
        """Whether the metric follows the basis in which heads keep their values; None where it reads none of them."""
        if not reads_values(metric):
            return None
        shift = gauge_shift(self._loaded, self._settings, metric, examples)
        if shift <= 10 * self._tolerance:
            return f"unmoved: {shift:.1e}"
        return f"moves by {shift:.2g} when the values are written in another basis"


def counts_prompt(loaded: Loaded, metric: Metric, examples: Sequence[Example]) -> str | None:
    """Where nothing is generated a metric of generated text is the same for all examples, or it counts their prompts."""
    tokens = loaded.tokens
    batch = pad([tokens.prompt(one.prompt, f"example {one.id!r}") for one in examples], loaded.device, "left")
    nothing = Texts(
        ("",) * len(examples), ((),) * len(examples), lambda layer, head: [torch.zeros(0, int(n)) for n in batch.lengths],
        Noted(tuple(torch.zeros(0, 1) for _ in examples), {str(metric.option("list")): slice(0, 1)}),
    )  # fmt: skip
    readout = Readout(examples, batch, tokens, loaded.map, NoTensors(), generated=nothing)
    try:
        found = numbers(metric, readout)
    except (ClaimsError, ValueError, ZeroDivisionError):
        return None  # it cannot be read from an empty text at all
    odd = [i for i, value in enumerate(found) if np.isfinite(value) and value != found[0]]
    if not odd or not np.isfinite(found[0]):
        return None
    return f"with nothing generated it is {found[0]:g} on {examples[0].id!r} and {found[odd[0]]:g} on {examples[odd[0]].id!r}"


def _spread(works: Sequence[Work], count: int) -> list[Work]:
    """Some of them, from all over: those with an intervention first, since they can go wrong in more ways."""
    ordered = sorted(works, key=lambda work: not work.cell.condition.steps)
    step = max(1, len(ordered) // count)
    return ordered[::step][:count]


def _near(ours: float, theirs: float, tolerance: float) -> bool:
    return abs(ours - theirs) <= tolerance * max(1.0, abs(theirs)) or (np.isnan(ours) and np.isnan(theirs))
