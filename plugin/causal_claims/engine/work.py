"""A cell that is being measured, and which cells one set of passes serves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from causal_claims.claims.effects import Cell
from causal_claims.engine.decoding import Decoding
from causal_claims.engine.delivery import Delivery
from causal_claims.engine.loading import Loaded
from causal_claims.engine.store import Address, Entry
from causal_claims.engine.task import Part
from causal_claims.examples import ExampleSet
from causal_claims.interventions.intervention import Intervention
from causal_claims.measurements import Measurement
from causal_claims.metrics.metric import Metric
from causal_claims.sites import GENERATION, Point


@dataclass(eq=False)
class Work:
    """What is known of a cell so far."""

    cell: Cell
    data: ExampleSet  # the rows that can be used
    address: Address
    about: Mapping[str, str] = field(default_factory=dict)  # facts of its rows, known before any pass
    values: dict[str, float] = field(default_factory=dict)
    delivery: Delivery | None = None
    seconds: float = 0.0
    facts: dict[str, str] = field(default_factory=dict)
    entry: Entry | None = None  # once it is finished
    rows: tuple[int, ...] = ()  # of the set, those asked for

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(row for row in self.rows if self.data.examples[row].id not in self.values)

    @property
    def whole(self) -> bool:
        """Whether every example of the set is measured; a cell that is not is kept in parts."""
        return all(one.id in self.values for one in self.data.examples)

    def go_on_from(self, other: "Work") -> None:
        """The same cell, of which fewer rows were asked for before."""
        self.values, self.delivery, self.seconds, self.facts = other.values, other.delivery, other.seconds, other.facts

    def take(self, values: Mapping[str, float], part: Part) -> None:
        """Numbers of some rows, and how they came about."""
        self.values.update(values)
        self.seconds += part.seconds
        self.facts.update(part.facts)
        if self.delivery is None:
            self.delivery = Delivery(self.cell.condition)
        self.delivery.add(part.delivery)

    def take_up(self, entry: Entry) -> None:
        """A part that an earlier run saved before it was cut off."""
        delivery = Delivery(self.cell.condition, int(entry.facts["expected"]), int(entry.facts["fired"]))
        delivery.changed = float(entry.facts["changed"])
        self.take(entry.values, Part(self.cell.condition, (), {}, delivery, float(entry.facts["seconds"])))

    def facts_of(self, loaded: Loaded, removed: bool) -> dict[str, Any]:
        """What the store keeps beside the numbers."""
        return {
            **_delivered(self.cell.condition, self.delivery), "removed": removed, "seconds": self.seconds,
            "dtype": loaded.dtype, "data": self.data.hash, "weights": loaded.weights_hash, **self.facts,
        }  # fmt: skip

    def measurement(self, loaded: Loaded) -> Measurement:
        assert self.entry is not None
        asked = [self.data.examples[row] for row in self.rows]
        ids = tuple(one.id for one in asked)
        facts = dict(self.entry.facts)
        delivery = Delivery(self.cell.condition, int(facts.pop("expected")), int(facts.pop("fired")))
        delivery.changed, removed = float(facts.pop("changed")), bool(facts.pop("removed"))
        noise, seconds = facts.pop("noise_floor", None), float(facts.pop("seconds"))
        known = {**{k: str(v) for k, v in facts.items()}, **self.about}
        return Measurement(
            model=loaded.spec.key,
            metric=str(self.cell.metric),
            condition=self.cell.condition_spelling,
            examples=ids,
            clusters=tuple(one.unit for one in asked),
            values=np.array([self.entry.values[one] for one in ids], dtype=np.float64),
            receipt=delivery.receipt(loaded.resolved, removed) if self.cell.condition.steps else None,
            noise_floor=noise,
            seconds=seconds,
            facts={**known, **_stand_in(loaded), "revision": loaded.revision, "device": loaded.where},
        )


def _stand_in(loaded: Loaded) -> dict[str, str]:
    return {} if loaded.spec.standing_in is None else {"stand_in": loaded.spec.standing_in}


def part_facts(part: Part) -> dict[str, Any]:
    return {**_delivered(part.condition, part.delivery), "seconds": part.seconds, **part.facts}


def by_examples(works: Iterable[Work]) -> Iterator[list[Work]]:
    """Cells on the same rows, in the order asked."""
    groups: dict[tuple[str | None, str], list[Work]] = {}
    for work in works:
        groups.setdefault((work.cell.metric.over, work.data.hash), []).append(work)
    yield from groups.values()


def together(works: Iterable[Work]) -> Iterator[tuple[tuple[Metric, ...], list[Work]]]:
    """Cells that one set of passes serves: conditions under which the same metrics are asked for, or more metrics that
    can be read on the way; and all that is read from texts of one way of generating.

    Known cells stay in, so that batches are the same whatever is known; see Task.
    """
    by_condition: dict[tuple[Intervention, Decoding | None], list[Work]] = {}
    for work in works:
        metric = work.cell.metric
        decoding = Decoding.of(metric) if GENERATION in metric.reads() else None
        by_condition.setdefault((work.cell.condition, decoding), []).append(work)
    merged: dict[frozenset[Metric] | Decoding, list[Work]] = {}
    for (_, decoding), members in by_condition.items():
        merged.setdefault(decoding or frozenset(work.cell.metric for work in members), []).extend(members)
    for metrics in sorted((key for key in merged if isinstance(key, frozenset)), key=len):
        if (more := _read_on_the_way(metrics, merged)) is not None:
            merged[more].extend(merged.pop(metrics))
    for members in merged.values():
        yield tuple(sorted({work.cell.metric for work in members}, key=str)), members


def _read_on_the_way(
    metrics: frozenset[Metric], groups: Iterable[frozenset[Metric] | Decoding]
) -> frozenset[Metric] | None:
    """The metrics of another group that are these and one or two more, read no later: its clean pass then serves both."""
    wider = [
        one
        for one in groups
        if isinstance(one, frozenset) and one > metrics and len(one - metrics) <= 2 and _reach(one) == _reach(metrics)
    ]
    return min(wider, key=len, default=None)


def _reach(metrics: Iterable[Metric]) -> tuple[Point, bool]:
    """How far a pass must go, and whether every position's logits are read."""
    everywhere = any(metric.spec is not None and metric.spec.positions == "all" for metric in metrics)
    return max(point for metric in metrics for point in metric.reads()), everywhere


def halves(works: Sequence[Work]) -> tuple[list[Work], list[Work]]:
    """Two tasks for one: by condition, or by metric where there is one condition."""
    several = len({work.cell.condition for work in works}) > 1
    keys = [work.cell.condition if several else work.cell.metric for work in works]
    order: list[object] = list(dict.fromkeys(keys))
    first = set(order[: len(order) // 2])
    return (
        [work for work, key in zip(works, keys, strict=True) if key in first],
        [work for work, key in zip(works, keys, strict=True) if key not in first],
    )


def _delivered(condition: Intervention, delivery: Delivery | None) -> dict[str, Any]:
    found = Delivery(condition)
    if delivery is not None:
        found.add(delivery)
    return {"expected": found.expected, "fired": found.fired, "changed": found.changed}
