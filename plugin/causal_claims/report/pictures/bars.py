"""Effects side by side as bars with intervals: a part and its whole, single interventions and all of them jointly."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from causal_claims.report.pictures.svg import FAINT, GREY, axis_over, bottom_axis, drawing, element, line, px, text

STEP, LEFT, RIGHT = 30, 170, 490
Bar = tuple[str, float, float, float]  # label, effect, low, high


def bars(title: str, unit: str, rows: Sequence[Bar], band: tuple[float, float] | None = None) -> Markup:
    """`band` is what the claim needs of the first bar, drawn across it."""
    ends = [v for row in rows for v in row[1:]] + list(band or ())
    axis = axis_over(ends, LEFT + 10, RIGHT)
    height = STEP * len(rows) + 46
    inside: list[Markup] = []
    if band is not None:
        a, b = sorted(axis.at(v) for v in band)
        inside.append(element("rect", x=a, y=4, width=max(2.0, b - a), height=STEP - 4, fill=FAINT, fill_opacity=0.5))
    zero = axis.at(0)
    for i, (label, value, low, high) in enumerate(rows):
        y, x = STEP * i + 6, axis.at(value)
        inside.append(text(LEFT, y + 14, label if len(label) <= 34 else label[:33] + "…", text_anchor="end"))
        inside.append(
            element("rect", x=min(zero, x), y=y, width=abs(x - zero), height=STEP - 12, fill=GREY, fill_opacity=0.6)
        )
        inside.append(
            line(f"M{px(axis.at(low))} {y + 9}H{px(axis.at(high))}m0-4v8M{px(axis.at(low))} {y + 5}v8", width=1.5)
        )
        inside.append(text(max(axis.at(high), zero) + 8, y + 13, f"{value:+.3g}".replace("-", "−"), class_="q"))
    inside.append(line(f"M{px(zero)} 0V{height - 40}", GREY))
    return drawing(RIGHT + 60, height, title, *inside, bottom_axis(axis, height - 38, unit))
