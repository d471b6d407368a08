"""One claim on one model in two runs: what became of it, by how much, why, and whether that stops the checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from causal_claims.gate.shift import Shift, Where
from causal_claims.verdicts import Outcome, number


class Change(StrEnum):
    """What became of a claim."""

    UNCHANGED = "unchanged"
    REGRESSED = "regressed"
    IMPROVED = "improved"
    UNDETERMINED = "undetermined"
    NEW = "new"
    GONE = "gone"
    INCOMPARABLE = "not comparable"


class Failure(StrEnum):
    """Why a row stops the checkpoint, the worst first; each has its exit code."""

    REGRESSION = "regression"
    INCOMPLETE = "incomplete"
    FAILED = "failed"

    @property
    def exit_code(self) -> int:
        return {Failure.REGRESSION: 10, Failure.INCOMPLETE: 11, Failure.FAILED: 1}[self]


@dataclass(frozen=True)
class Cause:
    """Why a claim regressed: one of four words, the sentence, and the heads that now carry it."""

    word: str  # behaviour lost, mechanism lost, mechanism moved, unknown
    sentence: str
    heads: tuple[str, ...] = ()
    to_measure: str | None = None


@dataclass(frozen=True)
class Row:
    """A line of the comparison."""

    id: str
    model: str
    subject: str
    change: Change
    reason: str
    was: str | None
    now: str | None
    gate: bool
    node_id: str
    finding: str | None = None
    shift: Shift | None = None
    p_holm: float | None = None
    cause: Cause | None = None
    failure: Failure | None = None

    @property
    def key(self) -> tuple[str, str]:
        return (self.id, self.model)

    @property
    def fell(self) -> bool:
        """Supported then and refuted now: stops a checkpoint whatever else is said."""
        return self.was == Outcome.SUPPORTED and self.now == Outcome.REFUTED

    @property
    def line(self) -> str:
        """As the terminal, JUnit and Markdown print it."""
        head = f"{self.change.upper()} {self.model} {self.subject}"
        verdicts = f"{self.was or 'absent'} -> {self.now or 'absent'}"
        why = f"; {self.cause.word}: {self.cause.sentence}" if self.cause else ""
        return " ".join(f"{head}: {self._figures}{verdicts}; {self.reason}{why}".split())

    @property
    def _figures(self) -> str:
        if self.shift is None:
            return ""
        one = self.shift
        moved = f"{number(one.before)} to {number(one.now)}"
        return f"{moved}, shift {number(one.mean)} [{number(one.low)}, {number(one.high)}] n={one.n}, margin {one.margin:.3g}; "


def row_from(body: Mapping[str, Any]) -> Row:
    """A row as it was written."""
    found = dict(body)
    found["change"] = Change(found["change"])
    found["failure"] = Failure(found["failure"]) if found.get("failure") else None
    if found.get("shift"):
        shift = dict(found["shift"])
        found["shift"] = Shift(**{**shift, "where": Where(shift["where"])})
    if found.get("cause"):
        found["cause"] = Cause(**{**found["cause"], "heads": tuple(found["cause"]["heads"])})
    known = {one.name for one in fields(Row)}
    return Row(**{name: value for name, value in found.items() if name in known})


def row_to(row: Row) -> dict[str, Any]:
    """Plain data for JSON, with the line as people read it."""
    return {**asdict(row), "line": row.line}
