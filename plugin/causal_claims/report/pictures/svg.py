"""SVG as text: elements with escaped attributes, linear axes, and compact paths."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

GREY = "#767b84"  # 3 : 1 or better on white and on the dark page
FAINT = "#b8bcc4"
UP, DOWN = "#b2560d", "#2a66ad"  # more and less, told apart by everyone


def element(name: str, *inside: str | Markup, **attributes: object) -> Markup:
    """`element("path", d="M0 0h9", stroke_width=2)`; None leaves an attribute out."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(px(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = "".join(escape(one) for one in inside)
    return Markup(f"<{name}{words}>{body}</{name}>" if body else f"<{name}{words}/>")


def drawing(width: float, height: float, title: str, *inside: str | Markup, **more: object) -> Markup:
    """A picture with a name for those who cannot see it."""
    return element(
        "svg", element("title", title), *inside, viewBox=f"0 0 {px(width)} {px(height)}", width=width,
        height=height, role="img", font_family="system-ui, sans-serif", font_size=11, fill="currentColor",
        color="#1c1f24", **more,
    )  # fmt: skip


def text(x: float, y: float, words: str, **more: object) -> Markup:
    return element("text", words, x=x, y=y, **more)


def texts(places: Iterable[tuple[float, float, str]], **shared: object) -> Markup:
    """Many labels that look alike."""
    found = [text(x, y, words) for x, y, words in places]
    return element("g", *found, **shared) if found else Markup()


def line(d: str, colour: str = "currentColor", width: float = 1, **more: object) -> Markup:
    return element("path", d=d, stroke=colour, stroke_width=width if width != 1 else None, fill="none", **more)


def strokes(segments: Iterable[tuple[float, float, float, float]]) -> str:
    """Many short lines as one path, each begun relative to where the last has ended; whole pixels."""
    words: list[str] = []
    x = y = 0
    for ax, ay, bx, by in segments:
        a, b = (round(ax), round(ay)), (round(bx), round(by))
        move = f"M{a[0]} {a[1]}" if not words else f"m{a[0] - x} {a[1] - y}"
        step = (
            f"v{b[1] - a[1]}"
            if a[0] == b[0]
            else f"h{b[0] - a[0]}"
            if a[1] == b[1]
            else f"l{b[0] - a[0]} {b[1] - a[1]}"
        )
        words.append(move + step)
        x, y = b
    return "".join(words).replace(" -", "-")


def polyline(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{px(float(x))} {px(float(y))}" for x, y in points)


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
    finite = [float(v) for v in values if math.isfinite(v)] or [0.0]
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
    marks = "".join(f"M{px(axis.at(t))} {px(y)}v4" for t in ticks)
    inside = [
        line(f"M{px(axis.start)} {px(y)}H{px(axis.end)}{marks}", GREY),
        texts(((axis.at(t), y + 15, tick_label(t)) for t in ticks), text_anchor="middle", class_="q"),
    ]
    if label:
        inside.append(text((axis.start + axis.end) / 2, y + 31, label, text_anchor="middle", class_="q"))
    return Markup().join(inside)


def left_axis(axis: Axis, x: float, about: int = 4) -> Markup:
    """A line with ticks and their numbers at its left; `axis` runs upwards."""
    ticks = axis.ticks(about)
    marks = "".join(f"M{px(x)} {px(axis.at(t))}h-4" for t in ticks)
    return Markup().join([
        line(f"M{px(x)} {px(axis.start)}V{px(axis.end)}{marks}", GREY),
        texts(((x - 7, axis.at(t) + 4, tick_label(t)) for t in ticks), text_anchor="end", class_="q"),
    ])  # fmt: skip


def px(value: object) -> object:
    """Pixels with one decimal at most, so that a page of pictures stays small."""
    if isinstance(value, float):
        rounded = round(value, 1)
        return int(rounded) if rounded == int(rounded) else rounded
    return value
