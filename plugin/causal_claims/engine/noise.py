"""The noise floor: how far a cell's numbers move when nothing that matters changes.

The same examples are measured again in other batches, padded on the other side; under low precision also in float32.
The floor is the root mean square of the differences, for the claim's own metric.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from causal_claims.engine.fast import FastPath
from causal_claims.engine.generation import GenerationPath
from causal_claims.engine.loading import Loaded, load
from causal_claims.engine.settings import Settings
from causal_claims.engine.task import Path, Task
from causal_claims.examples import Example
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.sites import GENERATION

SAMPLE, SAMPLE_TEXTS = 8, 2  # examples; texts, which are followed token by token
CHEAPEST_FIRST = ("bfloat16", "float16", "float32")


def floor(
    loaded: Loaded,
    settings: Settings,
    metric: Metric,
    conditions: Sequence[Intervention],
    examples: Sequence[Example],
    measured: Mapping[Intervention, Mapping[str, float]],
) -> float:
    """The noise of a metric, found on a sample of its examples and conditions."""
    size = SAMPLE_TEXTS if GENERATION in metric.reads() else SAMPLE
    rows = tuple(range(0, len(examples), max(1, len(examples) // size)))[:size]
    other = replace(settings, padding="left" if settings.padding == "right" else "right", row_tokens=1)
    task = Task((metric,), tuple(conditions), tuple(examples), rows)
    path = GenerationPath if GENERATION in metric.reads() else FastPath
    differences = _differences(path(loaded, other), task, measured)
    if loaded.dtype != "float32":
        exact = replace(load(loaded.spec, settings, "float32"), dtype="float32")
        differences += _differences(path(exact, settings), task, measured)
    return float(np.sqrt(np.mean(np.square(differences)))) if differences else 0.0


def cheapest(load_as: Callable[[str], float], margin: float) -> str:
    """The cheapest arithmetic whose floor is at most a tenth of the margin; float32 where none is."""
    for dtype in CHEAPEST_FIRST[:-1]:
        if load_as(dtype) <= margin / 10:
            return dtype
    return CHEAPEST_FIRST[-1]


def _differences(path: Path, task: Task, measured: Mapping[Intervention, Mapping[str, float]]) -> list[float]:
    found: list[float] = []
    for part in path.parts(task):
        known = measured[part.condition]
        for row, value in zip(part.rows, part.values[task.metrics[0]], strict=True):
            gap = float(value) - known[task.examples[row].id]
            if np.isfinite(gap):
                found.append(gap)
    return found
