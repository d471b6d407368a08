"""A claim's effect on one line: interval, margin and the reported value on a scale shared by its metric."""

from __future__ import annotations

import math

from markupsafe import Markup

from causal_claims.report.pictures.svg import FAINT, GREY, Axis, px

WIDTH, HEIGHT = 190, 20


def interval_row(
    axis: Axis,
    effect: float | None,
    low: float | None,
    high: float | None,
    margins: tuple[float, ...],
    reported: float | None,
    colour: str,
) -> Markup:
    """Small enough for thousands on a page; its figures stand beside it as text, so it is hidden from readers aloud."""
    words = [f'<svg class="i" width="{WIDTH}" height="{HEIGHT}" color="{colour}" aria-hidden="true">']
    words.append(marks(axis, 0, HEIGHT, margins))
    if effect is not None:
        words.append(whisker(axis, HEIGHT / 2, effect, low, high))
    if reported is not None and axis.holds(reported):
        words.append(diamond(axis.at(reported), HEIGHT / 2))
    return Markup("".join(words) + "</svg>")


def marks(axis: Axis, top: float, height: float, margins: tuple[float, ...]) -> str:
    """Zero as a faint line, margins as dashed ones."""
    zero = f'<path d="M{round(axis.at(0))} {px(top)}v{px(height)}" stroke="{FAINT}"/>' if axis.holds(0) else ""
    dashed = "".join(f"M{round(axis.at(m))} {px(top)}v{px(height)}" for m in margins if axis.holds(m) and m != 0)
    return zero + (f'<path d="{dashed}" stroke="{GREY}" stroke-dasharray="3 2"/>' if dashed else "")


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
    return f'<path d="M{px(x)} {px(y - 5)}l4 5-4 5-4-5z" fill="none" stroke="{GREY}" stroke-width="1.5"/>'
