"""The noise floor: how far a cell's numbers move when nothing that matters changes.

The same examples are measured again in other batches, padded on the other side; under low precision also in float32.
The floor is the root mean square of the differences, for the claim's own metric.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from causal_claims.engine.fast import FastPath
from causal_claims.engine.generation import GenerationPath
from causal_claims.engine.loading import Loaded, load
from causal_claims.engine.room import free
from causal_claims.engine.settings import Settings
from causal_claims.engine.task import Path, Task
from causal_claims.errors import NotRunError
from causal_claims.examples import Example
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.sites import GENERATION

SAMPLE, SAMPLE_TEXTS = 8, 2  # examples; texts, which are followed token by token
Measured = Mapping[Intervention, Mapping[Metric, Mapping[str, float]]]  # what is known, by example id


def floor(
    loaded: Loaded,
    settings: Settings,
    metrics: Sequence[Metric],
    conditions: Sequence[Intervention],
    examples: Sequence[Example],
    measured: Measured,
    among: Sequence[int],
) -> dict[Metric, float]:
    """The noise of metrics that are measured together, found on a sample of their measured rows and conditions."""
    other = replace(settings, padding="left" if settings.padding == "right" else "right", row_tokens=1)
    size = SAMPLE_TEXTS if any(GENERATION in metric.reads() for metric in metrics) else SAMPLE
    task = Task(tuple(metrics), tuple(conditions), tuple(examples), sampled(among, size))
    path = GenerationPath if GENERATION in task.reads() else FastPath
    differences = _differences(path(loaded, other), task, measured)
    if loaded.dtype != "float32":
        exact = _in_float32(loaded, settings)
        for metric, more in _differences(path(exact, settings), task, measured).items():
            differences[metric] += more
    return {
        metric: float(np.sqrt(np.mean(np.square(found)))) if found else 0.0 for metric, found in differences.items()
    }


def _in_float32(loaded: Loaded, settings: Settings) -> Loaded:
    """The same model, twice as wide: where the cards do not hold it beside the other, on the host.

    It stays for the next metrics while there is room for passes beside both.
    """
    if "float32" in loaded.beside:
        return loaded.beside["float32"]
    try:
        exact = load(loaded.spec, settings, "float32")
    except NotRunError:
        if loaded.device.type == "cpu":
            raise
        exact = load(loaded.spec, replace(settings, device="cpu"), "float32")
    if min(free(settings.device)) >= settings.memory_gb:
        loaded.beside["float32"] = exact
    return exact


def sampled(rows: Sequence[int], size: int = SAMPLE) -> tuple[int, ...]:
    """Some of them, from all over."""
    return tuple(rows[:: max(1, len(rows) // size)])[:size]


def _differences(path: Path, task: Task, measured: Measured) -> dict[Metric, list[float]]:
    found: dict[Metric, list[float]] = {metric: [] for metric in task.metrics}
    for part in path.parts(task):
        for metric, known in measured[part.condition].items():
            gaps = part.values[metric] - [known[task.examples[row].id] for row in part.rows]
            found[metric] += [float(gap) for gap in gaps if np.isfinite(gap)]
    return found
