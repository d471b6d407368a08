"""Outcomes of a group as one bar: lengths for counts, signs and numbers in it where there is room."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from causal_claims.report.outcomes import LOOKS
from causal_claims.report.pictures.svg import element, text


def tally_bar(counts: Sequence[tuple[str, int]], width: float = 200, height: float = 16, total: int = 0) -> Markup:
    """The bar is as long as its share of `total`; the counts stand beside it as text."""
    whole = total or sum(n for _, n in counts) or 1
    parts, x = [], 0.0
    for outcome, n in counts:
        look, wide = LOOKS[outcome], width * n / whole
        parts.append(
            element("rect", x=x, width=max(wide - 1, 1.0), height=height, fill=look.colour, class_=f"f{look.letter}")
        )
        if wide > 24:
            parts.append(
                text(x + wide / 2, height / 2 + 4, f"{look.sign} {n}", fill="#fff", text_anchor="middle", class_="k")
            )
        x += wide
    return element(
        "svg", *parts, viewBox=f"0 0 {width:g} {height:g}", width=width, height=height, aria_hidden="true",
        font_size=11, font_family="system-ui, sans-serif",
    )  # fmt: skip
