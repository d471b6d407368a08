"""The claims of a study below one another: every interval on one scale, with margin, reported value and outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from causal_claims.report.outcomes import LOOKS
from causal_claims.report.pictures.interval import diamond, marks, whisker
from causal_claims.report.pictures.svg import GREY, axis_over, bottom_axis, drawing, element, texts

STEP, LEFT, RIGHT = 20, 284, 510


@dataclass(frozen=True)
class Row:
    label: str
    outcome: str
    effect: float
    low: float | None
    high: float | None
    margins: tuple[float, ...]
    reported: float | None


def forest(title: str, unit: str, rows: Sequence[Row]) -> Markup:
    """One line a claim; the label stands left of it, the figures right."""
    ends = [v for r in rows for v in (r.effect, r.low, r.high, r.reported, *r.margins) if v is not None]
    axis = axis_over(ends, LEFT + 10, RIGHT)
    height = STEP * len(rows) + 50
    inside = []
    for i, row in enumerate(rows):
        look, y = LOOKS[row.outcome], STEP * i + 14
        drawn = marks(axis, y - 9, 18, row.margins, GREY) + whisker(axis, y, row.effect, row.low, row.high)
        if row.reported is not None and axis.holds(row.reported):
            drawn += diamond(axis.at(row.reported), y)
        inside.append(element("g", Markup(drawn), color=look.colour, class_=f"c{look.letter}"))
    at = [STEP * i + 18 for i in range(len(rows))]
    labels = [(LEFT, y, f"{_cut(row.label)} {LOOKS[row.outcome].sign}") for row, y in zip(rows, at, strict=True)]
    figures = [(RIGHT + 10, y, f"{row.effect:+.3g}".replace("-", "−")) for row, y in zip(rows, at, strict=True)]
    inside += [texts(labels, text_anchor="end"), texts(figures, class_="q")]
    return drawing(RIGHT + 58, height, title, *inside, bottom_axis(axis, height - 40, unit))


def _cut(label: str, most: int = 46) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
