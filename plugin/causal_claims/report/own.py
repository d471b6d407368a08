"""A claim's own picture: what the intervention did to every single example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from causal_claims.ledger import Record
from causal_claims.report.pictures.pairs import pairs
from causal_claims.report.text import clean
from causal_claims.report.values import Numbers, Shelf, Values

_NOT_PAIRED = ("correlates", "enriched", "exactly")


@dataclass(frozen=True)
class ByExample:
    """The differences of one claim, sorted; drawn here, or by the script where a page would grow too large."""

    places: str  # of its units, baseline (or -1) and differences among the page's columns
    caption: str
    svg: Markup


class ByExamples:
    """Draws claims one after another until the room is used up."""

    def __init__(self, numbers: Numbers, room: int, fine: bool) -> None:
        self.shelf = Shelf()
        self.drawn = 0
        self._numbers, self._room, self._fine = numbers, room, fine

    def of(self, record: Record) -> ByExample | None:
        """For a kind over several effects those of its first."""
        if record.kind in _NOT_PAIRED or (found := self._numbers.of(record)) is None or found.n < 2:
            return None
        base = self.shelf.column(found.terms[1][1], found.arms[0]) if found.arms is not None else -1
        places = f"{self.shelf.units(found.labels)} {base} {self.shelf.column(found.terms, found.total)}"
        svg = self._draw(record, found) if self._room > 0 else Markup()
        self._room -= len(svg)
        self.drawn += bool(svg)
        return ByExample(places, _caption(found), svg)

    def _draw(self, record: Record, found: Values) -> Markup:
        units = {str(one.get("unit")) for one in record.outliers if isinstance(one, Mapping)}
        named = {i: clean(label, 24) for i, label in enumerate(found.labels) if label in units}
        return pairs(found.total, found.arms, named, self._fine)


def _caption(found: Values) -> str:
    rise, fall = int((found.total > 0).sum()), int((found.total < 0).sum())
    if found.arms is not None:
        return f"{found.n} examples: {rise} rise, {fall} fall"
    if len(found.terms) == 1:
        return f"{found.n} examples, their values"
    return f"{found.n} examples, their contrast: {rise} above 0, {fall} below"
