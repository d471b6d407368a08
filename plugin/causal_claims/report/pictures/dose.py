"""A dose curve: the effect at each number of heads, with the band in which random sets of that size lie."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from causal_claims.report.pictures.svg import (
    GREY,
    Axis,
    axis_over,
    drawing,
    element,
    left_axis,
    line,
    polyline,
    px,
    text,
)

WIDTH, HEIGHT, LEFT = 420, 230, 64
Point = tuple[float, float, float | None, float | None]  # dose, effect, low, high
Band = tuple[float, float, float]  # dose, low, high of the random sets


def curve(title: str, metric: str, points: Sequence[Point], band: Sequence[Band]) -> Markup:
    """Doses on a logarithmic scale, as the slope is taken."""
    ends = [v for p in points for v in p[1:] if v is not None] + [v for b in band for v in b[1:]]
    y = axis_over(ends, HEIGHT - 40, 12)
    logs = [math.log(p[0]) for p in points]
    x = Axis(min(logs) - 0.1, max(logs) + 0.1, LEFT, WIDTH - 12)
    at = [(x.at(math.log(p[0])), y.at(p[1])) for p in points]
    inside = [left_axis(y, LEFT)]
    if band:
        upper = [(x.at(math.log(k)), y.at(high)) for k, _, high in band]
        lower = [(x.at(math.log(k)), y.at(low)) for k, low, _ in reversed(band)]
        shape = polyline([*upper, *lower]) + "Z"
        inside.append(
            element(
                "path",
                d=shape,
                fill=GREY,
                fill_opacity=0.25,
                stroke=GREY,
                stroke_opacity=0.25,
                stroke_width=8 if len(band) == 1 else 1,
            )
        )
    inside.append(line(f"M{LEFT} {px(y.at(0))}H{WIDTH - 12}", GREY, stroke_dasharray="1 3"))
    inside.append(line(polyline(at), width=2))
    for (px_, py), (k, _, low, high) in zip(at, points, strict=True):
        whisk = f"M{px(px_)} {px(y.at(low))}V{px(y.at(high))}" if low is not None and high is not None else ""
        inside.append(line(f"{whisk}M{px(px_)} {px(py)}h0", width=2, stroke_linecap="round"))
        inside.append(line(f"M{px(px_)} {px(py)}h0", width=7, stroke_linecap="round"))
        inside.append(text(px_, HEIGHT - 24, f"{k:g}", text_anchor="middle", class_="q"))
    inside.append(text((LEFT + WIDTH) / 2, HEIGHT - 6, "heads", text_anchor="middle", class_="q"))
    inside.append(text(LEFT + 6, 10, metric, class_="q"))
    return drawing(WIDTH, HEIGHT, title, *inside)
