"""SVG as text: elements with escaped attributes, and a linear axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

GREY = "#8a8f98"  # readable on white and on black
FAINT = "#b8bcc4"


def element(name: str, *inside: str | Markup, **attributes: object) -> Markup:
    """`element("path", d="M0 0h9", stroke_width=2)`; None leaves an attribute out."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = "".join(escape(one) for one in inside)
    return Markup(f"<{name}{words}>{body}</{name}>" if body else f"<{name}{words}/>")


def drawing(
    width: float, height: float, title: str, *inside: str | Markup, colour: str = "#222", **more: object
) -> Markup:
    """A picture with a name for those who cannot see it."""
    return element(
        "svg", element("title", title), *inside, viewBox=f"0 0 {_plain(width)} {_plain(height)}", width=width,
        height=height, role="img", font_family="system-ui, sans-serif", font_size=11, fill="currentColor",
        color=colour, **more,
    )  # fmt: skip


def text(x: float, y: float, words: str, **more: object) -> Markup:
    return element("text", words, x=x, y=y, **more)


def line(d: str, colour: str = "currentColor", width: float = 1, **more: object) -> Markup:
    return element("path", d=d, stroke=colour, stroke_width=width if width != 1 else None, fill="none", **more)


def dots(
    points: Iterable[tuple[float, float]], colour: str = "currentColor", width: float = 4, **more: object
) -> Markup:
    """Many dots as one short path: lines of no length with round ends, each placed relative to the last."""
    words: list[str] = []
    here = (0, 0)
    for x, y in points:
        at = (round(x), round(y))
        words.append(f"M{at[0]} {at[1]}h0" if not words else f"m{at[0] - here[0]} {at[1] - here[1]}h0")
        here = at
    if not words:
        return Markup()
    return line("".join(words).replace(" -", "-"), colour, width, stroke_linecap="round", **more)


@dataclass(frozen=True)
class Axis:
    """A linear scale from values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies, never outside the axis."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers along the axis."""
        raw = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]


def axis_over(values: Iterable[float], start: float, end: float, room: float = 0.06, zero: bool = True) -> Axis:
    """An axis that holds the values, with some room at both ends."""
    finite = [v for v in values if math.isfinite(v)] or [0.0]
    low, high = min(finite), max(finite)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-12):
        half = abs(low) * 0.5 or 1.0
        low, high = low - half, high + half
    gap = (high - low) * room
    return Axis(low - gap, high + gap, start, end)


def tick_label(value: float) -> str:
    return f"{value:.4g}".replace("-", "−") if abs(value) > 1e-12 else "0"


def bottom_axis(axis: Axis, y: float, label: str = "", about: int = 5) -> Markup:
    """A line with ticks and their numbers below it."""
    ticks = axis.ticks(about)
    marks = "".join(f"M{_plain(axis.at(t))} {_plain(y)}v4" for t in ticks)
    inside = [
        line(f"M{_plain(axis.start)} {_plain(y)}H{_plain(axis.end)}{marks}", GREY),
        *(text(axis.at(t), y + 15, tick_label(t), text_anchor="middle", class_="q") for t in ticks),
    ]
    if label:
        inside.append(text((axis.start + axis.end) / 2, y + 30, label, text_anchor="middle", class_="q"))
    return Markup().join(inside)


def left_axis(axis: Axis, x: float, about: int = 4) -> Markup:
    """A line with ticks and their numbers at its left; `axis` runs upwards."""
    ticks = axis.ticks(about)
    marks = "".join(f"M{_plain(x)} {_plain(axis.at(t))}h-4" for t in ticks)
    return Markup().join([
        line(f"M{_plain(x)} {_plain(axis.start)}V{_plain(axis.end)}{marks}", GREY),
        *(text(x - 7, axis.at(t) + 4, tick_label(t), text_anchor="end", class_="q") for t in ticks),
    ])  # fmt: skip


def _plain(value: object) -> object:
    """Pixels with one decimal at most, so that a page of pictures stays small."""
    if isinstance(value, float):
        rounded = round(value, 1)
        return int(rounded) if rounded == int(rounded) else rounded
    return value


px = _plain
