"""A table's measurements, found by the spelling that claims print."""

from collections.abc import Iterable, Mapping, Sequence

from causal_claims.claims.effects import Cell
from causal_claims.errors import NotRunError, listing
from causal_claims.measurements import Measurement
from causal_claims.recorded.provenance import Picks


class Recorded:
    """The measurements of a table, by model, metric and condition."""

    def __init__(self, measurements: Iterable[Measurement], source: str, picks: Picks | None = None) -> None:
        self.source = source
        self.picks = picks or {}
        self._own = picks is not None  # arms as a run's claims read them: a sequential one's end where those were clear
        self._found = {one.key: one for one in measurements}
        self.models = tuple(dict.fromkeys(model for model, _, _ in self._found))

    def __len__(self) -> int:
        return len(self._found)

    def cells(self, model: str, cells: Sequence[Cell]) -> dict[Cell, Measurement]:
        """The measurements of these cells, matched by the spelling that claims print.

        A table without named examples serves claims over one set of examples; a metric's options may be left out
        where the table has the metric under its plain name.
        """
        named = len({cell.metric.over for cell in cells}) > 1
        found = {cell: self._one(cell.model or model, cell, named) for cell in cells}
        return _common(found) if self._own else found

    def some(self, keys: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], Measurement]:
        """Those of the keys that the table has, under the spelling it has them."""
        found = (self._get(*key) for key in keys)
        return {one.key: one for one in found if one is not None}

    def measurements(self) -> Iterable[Measurement]:
        """Every measurement of the table."""
        return self._found.values()

    def _get(self, model: str, metric: str, condition: str) -> Measurement | None:
        for name in dict.fromkeys((metric, metric.partition("(")[0])):
            for spelled in dict.fromkeys((condition, condition.partition(" on ")[0])):
                if (one := self._found.get((model, name, spelled))) is not None:
                    return one
        return None

    def _one(self, model: str, cell: Cell, named: bool) -> Measurement:
        conditions = [cell.condition_spelling] if named else [cell.condition_spelling, str(cell.condition)]
        for metric in dict.fromkeys((str(cell.metric), cell.metric.name)):
            for condition in conditions:
                if (found := self._found.get((model, metric, condition))) is not None:
                    return found
        raise NotRunError(self._missing(model, cell))

    def _missing(self, model: str, cell: Cell) -> str:
        if model not in self.models:
            return f"{self.source} has no measurements of the model {model!r}; it has {listing(self.models)}."
        metrics = dict.fromkeys(metric for m, metric, _ in self._found if m == model)
        if str(cell.metric) not in metrics and cell.metric.name not in metrics:
            return f"{self.source} has no metric {str(cell.metric)!r} for {model}; it has {listing(metrics)}."
        conditions = [
            c for m, metric, c in self._found if m == model and metric in (str(cell.metric), cell.metric.name)
        ]
        return f"{self.source} has no condition {cell.condition_spelling!r} of {cell.metric} for {model}; it has {listing(conditions, 6)}."


def _common(found: Mapping[Cell, Measurement]) -> dict[Cell, Measurement]:
    """The cells of one claim on the examples that all cells of their set have."""
    shared: dict[str | None, set[str]] = {}
    for cell, one in found.items():
        shared[cell.metric.over] = shared.get(cell.metric.over, set(one.examples)) & set(one.examples)
    return {cell: one.only(shared[cell.metric.over]) for cell, one in found.items()}
