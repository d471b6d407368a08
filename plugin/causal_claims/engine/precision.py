"""The cheapest arithmetic that a margin can bear: its measured noise floor is at most a tenth of the margin."""

import time
from collections.abc import Callable, Iterable, Sequence

import torch

from causal_claims.claims.effects import Cell
from causal_claims.engine.examination import has_floor, spread
from causal_claims.engine.fast import FastPath
from causal_claims.engine.loading import Loaded
from causal_claims.engine.noise import floor, sampled
from causal_claims.engine.settings import Settings
from causal_claims.engine.task import Task
from causal_claims.engine.work import Work, together
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric

Margins = Iterable[tuple[Sequence[Cell], float]]  # the cells that a claim compares, and its margin


def by_margin(cells: Sequence[Cell], margins: Margins) -> list[tuple[list[Cell], float]]:
    """Cells in sets that no claim compares across, each with the smallest margin it must bear; 0 where none is known.

    Arms that are compared share their arithmetic, so metrics that one claim reads stay together.
    """
    head: dict[Metric, Metric] = {cell.metric: cell.metric for cell in cells}
    least: dict[Metric, float] = {}

    def first(metric: Metric) -> Metric:
        while head[metric] != metric:
            metric = head[metric]
        return metric

    for compared, margin in margins:
        metrics = [cell.metric for cell in compared if cell.metric in head]
        for metric in metrics:
            least[metric] = min(margin, least.get(metric, margin))
            head[first(metric)] = first(metrics[0])
    sets: dict[Metric, list[Cell]] = {}
    for cell in cells:
        sets.setdefault(first(cell.metric), []).append(cell)
    return [(found, min(least.get(cell.metric, 0.0) for cell in found)) for found in sets.values()]


def cheapest(order: Sequence[str], floor_of: Callable[[str], float], margin: float) -> str:
    """The first of these arithmetics that the margin bears; float32 needs no proof."""
    for dtype in order:
        if dtype == "float32" or (margin > 0 and floor_of(dtype) <= margin / 10):
            return dtype
    return "float32"


def cheapest_first(device: torch.device) -> tuple[str, ...]:
    """By the time that this machine takes for a matrix product: a processor may be slower in fewer bits."""
    taken = {}
    for dtype in ("bfloat16", "float16", "float32"):
        one = torch.ones(512, 512, dtype=getattr(torch, dtype), device=device)
        times = []
        for _ in range(4):
            begun = time.perf_counter()
            (one @ one).sum().item()
            times.append(time.perf_counter() - begun)
        taken[dtype] = min(times)
    return tuple(sorted(taken, key=taken.__getitem__))


def floor_of(loaded: Loaded, settings: Settings, works: Sequence[Work]) -> float:
    """The largest noise floor of these cells in the loaded arithmetic, on a sample; infinite for text, which has none."""
    worst = 0.0
    for metrics, members in together(works):
        if not all(has_floor(metric) for metric in metrics):
            return float("inf")
        examples, rows = members[0].data.examples, sampled(members[0].rows)
        conditions = spread((work.cell.condition for work in members), 2)
        task = Task(metrics, tuple(conditions), examples, rows)
        found: dict[Intervention, dict[Metric, dict[str, float]]] = {}
        for part in FastPath(loaded, settings).parts(task):
            for metric in metrics:
                ids = (examples[row].id for row in part.rows)
                values = dict(zip(ids, map(float, part.values[metric]), strict=True))
                found.setdefault(part.condition, {}).setdefault(metric, {}).update(values)
        worst = max(worst, *floor(loaded, settings, metrics, conditions, examples, found, rows).values())
    return worst
