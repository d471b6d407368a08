"""A forest plot per study and scale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from causal_claims.ledger import Record
from causal_claims.report import glance, scales
from causal_claims.report.figures import Figure
from causal_claims.report.pictures.forest import Row, forest
from causal_claims.report.text import clean
from causal_claims.report.values import Numbers
from causal_claims.verdicts import count

_ROWS = 120  # of all forests of a page
_LARGE = 150  # claims beyond which the table itself is the place to look
_FIGURES = 24


def draw(records: Sequence[Record], numbers: Numbers) -> list[Figure]:
    """The claims of one study whose effects share a scale, the most urgent first; a scale of one claim is no forest."""
    groups: dict[tuple[str, str, str], list[tuple[int, Record]]] = defaultdict(list)
    for place, one in enumerate(records):
        if one.effect is not None:
            groups[glance.study_of(one), *scales.unit_of(one)].append((place, one))
    drawn = sorted(
        (key for key, found in groups.items() if len(found) > 1), key=lambda key: (key[0], -len(groups[key]))
    )
    drawn = drawn[:_FIGURES]
    room = _ROWS if len(records) <= _LARGE else _ROWS // 3
    each = max(6, room // max(1, len(drawn)))
    return [_figure(key, groups[key], each) for key in drawn]


def _figure(key: tuple[str, str, str], found: Sequence[tuple[int, Record]], most: int) -> Figure:
    study, metric, unit = (clean(word, 60) for word in key)
    shown = found[:most]
    rows = [
        Row(_label(one), one.outcome, one.effect or 0.0, one.ci_low, one.ci_high, scales.margins_of(one), one.reported)
        for _, one in shown
    ]
    axis = metric if unit == "difference" else f"{unit}, {metric}"
    more = f"; {count(len(found) - most, 'more claim')} of this scale in the table" if len(found) > most else ""
    caption = f"{study}, {axis}: estimate and interval, margins dashed, the reported value a diamond{more}."
    return Figure(
        f"forest {study} {metric} {unit}",
        caption,
        forest(caption, axis, rows),
        stored={"claims": [place for place, _ in shown]},
    )


def _label(one: Record) -> str:
    return clean(f"{one.id} · {one.model}", 80)
