"""Every example of a claim: from its baseline to where the intervention has put it, sorted by the difference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from causal_claims.report.pictures.svg import DOWN, FAINT, UP, axis_over, strokes, tick_label

Array = NDArray[np.float64]
HEIGHT = 96
_LEFT, _MOST = 46, 360


def pairs(total: Array, arms: tuple[Array, Array] | None, named: Mapping[int, str], fine: bool) -> Markup:
    """One upright stroke an example: it starts at the baseline and ends, with a dot where there is room, at the
    intervention; without arms it starts at zero.  `named` are outliers by their place.
    """
    order = np.argsort(total, kind="stable")
    if len(order) > _MOST:  # every k-th, and all that are named
        kept = set(np.linspace(0, len(order) - 1, _MOST).round().astype(int).tolist())
        order = np.array([i for at, i in enumerate(order) if at in kept or int(i) in named])
    step = max(2, min(7, _MOST // max(1, len(order))))
    start, end = (arms[0], arms[1]) if arms is not None else (np.zeros_like(total), total)
    axis = axis_over([*start.tolist(), *end.tolist()], HEIGHT - 6, 6, 0.0, zero=arms is None)
    width = _LEFT + step * len(order) + 8
    up: list[tuple[float, float, float, float]] = []
    down: list[tuple[float, float, float, float]] = []
    tips: list[tuple[float, float, float, float]] = []
    for place, i in enumerate(order.tolist()):
        x, a, b = _LEFT + step * (place + 0.5), axis.at(float(start[i])), axis.at(float(end[i]))
        (up if total[i] > 0 else down).append((x, a, x, b))
        tips.append((x, b, x, b))
    thick = 3 if step > 4 else 2 if step > 2 else 1.5
    words = [f"<svg class=p width={width} height={HEIGHT} font-size=11 stroke-width={thick} text-anchor=end>"]
    if axis.holds(0):
        words.append(f'<path d="M{_LEFT} {round(axis.at(0))}H{width}" stroke={FAINT} stroke-width=1 />')
    for strokes_of, colour, letter in ((up, UP, "u"), (down, DOWN, "w")):
        if strokes_of:
            words.append(f'<path class={letter} d="{strokes(strokes_of)}" stroke={colour} />')
    if fine and step > 3:
        words.append(f'<path class=o d="{strokes(tips)}" stroke=#1c1f24 stroke-width=4.5 stroke-linecap=round />')
    for value in (axis.low, axis.high):
        label = round(axis.at(value)) + (4 if value == axis.high else 0)
        words.append(f"<text x={_LEFT - 6} y={label}>{tick_label(float(f'{value:.3g}'))}</text>")
    places = {int(i): place for place, i in enumerate(order)}
    told: list[tuple[float, float]] = []
    for i, name in named.items():
        x, y = _LEFT + step * (places[i] + 0.5), axis.at(float(end[i]))
        side, anchor = (-7, "end") if places[i] > len(order) / 2 else (7, "start")
        base, away = min(HEIGHT - 3, max(9, y + 4)), -12 if y > HEIGHT / 2 else 12
        while any(abs(x - other) < 80 and abs(base - taken) < 12 for other, taken in told):
            base += away
        told.append((x, base))
        words.append(
            f"<circle cx={x:g} cy={y:.0f} r=5 fill=none stroke=#767b84 stroke-width=1.5 />"
            f"<text x={x + side:g} y={base:.0f} text-anchor={anchor}>{escape(name)}</text>"
        )
    return Markup("".join(words) + "</svg>")
