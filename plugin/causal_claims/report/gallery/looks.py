"""The attention pattern of a claimed head on one prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from causal_claims.ledger import Record
from causal_claims.report.figures import Figure
from causal_claims.report.pictures.attention import attention
from causal_claims.report.text import clean
from causal_claims.report.values import Numbers

_FIGURES = 18
_TOKENS = 64


def draw(records: Sequence[Record], numbers: Numbers) -> list[Figure]:
    """As recorded when the claim was measured; what a ledger holds is not trusted to be a triangle."""
    found = []
    for one in records:
        seen = one.attention
        if not isinstance(seen, Mapping):
            continue
        tokens, rows = seen.get("tokens"), seen.get("permille")
        if not isinstance(tokens, list) or not isinstance(rows, list) or not 1 < len(tokens) == len(rows) <= _TOKENS:
            continue
        if any(
            not isinstance(r, list) or len(r) != i + 1 or not all(isinstance(v, int | float) for v in r)
            for i, r in enumerate(rows)
        ):
            continue
        words = [clean(str(t).replace(" ", "·", 1) if str(t).startswith(" ") else t, 18) for t in tokens]
        name = f"attention of {clean(seen.get('head'), 30)}, {clean(one.model, 60)}"
        of = seen.get("of")
        cut = (
            f", the first and the last {len(tokens) - 1} of its {of} tokens"
            if isinstance(of, int) and of > len(tokens)
            else ""
        )
        caption = f"{name} on example {clean(seen.get('example'), 60)}{cut}. A row is what that token gives to those before it; it describes, and shows no effect."
        table = [(q, words[q], k, words[k], value / 1000) for q, row in enumerate(rows) for k, value in enumerate(row)]
        found.append(
            Figure(name, caption, attention(name, words, rows), ("query", "query_token", "key", "key_token", "weight"), table,
                   about=(one.key,))
        )  # fmt: skip
    return found[:_FIGURES]
