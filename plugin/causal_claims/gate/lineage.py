"""Lineage: what claims say of one another, and what follows when one of them falls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from causal_claims.ledger import Record
from causal_claims.verdicts import Outcome

FALLEN = (Outcome.REFUTED, Outcome.INVALID)


@dataclass(frozen=True)
class Consequence:
    """Something that two claims say together and neither says alone."""

    word: str  # undermined, contradiction, superseded, stale, unknown, circle
    id: str
    model: str
    cites: str
    sentence: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def lineage(records: Iterable[Record]) -> list[Consequence]:
    """All that follows in a ledger; a claim may be cited by its id or by the number of its finding."""
    found: list[Consequence] = []
    every = sorted(records, key=lambda one: one.key)
    for record in every:
        for relation, cited in record.lineage.items():
            for name in cited:
                targets = _named(every, name, record.model)
                if not targets:
                    found.append(
                        _consequence("unknown", record, name, f"{relation} {name}, which no claim of this ledger is")
                    )
                for target in targets:
                    if (one := _pair(relation, record, target)) is not None:
                        found.append(one)
    return [*found, *_circles(every)]


def _pair(relation: str, record: Record, cited: Record) -> Consequence | None:
    name, stands = cited.id, record.outcome == Outcome.SUPPORTED
    if relation == "depends_on" and cited.outcome in FALLEN:
        return _consequence("undermined", record, name, f"depends on {name}, which is {cited.outcome}: {cited.reason}")
    if relation == "contradicts" and stands and cited.outcome == Outcome.SUPPORTED:
        return _consequence("contradiction", record, name, f"contradicts {name}, and both are SUPPORTED")
    if relation == "supersedes" and stands and cited.outcome == Outcome.SUPPORTED:
        return _consequence("superseded", record, name, f"supersedes {name}, which still stands beside it")
    if relation == "supersedes" and record.outcome in FALLEN:
        return _consequence("stale", record, name, f"supersedes {name} and is {record.outcome} itself")
    return None


def _circles(records: Sequence[Record]) -> list[Consequence]:
    """Claims that depend on themselves by way of others."""
    found = []
    for record in records:
        seen: set[tuple[str, str]] = set()
        ahead = _cited(records, record)
        while ahead:
            one = ahead.pop()
            if one.key not in seen:
                seen.add(one.key)
                ahead += _cited(records, one)
        if record.key in seen:
            found.append(_consequence("circle", record, record.id, "depends on itself by way of others"))
    return found


def _cited(records: Sequence[Record], record: Record) -> list[Record]:
    return [target for name in record.lineage.get("depends_on", []) for target in _named(records, name, record.model)]


def _named(records: Sequence[Record], name: str, model: str) -> list[Record]:
    named = [one for one in records if name in (one.id, one.finding)]
    return [one for one in named if one.model == model] or named


def _consequence(word: str, record: Record, cites: str, what: str) -> Consequence:
    return Consequence(word, record.id, record.model, cites, f"{word.upper()} {record.model} {record.id}: {what}")
