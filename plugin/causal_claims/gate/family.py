"""Holm's correction over the claims that may stop a checkpoint: one of many beyond its margin may be chance."""

from __future__ import annotations

import math
from dataclasses import replace

from scipy.special import ndtri

from causal_claims.gate.change import Change, Row
from causal_claims.gate.shift import Shift
from causal_claims.statistics.multiplicity import holm

ALPHA = 0.025  # one-sided, of the family of gate claims


def corrected(rows: list[Row]) -> list[Row]:
    """Holm over the gate's claims that were compared, and over the others; within the margin counts as p = 1.

    One claim of many beyond its margin by its own interval alone may be chance: it is undetermined, and says so.
    """
    adjusted: dict[tuple[str, str], tuple[float, int]] = {}
    for gate in (True, False):
        family = [row for row in rows if row.gate is gate and row.shift is not None]
        p = [row.shift.p if row.shift is not None and row.shift.p is not None else 1.0 for row in family]
        for row, value in zip(family, holm(p) if p else (), strict=True):
            adjusted[row.key] = (float(value), len(family))
    return [
        _held(row, *adjusted[row.key]) if row.shift is not None and row.shift.p is not None else row for row in rows
    ]


def _held(row: Row, p: float, family: int) -> Row:
    row = replace(row, p_holm=p)
    if p <= ALPHA or row.change not in (Change.REGRESSED, Change.IMPROVED) or row.fell:
        return row
    assert row.shift is not None
    needed = _examples_for(row.shift, family)
    reason = f"{row.reason}, but Holm's p over {family} claims is {p:.2g}; about n={needed} would settle it"
    return replace(row, change=Change.UNDETERMINED, reason=reason, shift=replace(row.shift, n_needed=needed))


def _examples_for(shift: Shift, family: int) -> int:
    """Examples with which this shift would stand even as the smallest p of the family."""
    asked, had = float(ndtri(1 - ALPHA / family)), float(ndtri(1 - (shift.p or ALPHA)))
    return math.ceil(shift.n * (asked / had) ** 2)
