"""Lines over a count: the power of designs over the number of examples, or an effect over checkpoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from causal_claims.report.pictures.svg import FAINT, GREY, Axis, axis_over, drawing, left_axis, line, polyline, px, text

WIDTH, HEIGHT, LEFT = 560, 250, 50
_COLOURS = ("#2a66ad", "#b2560d", "#00734f", "#74379a", "#7a5a00", "#b0305f", "#44708a", "#59626e")
_DASHES = (None, "6 3", "2 3", "8 3 2 3")


@dataclass(frozen=True)
class Curve:
    label: str
    x: Sequence[float]
    y: Sequence[float]
    mark: float | None  # where on x the design stands


def power_curves(title: str, curves: Sequence[Curve]) -> Markup:
    """The chance of a verdict over n, on a logarithmic scale, with 80 % and each design's own n marked."""
    y = Axis(0, 1, HEIGHT - 40, 12)
    every = [math.log(v) for c in curves for v in c.x]
    x = Axis(min(every), max(every), LEFT, WIDTH - 170)
    inside = [left_axis(y, LEFT), line(f"M{LEFT} {px(y.at(0.8))}H{WIDTH - 170}", FAINT, stroke_dasharray="3 3")]
    label_at: list[float] = []
    for i, one in enumerate(curves):
        colour, dash = _COLOURS[i % len(_COLOURS)], _DASHES[i // len(_COLOURS) % len(_DASHES)]
        points = [(x.at(math.log(a)), y.at(b)) for a, b in zip(one.x, one.y, strict=True)]
        inside.append(line(polyline(points), colour, 2, stroke_dasharray=dash, class_=f"k{i % len(_COLOURS)}"))
        if one.mark is not None:
            at = min(range(len(one.x)), key=lambda j: abs(one.x[j] - (one.mark or 0)))
            inside.append(
                line(
                    f"M{px(points[at][0])} {px(points[at][1])}h0",
                    colour,
                    8,
                    stroke_linecap="round",
                    class_=f"k{i % len(_COLOURS)}",
                )
            )
        label_at.append(18 + 15 * i)
        inside.append(
            line(
                f"M{WIDTH - 158} {label_at[-1] - 4}h14",
                colour,
                3,
                stroke_dasharray=dash,
                class_=f"k{i % len(_COLOURS)}",
            )
        )
        inside.append(text(WIDTH - 140, label_at[-1], one.label if len(one.label) <= 24 else one.label[:23] + "…"))
    ticks = [n for n in (8, 10, 20, 50, 100, 200, 500, 1000) if x.low <= math.log(n) <= x.high]
    inside += [text(x.at(math.log(n)), HEIGHT - 24, str(n), text_anchor="middle", class_="q") for n in ticks]
    inside.append(line(f"M{LEFT} {HEIGHT - 40}H{WIDTH - 170}", GREY))
    inside.append(text((LEFT + WIDTH - 170) / 2, HEIGHT - 6, "independent examples", text_anchor="middle", class_="q"))
    return drawing(WIDTH, max(HEIGHT, 18 + 15 * len(curves)), title, *inside)


def trend(
    title: str, points: Sequence[tuple[float, float | None, float | None] | None], names: Sequence[str]
) -> Markup:
    """An effect over checkpoints with its interval; a gap where it was not judged."""
    known = [p for p in points if p is not None]
    y = axis_over([v for p in known for v in p if v is not None], HEIGHT - 60, 12)
    x = Axis(-0.5, len(points) - 0.5, LEFT, WIDTH - 20)
    inside = [left_axis(y, LEFT), line(f"M{LEFT} {px(y.at(0))}H{WIDTH - 20}", FAINT)]
    at = [None if p is None else (x.at(i), y.at(p[0])) for i, p in enumerate(points)]
    path, pen = "", "M"
    for spot in at:
        path += "" if spot is None else f"{pen}{px(spot[0])} {px(spot[1])}"
        pen = "M" if spot is None else "L"
    inside.append(line(path, GREY, 1.5))
    for i, (spot, p) in enumerate(zip(at, points, strict=True)):
        if spot is not None and p is not None:
            low, high = (y.low if p[1] is None else p[1]), (y.high if p[2] is None else p[2])
            inside.append(line(f"M{px(spot[0])} {px(y.at(low))}V{px(y.at(high))}", width=2))
            inside.append(line(f"M{px(spot[0])} {px(spot[1])}h0", width=7, stroke_linecap="round"))
        if len(names) <= 12 or i % (len(names) // 8) == 0:
            inside.append(text(x.at(i), HEIGHT - 40, names[i][-14:], text_anchor="middle", class_="q"))
    return drawing(WIDTH, HEIGHT - 28, title, *inside)
