"""Deep links: one anchor per claim and model, which survives renamed and reordered tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote

from causal_claims.ledger import Record
from causal_claims.report.text import clean


def anchors(records: Sequence[Record]) -> list[str]:
    """`claim-id@model`; a claim judged twice in one run gets a number at its second place."""
    seen: Counter[str] = Counter()
    found = []
    for one in records:
        name = "".join(clean(f"{one.id}@{one.model}", 300).split())
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}~{seen[name]}")
    return found


def fragment(anchor: str) -> str:
    """The anchor as an address has it."""
    return "#" + quote(anchor, safe="@.,+~=:()")
