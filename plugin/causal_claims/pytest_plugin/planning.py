"""`--claims-plan`: what the selected tests would measure, as far as that is known before measuring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from causal_claims.claims.claim import Claim
from causal_claims.claims.effects import Cell
from causal_claims.errors import NotRunError
from causal_claims.examples import example_counts
from causal_claims.judging.arms import norm_controls
from causal_claims.plan import Plan, plan, size_from_examples
from causal_claims.pytest_plugin.items import pairs
from causal_claims.pytest_plugin.rates import expected
from causal_claims.recorded import Recorded
from causal_claims.shares import cell_cost, rows_of

if TYPE_CHECKING:
    from causal_claims.pytest_plugin.session import ClaimsSession

CARD_GB = 80


def planned(items: Sequence[pytest.Item], recorded: Recorded | None) -> Plan:
    if recorded is None:
        return plan(pairs(items), size_from_examples(example_counts()), norm_controls)

    def size(model: str, claim: Claim) -> int | None:
        try:
            return min(len(set(found.clusters)) for found in recorded.cells(model, claim.cells).values())
        except NotRunError:
            return None

    return plan(pairs(items), size)


def cost_line(claims: ClaimsSession, model: str, cells: Sequence[Cell]) -> str:
    """Memory and time of a model's cells, before anything is loaded; what is not known is left out."""
    spec, settings = claims.registry.models.get(model), claims.settings
    if spec is None:
        return ""
    rows = sum(rows_of(cell) for cell in cells)
    said = [f"{rows:,} prompts"]
    if spec.min_memory_gb:
        cards = math.ceil(spec.min_memory_gb / max(1.0, CARD_GB - settings.memory_gb))
        several = " on each card" if cards > 1 else ""
        unmapped = ", which needs device_map: auto in models.yaml" if cards > 1 and spec.device_map is None else ""
        said.append(
            f"{spec.min_memory_gb:g} GB of weights and {settings.memory_gb:g} GB for passes{several}: "
            f"{cards} card{'s' * (cards > 1)} of {CARD_GB} GB{unmapped}"
        )
    if known := expected(settings.cache, model, sum(cell_cost(cell, spec) for cell in cells)):
        seconds, source = known
        said.append(f"about {_duration(seconds)} by {source}")
    else:
        said.append("time unknown: nothing was measured with this store yet")
    return "; ".join(said)


def _duration(seconds: float) -> str:
    return (
        f"{seconds / 3600:.1f} h"
        if seconds >= 5400
        else f"{seconds / 60:.0f} min"
        if seconds >= 90
        else f"{seconds:.1f} s"
    )
