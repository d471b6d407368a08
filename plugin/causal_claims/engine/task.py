"""What both paths are asked to do, and what they give back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from causal_claims.engine.delivery import Delivery
from causal_claims.engine.edits import edits
from causal_claims.examples import Example
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.sites import LAST, Point, Stage

Known = Callable[[Intervention, Sequence[int]], bool]


@dataclass(frozen=True, eq=False)
class Task:
    """Metrics under conditions, on some rows of a set of examples.

    A run that goes on where an earlier one was cut off asks for the same task, and leaves out whole batches that are
    known.  So a number never depends on where the cut was: another batch would round it otherwise in its last digits.
    """

    metrics: tuple[Metric, ...]
    conditions: tuple[Intervention, ...]
    examples: tuple[Example, ...]  # the whole set: means and resampling draw on it
    rows: tuple[int, ...]  # those to be measured
    known: Known = lambda condition, rows: False  # what need not be measured again

    def reads(self) -> set[Point]:
        return {point for metric in self.metrics for point in metric.reads()}

    @property
    def every_position(self) -> bool:
        return any(metric.spec is not None and metric.spec.positions == "all" for metric in self.metrics)


@dataclass(frozen=True, eq=False)
class Part:
    """One condition's numbers on some rows."""

    condition: Intervention
    rows: tuple[int, ...]
    values: Mapping[Metric, NDArray[np.float64]]
    delivery: Delivery
    seconds: float = 0.0
    facts: Mapping[str, str] = field(default_factory=dict)


class Path(Protocol):
    """A way of measuring."""

    def parts(self, task: Task) -> Iterator[Part]: ...


Keys = frozenset[tuple[str, int]]  # ("v", 27): tensors to be kept


def kept(points: Sequence[Point] | set[Point]) -> Keys:
    """The tensors that metrics reading at these points may ask for."""
    names = {
        Stage.QKV: ("v",),
        Stage.PATTERN: ("qk", "v"),
        Stage.Z: ("z",),
        Stage.RESID_PRE: ("resid_pre",),
        Stage.RESID_MID: ("resid_mid",),
        Stage.RESID_POST: ("resid_post",),
    }
    return frozenset((name, p.layer) for p in points if p.layer != LAST for name in names[p.stage])


def last_point(task: Task, condition: Intervention, layers: int) -> Point:
    """Where a run may stop: after the last read and the last write."""
    points = [*task.reads(), *(Point(edit.site.layer, edit.stage) for edit in edits(condition))]
    last = max(points, default=Point(0, Stage.RESID_PRE))
    return Point(layers - 1, Stage.LOGITS) if last.layer == LAST else last
