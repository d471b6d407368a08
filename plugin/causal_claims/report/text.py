"""Text and figures for people: hostile text made harmless and visible, numbers with their own signs."""

from __future__ import annotations

import math
import re
from typing import Any

from markupsafe import Markup

from causal_claims.verdicts import number

_CONTROLS = {code: f"‹U+{code:04X}›" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)}
_CONTROLS |= {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A, 0x0D)}
_CONTROLS |= dict.fromkeys(range(127, 160), "�")
_CONTROLS |= dict.fromkeys((9, 10, 13, 8232, 8233), " ")
_OTHER_WAY = re.compile(
    "[\u0590-\u08ff\u200e\u200f\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_LONE = re.compile("[\ud800-\udfff\ufffe\uffff]")

LINE = 160  # characters of a claim in a table
PARAGRAPH = 600  # characters of a claim opened


def clean(value: object, limit: int = PARAGRAPH) -> str:
    """The text on one line, controls made visible, and cut where the reader can see that it is cut."""
    text = str(value)
    cut = len(text) - limit
    if cut > 20:
        text = text[:limit]
    text = _LONE.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.translate(_CONTROLS).split(" ")))
    return f"{text}… [{cut:,} more characters]" if cut > 20 else text


def isolated(value: object, limit: int = PARAGRAPH) -> Markup:
    """Text that others wrote, escaped and isolated, so that its direction stays its own."""
    text = clean(value, limit)
    return Markup("<bdi>{}</bdi>").format(text) if _OTHER_WAY.search(text) else written(text)


def written(text: str) -> Markup:
    """Escaped as text between tags, where quotation marks are only themselves."""
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def figure(value: float | None) -> str:
    """A number as everywhere in this package, with a true minus sign."""
    return number(value).replace("-", "−") if value is not None else "–"


def interval(low: float | None, high: float | None) -> str:
    """An interval in brackets; an end that the data do not limit is said in words by `number`."""
    if low is None and high is None:
        return ""
    return f"[{'−∞' if low is None else figure(low)}, {'+∞' if high is None else figure(high)}]"


def probability(value: float | None) -> str:
    """A p-value as journals print it."""
    if value is None:
        return "–"
    if value < 0.001:
        return f"{value:.0e}".replace("e-0", "e−").replace("e-", "e−") if value else "0"
    return f"{value:.3f}".rstrip("0").rstrip(".") if value < 0.9995 else "1"


def plain_figure(value: Any) -> str:
    """A figure without a sign in front of it: counts, ratios, widths."""
    if isinstance(value, bool) or value is None:
        return "–" if value is None else str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−") if math.isfinite(value) else "unbounded"
    return clean(value, LINE)
