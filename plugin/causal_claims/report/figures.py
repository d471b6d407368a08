"""A figure: a picture, what it says, and the numbers it was drawn from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from causal_claims.ledger import plain


@dataclass(frozen=True)
class Figure:
    """A picture that can be saved, with its numbers at full precision or where they stand on the page."""

    name: str  # of the saved file, and its place on the page
    caption: str | Markup
    svg: Markup
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    stored: Mapping[str, Any] = field(default_factory=dict)  # numbers kept elsewhere on the page, for the script
    about: tuple[tuple[str, str], ...] = ()  # keys of the claims it shows

    @property
    def place(self) -> str:
        """Its anchor on the page."""
        return "p-" + re.sub(r"[^\w.@+-]+", "-", self.name)

    @property
    def numbers(self) -> Markup:
        """For a script element: JSON in which no character can end the element."""
        return embedded(self.stored or {"columns": list(self.columns), "rows": [list(row) for row in self.rows]})


def embedded(value: Any) -> Markup:
    """JSON that is safe inside `<script type="application/json">`."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, code in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(character, code)
    return Markup(text.encode("utf-8", "replace").decode())
