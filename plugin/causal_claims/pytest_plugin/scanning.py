"""Heads measured beside the claims: every one with `--claims-scan`, and at the gate those that a baseline keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from causal_claims.errors import ClaimsError
from causal_claims.gate.cause import BEHAVIOUR_LOST
from causal_claims.gate.change import Change
from causal_claims.gate.comparison import Comparison
from causal_claims.gate.others import Others, others_of_all
from causal_claims.gate.run import Run
from causal_claims.measurements import Measurement
from causal_claims.models import ModelSpec
from causal_claims.sites import Head

if TYPE_CHECKING:
    from causal_claims.pytest_plugin.session import ClaimsSession


def everything(claims: ClaimsSession) -> list[Measurement]:
    """`--claims-scan`: each head of the layers named, beside every claim of the gate (every claim, if none is marked)."""
    records = claims.ledger.records
    chosen = [one for one in records if one.gate] or records
    found: list[Measurement] = []
    for others in others_of_all(chosen):
        found += _measured(claims, others, _heads(claims.registry[others.model], claims.settings.scan or "all"))
    return found


def where_it_went(claims: ClaimsSession, found: Comparison, old: Run, new: Run) -> list[Measurement]:
    """The heads that the baseline keeps and this run has not measured, for each mechanism that regressed."""
    if claims.recorded is not None:
        return []
    lost = {
        row.key
        for row in found.rows
        if row.change is Change.REGRESSED and row.cause is not None and row.cause.word != BEHAVIOUR_LOST
    }
    more: list[Measurement] = []
    for others in others_of_all(one for one in old.ledger.records if one.key in lost):
        more += _measured(claims, others, others.measured(old).keys() - others.measured(new).keys())
    return more


def _heads(spec: ModelSpec, layers: str) -> list[Head]:
    if spec.layers is None or spec.heads is None:
        raise ClaimsError(
            f"--claims-scan: models.yaml gives no counts of {spec.key}; write its layers and heads there."
        )
    chosen = range(spec.layers) if layers == "all" else _layers(layers)
    return [Head(layer, head) for layer in chosen if layer < spec.layers for head in range(spec.heads)]


def _layers(text: str) -> list[int]:
    """`0-3,25` as numbers."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return sorted(set(found))


def _measured(claims: ClaimsSession, others: Others, heads: Iterable[Head]) -> list[Measurement]:
    """On the controller, after all tests; what was measured before comes from the store."""
    cells = [others.cell(head) for head in sorted(heads, key=str) if head not in others.own]
    if not cells:
        return []
    found = claims.measuring.engine(others.model).measure(others.model, cells)
    return [one for one in found.values() if isinstance(one, Measurement)]
