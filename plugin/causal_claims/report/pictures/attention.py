"""Where a head looks: the tokens of one prompt, each row what that token gives to those before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from markupsafe import Markup

from causal_claims.report.pictures.svg import FAINT, UP, drawing, line, strokes, texts

SIZE, LEFT, LEVELS = 13, 118, 8


def attention(title: str, tokens: Sequence[str], permille: Sequence[Sequence[float]]) -> Markup:
    """Darker is more; nothing below 3 in a hundred is coloured."""
    n, top = len(tokens), 10
    groups: dict[int, list[tuple[float, float, float, float]]] = defaultdict(list)
    for q, row in enumerate(permille):
        for k, value in enumerate(row):
            level = round(LEVELS * (max(0.0, value) / 1000) ** 0.5)
            if value >= 30 and level:
                x, y = LEFT + k * SIZE, top + q * SIZE + SIZE / 2
                groups[level].append((x, y, x + SIZE - 1, y))
    inside = [line(strokes(found), UP, SIZE - 1, class_="u", stroke_opacity=round(level / LEVELS, 2))
              for level, found in sorted(groups.items())]  # fmt: skip
    inside.insert(0, line(f"M{LEFT} {top}L{LEFT + n * SIZE} {top + n * SIZE}H{LEFT}Z", FAINT))
    left = [(LEFT - 6, top + i * SIZE + 10, token) for i, token in enumerate(tokens)]
    right = [(LEFT + (i + 1) * SIZE + 4, top + i * SIZE + 9, token) for i, token in enumerate(tokens)]
    inside.append(texts(left, text_anchor="end", font_size=10))
    inside.append(texts(right, font_size=10, class_="q"))
    return drawing(LEFT + n * SIZE + 110, top + n * SIZE + 8, title, *inside)
