"""What a collected test carries: its claims, its model, where its finding was published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pytest

from causal_claims.claims.claim import Claim

BY_HAND = "by_hand"  # the model key of numbers that a test measured without any model chosen


def claims_in(item: pytest.Item) -> Mapping[str, Claim]:
    """The claims that a test was given as parameters, by the parameter's name."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return {name: value for name, value in params.items() if isinstance(value, Claim)}


def model_in(item: pytest.Item) -> str | None:
    found: str | None = getattr(getattr(item, "callspec", None), "params", {}).get("model_key")
    return found


def pairs(items: Iterable[pytest.Item]) -> Iterator[tuple[Claim, str]]:
    """Every claim with the model it is held to."""
    return ((claim, model_in(item) or BY_HAND) for item in items for claim in claims_in(item).values())


def finding_of(item: pytest.Item) -> str | None:
    """The finding that a test states, by its marker."""
    marker = item.get_closest_marker("finding")
    return str(marker.args[0]) if marker and marker.args else None


def source_of(item: pytest.Item) -> str | None:
    """The line `Source: ...` of the claim file's docstring."""
    doc = getattr(getattr(item, "module", None), "__doc__", None) or ""
    for paragraph in doc.split("\n\n"):
        head, found, rest = paragraph.strip().partition("Source:")
        if found and not head.strip():
            return " ".join(rest.split())
    return None
