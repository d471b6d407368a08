"""A run as the gate reads it: the ledger, the numbers it rests on, and a second run of the same checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError
from causal_claims.ledger import Ledger, Record, read_ledger
from causal_claims.recorded import Recorded, read_measurements

LEDGER, TABLE, AGAIN = "claims.json", "measurements.parquet", "again"


@dataclass(frozen=True, eq=False)
class Run:
    """A ledger and its measurements; `again` is the A/A run, the same checkpoint measured once more."""

    name: str
    ledger: Ledger
    recorded: Recorded | None = None
    again: Run | None = None

    @cached_property
    def by_key(self) -> dict[tuple[str, str], Record]:
        return {one.key: one for one in self.ledger.records}

    @property
    def facts(self) -> dict[str, Any]:
        """Which run this is, for a reader of the comparison."""
        run = self.ledger.run
        return {
            "name": self.name,
            "date": run.get("date"),
            "commit": run.get("commit"),
            "checkpoints": checkpoints(self.ledger),
            "records": len(self.ledger.records),
            "measurements": len(self.recorded) if self.recorded is not None else 0,
        }

    def __repr__(self) -> str:
        return f"<run {self.name}, {len(self.ledger.records)} records>"


def checkpoints(ledger: Ledger) -> Mapping[str, str | None]:
    """Model key to the revision or weights hash that was measured."""
    return {one.model: one.stand_in or one.checkpoint for one in ledger.records}


def read_run(path: Path, name: str | None = None) -> Run:
    """A run from its folder or its ledger; the table is looked for beside the ledger."""
    ledger = path / LEDGER if path.is_dir() else path
    if not path.exists():
        raise ClaimsError(f"there is no {path}; give a folder that a run has written, or its ledger.")
    if not ledger.is_file():
        raise ClaimsError(f"{path} holds no {LEDGER}; give a folder that a run has written, or its ledger.")
    folder = ledger.parent
    table, again = folder / TABLE, folder / AGAIN
    return Run(
        name or str(path),
        read_ledger(ledger),
        read_measurements(table) if table.is_file() else None,
        read_run(again, f"{name or path}:{AGAIN}") if (again / LEDGER).is_file() else None,
    )
