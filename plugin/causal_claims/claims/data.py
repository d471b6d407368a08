"""What a rule reads: for each effect, one number per independent unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_claims.claims.effects import Cell, Effect
from causal_claims.errors import ClaimsError
from causal_claims.measurements import Measurement
from causal_claims.statistics.clusters import cluster_means

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sample:
    """An effect's values over independent units of one set of examples, and what may be known about them."""

    values: Array  # units
    arms: tuple[Array, Array] | None  # units each: condition and baseline, when the effect is one minus the other
    rows: int  # examples before collapsing
    unit: str  # "example", or "cluster" where several rows were averaged
    bound: float | None  # largest possible |value|, where the metric declares a range
    contrast: bool = False  # a sum of cells other than condition minus baseline: it may be negative where it never was
    labels: tuple[str, ...] = ()  # of the units, in order, where they are cells' own

    @property
    def n(self) -> int:
        return len(self.values)

    @cached_property
    def is_binary(self) -> bool:
        """Rows of 0 and 1, paired or single: decided by exact binomial rules."""
        if self.rows != self.n or self.contrast:
            return False
        arms = self.arms if self.arms is not None else (self.values,)
        return all(bool(np.isin(arm, (0.0, 1.0)).all()) for arm in arms)

    @cached_property
    def is_discrete(self) -> bool:
        """Counts: every value a whole number."""
        arms = self.arms if self.arms is not None else (self.values,)
        return all(bool((arm == np.round(arm)).all()) for arm in arms)

    @cached_property
    def nonzero(self) -> int:
        return int(np.count_nonzero(self.values))

    @cached_property
    def events(self) -> int:
        """Units where any arm is not zero; few events can show little, whatever n is."""
        arms = self.arms if self.arms is not None else (self.values,)
        return int(np.count_nonzero(np.any(np.stack(arms) != 0, axis=0)))


class Data:
    """The measurements of a claim's cells, paired and collapsed to independent units."""

    def __init__(
        self,
        cells: Mapping[Cell, Measurement],
        *,
        seed: int,
        confidence: float = 0.95,
        units: Mapping[str | None, Sequence[str]] | None = None,
    ) -> None:
        self.cells = cells
        self.seed = seed
        self.confidence = confidence
        self.estimates: dict[Effect, Any] = {}  # what has been estimated from these numbers already
        self._samples: dict[Effect, tuple[Sample, ...]] = {}
        self._units = dict(units or {})  # per set of examples, the unit of each row, where it is not the cluster

    def at(self, confidence: float) -> "Data":
        """The same numbers, to be judged at another confidence."""
        made = Data(self.cells, seed=self.seed, confidence=confidence, units=self._units)
        made._samples = self._samples
        return made

    def samples(self, effect: Effect) -> tuple[Sample, ...]:
        """One sample, or one per set of examples where the effect spans several independent sets."""
        if effect not in self._samples:
            groups = self._groups(effect)
            if effect.pools:  # in an order that is the same for every effect
                groups = sorted(groups, key=lambda terms: min(self.units(terms[0][1])))
            parts = tuple(self._sample(terms) for terms in groups)
            self._samples[effect] = (_together(parts),) if effect.pools else parts
        return self._samples[effect]

    def sample(self, effect: Effect) -> Sample:
        """The one sample of an effect whose cells share their units."""
        samples = self.samples(effect)
        if len(samples) > 1:
            raise ClaimsError(f"{effect.label}: its cells lie on different examples, and this kind pairs by example.")
        return samples[0]

    def matrix(self, effects: Sequence[Effect]) -> Array:
        """Effects as columns over the same units."""
        columns = [self.sample(one).values for one in effects]
        if len({len(column) for column in columns}) > 1:
            sizes = ", ".join(str(len(column)) for column in columns[:6])
            raise ClaimsError(
                f"the effects compared here lie on different examples (n = {sizes}); measure them on the same."
            )
        return np.column_stack(columns)  # units x effects

    def units(self, cell: Cell) -> tuple[str, ...]:
        """The independent unit of each row of a cell."""
        return tuple(self._units.get(cell.metric.over, self.cells[cell].clusters))

    def _groups(self, effect: Effect) -> list[list[tuple[float, Cell]]]:
        """Terms by set of units: cells whose units are the same are paired, others are independent samples."""
        groups: dict[frozenset[str], list[tuple[float, Cell]]] = {}
        for weight, cell in effect.terms:
            groups.setdefault(frozenset(self.units(cell)), []).append((weight, cell))
        keys = list(groups)
        for i, one in enumerate(keys):
            for other in keys[i + 1 :]:
                if shared := one & other:
                    raise ClaimsError(
                        f"{effect.label}: its sets of examples share {len(shared)} of {len(one)} and {len(other)} clusters "
                        f"(e.g. {min(shared)!r}); they must be the same (paired) or disjoint (independent)."
                    )
        return list(groups.values())

    def _sample(self, terms: list[tuple[float, Cell]]) -> Sample:
        if not any(weight for weight, _ in terms):  # all cancelled: both arms are the same
            terms = [(1.0, terms[0][1]), (-1.0, terms[0][1])]
        terms = [(weight, cell) for weight, cell in terms if weight]
        cells = [cell for _, cell in terms]
        means = [cluster_means(self.cells[cell].values, self.units(cell)) for cell in cells]
        order = [dict(zip(mean.labels, mean.means, strict=True)) for mean in means]
        labels = sorted(order[0])
        arrays = [np.array([one[label] for label in labels], dtype=np.float64) for one in order]
        total = np.sum([weight * array for (weight, _), array in zip(terms, arrays, strict=True)], axis=0)
        rows = max(len(self.cells[cell].values) for cell in cells)
        paired = len(terms) == 2 and terms[0][0] == 1 and terms[1][0] == -1 and cells[0].metric == cells[1].metric
        return Sample(
            total,
            (arrays[0], arrays[1]) if paired else None,
            rows,
            "example" if rows == len(labels) else "cluster",
            _bound(terms),
            contrast=not paired and (len(terms) > 1 or terms[0][0] != 1),
            labels=tuple(labels),
        )


def _together(samples: Sequence[Sample]) -> Sample:
    """Samples of disjoint sets, one after another."""
    arms = [one.arms for one in samples if one.arms is not None]
    bounds = [one.bound for one in samples if one.bound is not None]
    paired = len(arms) == len(samples)
    return Sample(
        np.concatenate([one.values for one in samples]),
        (np.concatenate([arm for arm, _ in arms]), np.concatenate([arm for _, arm in arms])) if paired else None,
        sum(one.rows for one in samples),
        "cluster" if any(one.unit == "cluster" for one in samples) else "example",
        max(bounds) if len(bounds) == len(samples) else None,
        contrast=any(one.contrast for one in samples),
    )


def _bound(terms: list[tuple[float, Cell]]) -> float | None:
    """The largest |sum| that the metrics' declared ranges allow."""
    high = low = 0.0
    for weight, cell in terms:
        spec = cell.metric.spec
        if spec is None or not spec.bounded:
            return None
        ends = (weight * spec.low, weight * spec.high)
        low, high = low + min(ends), high + max(ends)
    return max(abs(low), abs(high))
