"""Random control sets as a histogram, with the targeted set where it lies among them."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from causal_claims.report.pictures.svg import FAINT, GREY, axis_over, bottom_axis, drawing, element, line, px, text

WIDTH, BARS = 460, 120


def histogram(
    title: str, unit: str, controls: Sequence[float], target: float, low: float | None, high: float | None
) -> Markup:
    """The sets' mean effects in bins of one width; the target as a line with its interval above them."""
    axis = axis_over([*controls, target, *(v for v in (low, high) if v is not None)], 10, WIDTH - 10)
    bins = min(40, max(8, int(1.5 * len(controls) ** 0.5) * 4))
    width = (axis.end - axis.start) / bins
    counts = [0] * bins
    for value in controls:
        counts[min(bins - 1, int((axis.at(value) - axis.start) / width))] += 1
    most, base = max(counts), 52 + BARS
    bars = [
        element("rect", x=axis.start + i * width, y=base - BARS * n / most, width=max(1.0, width - 1), height=BARS * n / most, fill=GREY)
        for i, n in enumerate(counts)
        if n
    ]  # fmt: skip
    at = axis.at(target)
    anchor = "end" if at > WIDTH * 0.6 else "start"
    inside: list[Markup] = [*bars]
    if axis.holds(0):
        inside.append(line(f"M{px(axis.at(0))} 46V{base}", FAINT))
    if low is not None and high is not None:
        inside.append(line(f"M{px(axis.at(low))} 42H{px(axis.at(high))}", width=2))
    inside += [
        line(f"M{px(at)} 36V{base}", width=2),
        text(at + (-6 if anchor == "end" else 6), 32, "the targeted set", text_anchor=anchor, font_weight=600),
        text(axis.start, 12, f"{len(controls)} random sets, at most {most} a bar", class_="q"),
        bottom_axis(axis, base, unit),
    ]
    return drawing(WIDTH, base + 36, title, *inside)
