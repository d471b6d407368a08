"""The numbers behind a claim, one per independent example, from the measurements of its run."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_claims.ledger import Record
from causal_claims.measurements import Measurement
from causal_claims.recorded import Recorded
from causal_claims.statistics.clusters import cluster_means

Array = NDArray[np.float64]
Key = tuple[str, str, str]  # model, metric, condition as spelled
Term = tuple[float, Key]


@dataclass(frozen=True, eq=False)
class Values:
    """An effect on every unit; the arms where it is one condition minus the baseline, or a level."""

    labels: tuple[str, ...]
    total: Array
    terms: tuple[Term, ...]
    arms: tuple[Array, Array] | None  # baseline and condition

    @property
    def n(self) -> int:
        return len(self.labels)


class Numbers:
    """A run's measurements by unit, each collapsed once."""

    def __init__(self, recorded: Recorded | None) -> None:
        self._recorded = recorded
        self._found: dict[Key, tuple[tuple[str, ...], Array] | None] = {}

    def __bool__(self) -> bool:
        return self._recorded is not None

    def of(self, record: Record, place: int = 0) -> Values | None:
        """What a record's effect was on every unit; None where the table lacks a cell, or the arms are not paired."""
        return self.total(terms_of(record)[place]) if len(record.effects) > place else None

    def total(self, terms: Sequence[Term]) -> Values | None:
        found = [(weight, self.cell(key)) for weight, key in terms]
        first = found[0][1] if found else None
        if first is None or any(one is None or one[0] != first[0] for _, one in found):
            return None
        columns = [(weight, one[1]) for weight, one in found if one is not None]
        total = np.sum([weight * column for weight, column in columns], axis=0)
        pair = len(columns) == 2 and columns[0][0] == 1 and columns[1][0] == -1 and _same_metric(terms)
        return Values(first[0], total, tuple(terms), (columns[1][1], columns[0][1]) if pair else None)

    def cell(self, key: Key) -> tuple[tuple[str, ...], Array] | None:
        """Units in order, and the mean of each."""
        if key not in self._found:
            known = self._recorded.some([key]) if self._recorded is not None else {}
            self._found[key] = _by_unit(next(iter(known.values()))) if known else None
        return self._found[key]

    def measurements(self) -> Sequence[Measurement]:
        return list(self._recorded.measurements()) if self._recorded is not None else []


class Shelf:
    """Columns that pictures were drawn from, kept once for the whole page, for the script that draws and saves them.

    A column is 65,535 steps between its smallest and largest number, five digits: enough for a picture, at a quarter of
    the bytes.  Differences are a column of their own, so that small ones between large numbers keep theirs.
    """

    def __init__(self) -> None:
        self._labels: dict[tuple[str, ...], int] = {}
        self._columns: dict[Any, int] = {}
        self._packed: list[tuple[str, float, float]] = []

    def units(self, labels: tuple[str, ...]) -> int:
        return self._labels.setdefault(labels, len(self._labels))

    def column(self, name: Any, values: Array) -> int:
        if name not in self._columns:
            self._columns[name] = len(self._packed)
            low = float(values.min())
            step = float(f"{(float(values.max()) - low) / 65535:.6g}")
            codes = np.rint((values - low) / step).clip(0, 65535) if step > 0 else np.zeros(len(values))
            packed = base64.b64encode(codes.astype("<u2").tobytes()).decode().rstrip("=")
            self._packed.append((packed, float(f"{low:.8g}"), step))
        return self._columns[name]

    def plain(self) -> dict[str, Any]:
        return {"units": list(self._labels), "columns": self._packed}


def terms_of(record: Record) -> list[tuple[Term, ...]]:
    """The effects of a record as sums of cells."""
    return [
        tuple((float(w), (str(m or record.model), str(metric), str(condition))) for w, metric, condition, m in one)
        for one in record.effects
    ]


def baseline_of(key: Key) -> Key:
    model, metric, condition = key
    over = condition.partition(" on ")[2]
    return model, metric, f"baseline on {over}" if over else "baseline"


def is_baseline(key: Key) -> bool:
    return key[2] == "baseline" or key[2].startswith("baseline on ")


def _same_metric(terms: Sequence[Term]) -> bool:
    return len({key[:2] for _, key in terms}) == 1


def _by_unit(found: Measurement) -> tuple[tuple[str, ...], Array]:
    if len(set(found.clusters)) == len(found.clusters):
        order = sorted(range(len(found.clusters)), key=found.clusters.__getitem__)
        if order == list(range(len(order))):
            return found.clusters, found.values
        return tuple(found.clusters[i] for i in order), found.values[order]
    means: Mapping[str, float] = dict(
        zip(*(lambda m: (m.labels, m.means))(cluster_means(found.values, found.clusters)), strict=True)
    )
    labels = tuple(sorted(means))
    return labels, np.array([means[one] for one in labels])
