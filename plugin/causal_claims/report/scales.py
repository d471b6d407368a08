"""Scales that rows share: one per metric and unit, wide enough for nearly all, with arrows for the few beyond."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from causal_claims.ledger import Record
from causal_claims.report.pictures.svg import Axis, axis_over

_OWN_UNIT = {
    "recovers": "fraction", "counts": "heads", "dose": "slope on log k", "correlates": "rank correlation",
    "enriched": "AUC", "above": "level", "below": "level",
}  # fmt: skip
_WITHIN = ("negligible", "agrees")
_MARGIN_ELSEWHERE = ("counts",)  # the margin is not in the unit of the effect


def unit_of(record: Record) -> tuple[str, str]:
    """What a record's effect is measured in: the metric, and its own unit where a kind has one."""
    if (record.design or {}).get("monotone"):  # a dose is then its weakest step
        return (record.metric, "difference")
    return (record.metric, _OWN_UNIT.get(record.kind, "difference"))


def margins_of(record: Record) -> tuple[float, ...]:
    """Where the margin is drawn: both sides for a claim of smallness."""
    if record.margin is None or record.kind in _MARGIN_ELSEWHERE:
        return ()
    return (-record.margin, record.margin) if record.kind in _WITHIN else (record.margin,)


def shared(records: Iterable[Record], start: float, end: float) -> dict[tuple[str, str], Axis]:
    """One axis per unit over all records that have an effect in it."""
    ends: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in records:
        if one.effect is not None:
            values = (one.effect, one.ci_low, one.ci_high, one.reported, *margins_of(one))
            ends[unit_of(one)] += [v for v in values if v is not None]
    return {unit: axis_over(_without_extremes(found), start, end) for unit, found in ends.items()}


def _without_extremes(values: list[float]) -> list[float]:
    """One huge interval must not turn all others into dots."""
    sizes = sorted(abs(v) for v in values)
    if len(sizes) < 12:
        return values
    limit = 4 * sizes[int(0.9 * (len(sizes) - 1))]
    return [v for v in values if abs(v) <= limit] or values
