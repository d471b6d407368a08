"""A history: every claim at every checkpoint, what its effect did on the way, and whether it drifts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.gate.arrivals import by_steps
from causal_claims.gate.cells import Tracked, joined
from causal_claims.gate.comparable import obstacle
from causal_claims.gate.drift import Drift, corrected, drift
from causal_claims.gate.followed import followed
from causal_claims.gate.margin import margin_of
from causal_claims.gate.run import Run
from causal_claims.gate.trend import Point, Trend
from causal_claims.ledger import Record
from causal_claims.verdicts import number

SCHEMA = "causal-claims-history/1"


@dataclass(frozen=True)
class History:
    """The matrix claim x checkpoint, oldest first."""

    runs: tuple[Mapping[str, Any], ...]
    trends: tuple[Trend, ...]

    @property
    def drifting(self) -> tuple[Trend, ...]:
        return tuple(one for one in self.trends if one.drifting)

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "runs": [dict(one) for one in self.runs],
            "trends": [{**asdict(one), "drifting": one.drifting, "line": one.line} for one in self.trends],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> History:
        if body.get("schema") != SCHEMA:
            raise ClaimsError(f"a history of the schema {body.get('schema')!r}; this version reads {SCHEMA!r}.")
        return cls(
            tuple(dict(one) for one in body["runs"]),
            tuple(
                Trend(
                    one["id"], one["model"], one["subject"], tuple(Point(**p) if p else None for p in one["points"]),
                    Drift(**one["drift"]) if one["drift"] else None, one["reason"],
                )
                for one in body["trends"]
            ),
        )  # fmt: skip


def in_order(runs: Sequence[Run], by: str = "date") -> list[Run]:
    """Runs by their dates, as they were given where one has none; or by `name`, step-900 before step-1000; or as `given`."""
    if by == "name":
        return sorted(runs, key=lambda run: by_steps(run.name))
    dated = by == "date" and all(run.ledger.run.get("date") for run in runs)
    return sorted(runs, key=lambda run: str(run.ledger.run["date"])) if dated else list(runs)


def history(runs: Sequence[Run], confidence: float = 0.95, by: str = "date") -> History:
    """The runs as one history."""
    if not runs:
        raise ClaimsError("a history needs at least one ledger.")
    ordered = in_order(runs, by)
    keys = sorted({key for run in ordered for key in run.by_key}, key=lambda k: (k[1], k[0]))
    trends = [_trend(key, ordered, confidence) for key in keys]
    tested = [one for one in trends if one.drift is not None]
    adjusted = dict(
        zip([id(one) for one in tested], corrected([one.drift for one in tested if one.drift]), strict=True)
    )
    return History(tuple(run.facts for run in ordered), tuple(_told(one, adjusted.get(id(one))) for one in trends))


def _trend(key: tuple[str, str], runs: Sequence[Run], confidence: float) -> Trend:
    records = [run.by_key.get(key) for run in runs]
    last = next(one for one in reversed(records) if one is not None)
    points = tuple(None if one is None else Point(run.name, one.outcome, one.effect, one.ci_low, one.ci_high, one.n)
                   for run, one in zip(runs, records, strict=True))  # fmt: skip
    found, reason = _drift(runs, records, confidence)
    return Trend(key[0], key[1], last.subject or last.statement, points, found, reason)


def _drift(runs: Sequence[Run], records: Sequence[Record | None], confidence: float) -> tuple[Drift | None, str]:
    """Over the checkpoints that can be compared with the last one."""
    pairs = [(run, one) for run, one in zip(runs, records, strict=True) if one is not None]
    end_run, end = pairs[-1]
    whys = [obstacle(run, end_run, one, end) for run, one in pairs]
    fitting = [pair for pair, why in zip(pairs, whys, strict=True) if why is None]
    if len(fitting) < 2:
        return None, next((why for why in whys if why), "one checkpoint only")
    first_run, first = fitting[0]
    what = followed(end)
    if what is None or len(what.what) > 1:
        return None, "this kind has no single effect to follow"
    try:
        margin = margin_of(first_run, first_run.again, what, first, end)
        return drift(_matrix([run for run, _ in fitting], what.what[0]), margin.size, confidence), ""
    except (NotRunError, ClaimsError, ValueError) as error:
        return None, str(error)


def _matrix(runs: Sequence[Run], what: Tracked) -> np.ndarray:
    """What is followed, on every example at every checkpoint.  # units x checkpoints"""
    both = joined(*[(f"at{i}", run, what) for i, run in enumerate(runs)])
    data = both.data()
    return np.column_stack([data.sample(effect).values for effect in both.effects])


def _told(trend: Trend, found: Drift | None) -> Trend:
    if found is None:
        return trend
    went = f"{number(found.change)} [{number(found.low)}, {number(found.high)}] over {found.steps} checkpoints, margin {found.margin:.3g}"
    if found.p is None:
        words = f"{went}; too few checkpoints for a test of drift"
    elif found.drifting:
        words = f"{went}, Holm's p {found.p_holm:.2g}; the largest single step was {found.largest_step:.3g}"
    else:
        words = f"{went}; no drift beyond the margin"
    return replace(trend, drift=found, reason=words)
