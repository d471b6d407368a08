"""A claim's effect on one line: interval, margin and the reported value on a scale shared by its metric."""

from __future__ import annotations

import math

from markupsafe import Markup

from causal_claims.report.pictures.svg import FAINT, Axis, px

WIDTH, HEIGHT = 190, 20


def interval_row(
    axis: Axis, effect: float, low: float | None, high: float | None, margins: tuple[float, ...], reported: float | None
) -> Markup:
    """Small enough for thousands on a page: strokes are inherited from the picture, and pixels are whole.

    The figures stand beside it as text, so it is hidden from readers aloud.
    """
    y = HEIGHT // 2
    words = [f"<svg class=i width={WIDTH} height={HEIGHT} fill=none stroke=currentColor aria-hidden=true>"]
    if axis.holds(0):
        words.append(f'<path d="M{round(axis.at(0))} 0v{HEIGHT}" opacity=.4 />')
    if dashed := "".join(f"M{round(axis.at(m))} 0v{HEIGHT}" for m in margins if axis.holds(m) and m != 0):
        words.append(f'<path d="{dashed}" stroke-dasharray=3 />')
    left = axis.low if low is None or not math.isfinite(low) else low
    right = axis.high if high is None or not math.isfinite(high) else high
    a, b, x = round(axis.at(left)), round(axis.at(right)), round(axis.at(effect))
    d = f"M{a} {y}H{b}"
    if low is None or not axis.holds(low):
        d += f"M{a + 4} {y - 3}l-4 3 4 3"
    if high is None or not axis.holds(high):
        d += f"M{b - 4} {y - 3}l4 3-4 3"
    words.append(f'<path d="{d}" stroke-width=2 />')
    if axis.holds(effect):
        words.append(f"<circle cx={x} cy={y} r=3 fill=currentColor />")
    if reported is not None and axis.holds(reported):
        words.append(f'<path d="M{round(axis.at(reported))} {y - 5}l4 5-4 5-4-5z"/>')
    return Markup("".join(words) + "</svg>")


def marks(axis: Axis, top: float, height: float, margins: tuple[float, ...], grey: str) -> str:
    """Zero as a faint line, margins as dashed ones."""
    zero = f'<path d="M{round(axis.at(0))} {px(top)}v{px(height)}" stroke="{FAINT}"/>' if axis.holds(0) else ""
    dashed = "".join(f"M{round(axis.at(m))} {px(top)}v{px(height)}" for m in margins if axis.holds(m) and m != 0)
    return zero + (f'<path d="{dashed}" stroke="{grey}" stroke-dasharray="3 2"/>' if dashed else "")


def whisker(axis: Axis, y: float, effect: float, low: float | None, high: float | None) -> str:
    """The interval as a line with the estimate as a dot; an end beyond the scale becomes an arrow."""
    left = axis.low if low is None or not math.isfinite(low) else low
    right = axis.high if high is None or not math.isfinite(high) else high
    a, b = px(axis.at(left)), px(axis.at(right))
    d = f"M{a} {px(y)}H{b}"
    if low is None or not axis.holds(low):
        d += f"M{px(axis.at(left) + 4)} {px(y - 3)}l-4 3 4 3"
    if high is None or not axis.holds(high):
        d += f"M{px(axis.at(right) - 4)} {px(y - 3)}l4 3-4 3"
    drawn = f'<path d="{d}" stroke="currentColor" stroke-width="2" fill="none"/>'
    dot = f'<circle cx="{px(axis.at(effect))}" cy="{px(y)}" r="3.5" fill="currentColor"/>' if axis.holds(effect) else ""
    return drawn + dot


def diamond(x: float, y: float) -> str:
    """Where a report has put the effect."""
    return f'<path d="M{px(x)} {px(y - 5)}l4 5-4 5-4-5z" fill="none" stroke="currentColor" stroke-width="1.5"/>'
