"""What the gate follows of each kind: one sum of cells, which way is better, and the claim's own margin for it."""

from __future__ import annotations

from dataclasses import dataclass

from causal_claims.gate.cells import Tracked, effects_of
from causal_claims.ledger import Record

_OF_THE_METRIC = ("raises", "lowers", "negligible", "interacts", "specific", "agrees", "beats", "counts")
BY_VERDICT = ("correlates", "enriched", "exactly")  # the unit is a head, a token, or equality itself


@dataclass(frozen=True)
class Followed:
    """One number per example, before and after."""

    what: tuple[Tracked, ...]  # several only where a claim says the same of each of many
    better: int | None  # +1 more is better, -1 less, 0 nearer to `target`, None more of what there was
    target: float
    margin: float | None  # in units of the metric; None where the claim's margin is in others
    words: str


def followed(record: Record) -> Followed | None:
    """What is compared for this record; None where only verdicts can be."""
    effects = effects_of(record)
    if record.kind in BY_VERDICT or not effects:
        return None
    margin = abs(record.margin) if record.margin and record.kind in _OF_THE_METRIC else None
    if record.kind == "negligible":
        return Followed(effects, 0, 0.0, margin, "the effect")
    if record.kind == "agrees" and len(effects) == 2:
        return Followed((effects[0] + effects[1] * -1,), 0, 0.0, margin, "the difference")
    if record.kind == "replicates":
        return Followed(effects[:1], 0, record.reported or record.margin or 0.0, margin, "the figure")
    if record.kind == "counts":
        return Followed(effects, 0, 0.0, margin, "each effect")
    if record.kind in ("strongest", "beats"):
        rivals = effects[1:]
        lead = effects[0] + _sum(rivals) * (-1 / len(rivals))
        return Followed((lead,), _sign(record), 0.0, margin, "the lead over the mean of the others")
    if record.kind == "dose":
        middle = (len(effects) - 1) / 2
        slope = _sum([one * (i - middle) for i, one in enumerate(effects)])
        return Followed((slope,), _sign(record), 0.0, None, "the slope over the steps")
    if record.kind == "ranks":
        return Followed((effects[0] + effects[-1] * -1,), None, 0.0, None, "the first against the last")
    if record.kind == "recovers" and len(effects) == 2:
        part = effects[0] + effects[1] * -(record.margin or 0.0)
        return Followed((part,), None, 0.0, None, "the part against its share of the whole")
    return Followed(effects[:1], _sign(record), 0.0, margin, "the effect")


def _sign(record: Record) -> int | None:
    """Which way the claim points, by its own words."""
    words = record.needs.split()
    if "below" in words or "down" in words:
        return -1
    return 1 if "above" in words or "up" in words else None


def _sum(effects: tuple[Tracked, ...] | list[Tracked]) -> Tracked:
    found = effects[0]
    for one in effects[1:]:
        found = found + one
    return found
