"""How fast this machine measured, for the next plan: seconds for a prompt through a gigabyte of weights."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from causal_claims.claims.effects import Cell
from causal_claims.ledger import write_whole
from causal_claims.measurements import Measurement
from causal_claims.models import ModelSpec
from causal_claims.shares import cell_cost

_FILE = "rates.json"


def remember(cache: Path | str | None, spec: ModelSpec, cells: Iterable[tuple[Cell, Measurement]]) -> None:
    """Kept beside the store, where that is a folder of this machine; a plan can do without."""
    if not isinstance(cache, Path):
        return
    pairs = [(cell, one) for cell, one in cells if one.seconds > 0]
    cost, seconds = sum(cell_cost(cell, spec) for cell, _ in pairs), sum(one.seconds for _, one in pairs)
    if not cost:
        return
    device = pairs[0][1].facts.get("device", "cpu")
    try:
        write_whole(
            cache / _FILE, json.dumps({**_read(cache), spec.key: {"seconds": seconds / cost, "device": device}})
        )
    except OSError:
        return


def expected(cache: Path | str | None, key: str, cost: float) -> tuple[float, str] | None:
    """Seconds for so much work, and what they are known from; None before anything was measured here."""
    known = _read(cache) if isinstance(cache, Path) else {}
    if not known:
        return None
    model = key if key in known else max(known, key=lambda one: float(known[one]["seconds"]))
    whose = "its last run here" if model == key else f"the rate of {model} here, the slowest known"
    return float(known[model]["seconds"]) * cost, f"{whose}, on {known[model]['device']}"


def _read(cache: Path) -> dict[str, dict[str, float | str]]:
    try:
        found = json.loads((cache / _FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
