"""Two runs compared: every claim's row, the exit code, and plain data for pages and programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from causal_claims.errors import ClaimsError
from causal_claims.gate.change import Change, Failure, Row, row_from, row_to

SCHEMA = "causal-claims-gate/1"


@dataclass(frozen=True)
class Comparison:
    """What the gate says of a checkpoint."""

    old: Mapping[str, Any]  # name, date, commit, checkpoints
    new: Mapping[str, Any]
    again: str | None  # the A/A run that margins rest on
    family: int  # claims that Holm's correction is over
    marked: bool  # whether they were marked with gate=True, or are all there are
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()  # tests of the new run that never reported

    @cached_property
    def failures(self) -> tuple[Row, ...]:
        """The rows that stop the checkpoint, regressions first."""
        order = list(Failure)
        return tuple(sorted((r for r in self.rows if r.failure), key=lambda r: order.index(r.failure or order[0])))

    @property
    def exit_code(self) -> int:
        """10 a regression, 11 something was not compared, 1 a claim failed that nothing could be compared with, else 0."""
        found = {one.failure for one in self.failures} | ({Failure.INCOMPLETE} if self.lost else set())
        return next((failure.exit_code for failure in Failure if failure in found), 0)

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(str(one.change) for one in self.rows)
        return {str(change): found[change] for change in Change if found[change]}

    @property
    def lines(self) -> tuple[str, ...]:
        """Every line that failed the gate."""
        lost = [f"INCOMPLETE {name}: a test that was collected and never reported" for name in self.lost]
        return (*(one.line for one in self.failures), *lost)

    @property
    def summary(self) -> str:
        said = ", ".join(f"{count} {word}" for word, count in self.counts.items()) or "no claims"
        what = f"{len(self.lines)} stop the checkpoint" if self.lines else "none stops the checkpoint"
        return f"gate against {self.old['name']}: {said}; {what}"

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` reads it back."""
        return {
            "schema": SCHEMA,
            "old": dict(self.old),
            "new": dict(self.new),
            "again": self.again,
            "family": self.family,
            "marked": self.marked,
            "exit_code": self.exit_code,
            "summary": self.summary,
            "counts": self.counts,
            "lines": list(self.lines),
            "notes": list(self.notes),
            "lost": list(self.lost),
            "rows": [row_to(one) for one in self.rows],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Comparison:
        if body.get("schema") != SCHEMA:
            raise ClaimsError(f"a comparison of the schema {body.get('schema')!r}; this version reads {SCHEMA!r}.")
        rows: Sequence[Mapping[str, Any]] = body["rows"]
        return cls(
            dict(body["old"]), dict(body["new"]), body["again"], body["family"], body["marked"],
            tuple(row_from(one) for one in rows), tuple(body["notes"]), tuple(body["lost"]),
        )  # fmt: skip
