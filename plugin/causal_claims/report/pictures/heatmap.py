"""A sweep over heads: layers by heads, the effect as colour, the heads that claims name framed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from markupsafe import Markup

from causal_claims.report.outcomes import LOOKS
from causal_claims.report.pictures.svg import DOWN, FAINT, UP, drawing, element, line, strokes, texts, tick_label

LEFT, TOP, LEVELS = 42, 22, 8
Head = tuple[int, int]  # layer, head


def heatmap(title: str, cells: Mapping[Head, float], claimed: Mapping[Head, str]) -> Markup:
    """`claimed` gives the outcome of the claim on a head; colours are as strong as the effect is large."""
    layers = sorted({layer for layer, _ in cells})
    heads = max(head for _, head in cells) + 1
    size = 13 if heads > 24 or len(layers) > 24 else 18
    most = max(abs(v) for v in cells.values()) or 1.0
    row = {layer: TOP + i * size for i, layer in enumerate(layers)}
    groups: dict[tuple[bool, int], list[tuple[float, float, float, float]]] = defaultdict(list)
    for (layer, head), value in sorted(cells.items()):
        level = round(LEVELS * abs(value) / most)
        x, y = LEFT + head * size, row[layer] + size / 2
        groups[value > 0, level].append((x, y, x + size - 1, y))
    inside = []
    for (up, level), found in sorted(groups.items()):
        colour = UP if up else DOWN
        shade = None if level else FAINT
        inside.append(
            line(strokes(found), shade or colour, size - 1, class_=None if shade else "u" if up else "w",
                 stroke_opacity=0.35 if shade else round(0.15 + 0.85 * level / LEVELS, 2))
        )  # fmt: skip
    width, height = LEFT + heads * size + 84, TOP + len(layers) * size
    every = 1 if len(layers) <= 24 else 4
    down = [(LEFT - 6, y + size // 2 + 4, f"L{layer}") for i, (layer, y) in enumerate(row.items()) if i % every == 0]
    across = [
        (LEFT + h * size + size // 2, TOP - 8, str(h)) for h in range(0, heads, 1 if size > 14 and heads <= 16 else 4)
    ]
    inside.append(texts(down, text_anchor="end", class_="q"))
    inside.append(texts(across, text_anchor="middle", class_="q", font_size=9))
    for outcome in dict.fromkeys(claimed.values()):
        look = LOOKS[outcome]
        frames = [
            (LEFT + h * size - 1, row[layer] - 1)
            for (layer, h), o in claimed.items()
            if o == outcome and (layer, h) in cells
        ]
        path = "".join(f"M{x} {y}h{size + 1}v{size + 1}h-{size + 1}z" for x, y in frames)
        if path:
            inside.append(element("g", line(path, width=2), color=look.colour, class_=f"c{look.letter}"))
    return drawing(width, max(height, TOP + 84) + 6, title, *inside, _key(LEFT + heads * size + 18, most))


def _key(x: float, most: float) -> Markup:
    """What a colour stands for."""
    steps = [(most, UP, "u", 1.0), (most / 2, UP, "u", 0.58), (0.0, FAINT, None, 0.35), (-most / 2, DOWN, "w", 0.58), (-most, DOWN, "w", 1.0)]  # fmt: skip
    parts = [
        line(f"M{round(x)} {TOP + 8 + 16 * i}h14", colour, 14, stroke_opacity=opacity, class_=letter)
        for i, (_, colour, letter, opacity) in enumerate(steps)
    ]
    labels = [(x + 20, TOP + 12 + 16 * i, tick_label(float(f"{step[0]:.2g}"))) for i, step in enumerate(steps)]
    parts.append(texts(labels, class_="q"))
    return Markup().join(parts)
