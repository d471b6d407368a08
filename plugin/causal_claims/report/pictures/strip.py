"""The outcomes of a claim at one checkpoint after another, as a strip."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from causal_claims.report.outcomes import LOOKS
from causal_claims.report.pictures.svg import element, line, px, texts

WIDTH, HEIGHT = 190, 18


def strip(outcomes: Sequence[str | None]) -> Markup:
    """One field a checkpoint, with the outcome's sign where there is room; a gap where it was not judged."""
    each = min(20.0, WIDTH / max(1, len(outcomes)))
    fields, signs = [], []
    for i, outcome in enumerate(outcomes):
        if outcome is not None:
            look = LOOKS[outcome]
            fields.append(
                line(f"M{px(i * each)} {HEIGHT / 2:g}h{px(max(1.0, each - 1))}", look.colour, class_=f"s{look.letter}")
            )
            signs.append(((i + 0.5) * each, HEIGHT / 2 + 4, look.sign))
    words = texts(signs, fill="#fff", text_anchor="middle", class_="k") if each > 12 else Markup()
    return element("svg", element("g", *fields, stroke_width=HEIGHT - 4), words, class_="i", width=WIDTH, height=HEIGHT, font_size=11,
                   aria_hidden="true")  # fmt: skip
