"""Outcomes of a group as one bar: lengths for counts, signs and numbers in it where there is room."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from causal_claims.report.outcomes import LOOKS
from causal_claims.report.pictures.svg import element, line, px, texts


def tally_bar(counts: Sequence[tuple[str, int]], width: float = 200, height: float = 16, total: int = 0) -> Markup:
    """The bar is as long as its share of `total`; the counts stand beside it as text."""
    whole = total or sum(n for _, n in counts) or 1
    bars, words, x = [], [], 0.0
    for outcome, n in counts:
        look, wide = LOOKS[outcome], width * n / whole
        bars.append(line(f"M{px(x)} {height / 2:g}h{px(max(wide - 1, 1.5))}", look.colour, class_=f"s{look.letter}"))
        if wide > 18 + 7 * len(str(n)):
            words.append((x + wide / 2, height / 2 + 4, f"{look.sign} {n}"))
        x += wide
    return element(
        "svg", element("g", *bars, stroke_width=height), texts(words, fill="#fff", text_anchor="middle", class_="k"),
        width=width, height=height, aria_hidden="true", font_size=11, font_family="system-ui, sans-serif",
    )  # fmt: skip
