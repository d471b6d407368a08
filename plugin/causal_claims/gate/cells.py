"""From a record back to the cells it rests on: what a claim compared, with the numbers of one run or of two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from causal_claims.claims.data import Data
from causal_claims.claims.effects import Cell, Effect
from causal_claims.errors import NotRunError
from causal_claims.gate.run import Run
from causal_claims.interventions.intervention import Intervention, parse_condition
from causal_claims.judging.numbers import repeated_rows
from causal_claims.ledger import Record
from causal_claims.measurements import Measurement
from causal_claims.metrics.metric import Metric

Term = tuple[float, str, str, str]  # weight, metric, condition as spelled, model
OLD, NEW = "old", "new"


@dataclass(frozen=True)
class Tracked:
    """A sum of cells, as a record spells them, that one run or the other can fill with numbers."""

    terms: tuple[Term, ...]

    def __mul__(self, factor: float) -> Tracked:
        return Tracked(tuple((factor * w, *rest) for w, *rest in self.terms))  # type: ignore[misc]

    def __add__(self, other: Tracked) -> Tracked:
        weights: dict[tuple[str, str, str], float] = {}
        for weight, *key in (*self.terms, *other.terms):
            weights[key[0], key[1], key[2]] = weights.get((key[0], key[1], key[2]), 0.0) + weight
        return Tracked(tuple((weight, *key) for key, weight in weights.items() if weight != 0))

    @property
    def baselines(self) -> Tracked:
        """The same metrics without any intervention, each once."""
        found = dict.fromkeys((metric, _baseline(condition), model) for _, metric, condition, model in self.terms)
        return Tracked(tuple((1.0, *key) for key in list(found)[:1]))

    @property
    def intervenes(self) -> bool:
        return any(not condition.startswith("baseline") for _, _, condition, _ in self.terms)


def effects_of(record: Record) -> tuple[Tracked, ...]:
    """The effects a record was judged from, in the order its rule has them."""
    return tuple(
        Tracked(tuple((float(w), str(metric), str(condition), str(model or record.model)) for w, metric, condition, model in one))
        for one in record.effects
    )  # fmt: skip


def measured(run: Run, term: Term) -> Measurement | None:
    """A run's numbers for one term, in the order of the example ids."""
    if run.recorded is None:
        return None
    found = run.recorded.some([(term[3], term[1], term[2])])
    return _sorted(next(iter(found.values()))) if found else None


@dataclass(frozen=True, eq=False)
class Joined:
    """Sums of cells of several runs over the same examples, one effect a side."""

    cells: Mapping[Cell, Measurement]
    units: Mapping[str | None, tuple[str, ...]]
    effects: tuple[Effect, ...]

    def data(self, confidence: float = 0.95) -> Data:
        return Data(self.cells, seed=0, confidence=confidence, units=self.units)


def joined(*sides: tuple[str, Run, Tracked]) -> Joined:
    """The numbers of each side, named so that the same cell of two runs stays two cells.

    Rows that repeat each other to the last digit in the first side's run count once, as they did when it was judged.
    """
    cells: dict[Cell, Measurement] = {}
    effects = []
    for side, run, tracked in sides:
        terms = []
        for term in tracked.terms:
            cell = _cell(term, side)
            if cell not in cells:
                if (numbers := measured(run, term)) is None:
                    raise NotRunError(f"{run.name} has no numbers for {term[1]} under {term[2]} of {term[3]}")
                cells[cell] = numbers
            terms.append((term[0], cell))
        effects.append(Effect(tuple(terms), side))
    first = set(effects[0].cells)
    units = repeated_rows({cell: found for cell, found in cells.items() if cell in first})
    return Joined(cells, units, tuple(effects))


@lru_cache(maxsize=65536)
def _cell(term: Term, side: str) -> Cell:
    condition, _, over = term[2].partition(" on ")
    return Cell(_metric(term[1], over or None), _condition(condition), f"{term[3]}@{side}")


@lru_cache(maxsize=8192)
def _condition(text: str) -> Intervention:
    return parse_condition(text)


def _metric(text: str, over: str | None) -> Metric:
    """A metric by its spelling; options stay text, since only identity matters here."""
    name, _, options = text.partition("(")
    found = Metric(name, over=over)
    if options:
        object.__setattr__(found, "options", (("as", options.rstrip(")")),))
    return found


def _baseline(condition: str) -> str:
    over = condition.partition(" on ")[2]
    return f"baseline on {over}" if over else "baseline"


def _sorted(found: Measurement) -> Measurement:
    order = sorted(range(len(found.examples)), key=found.examples.__getitem__)
    if order == list(range(len(order))):
        return found
    return replace(
        found,
        examples=tuple(found.examples[i] for i in order),
        clusters=tuple(found.clusters[i] for i in order),
        values=found.values[np.array(order)],
    )
