"""All records of one run, as a file: one line a record."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError
from causal_claims.ledger.carried import plain
from causal_claims.ledger.records import Record, record_from
from causal_claims.schemas import migrated
from causal_claims.verdicts import Outcome

SCHEMA = "causal-claims/1"
_EQUIVALENCES = ("negligible", "agrees")
JUDGED = (Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE)


@dataclass
class Ledger:
    """All records of one run, and what the run was."""

    records: list[Record]
    run: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """One line a record, so that two ledgers can be told apart by any diff."""
        records = ",\n".join(_line(one.to_plain()) for one in self.records)
        return f'{{"schema": {_line(SCHEMA)},\n"run": {_line(plain(self.run))},\n"records": [\n{records}\n]}}\n'

    @property
    def by_outcome(self) -> dict[Outcome, list[Record]]:
        found: dict[Outcome, list[Record]] = {outcome: [] for outcome in Outcome}
        for one in self.records:
            found[Outcome(one.outcome)].append(one)
        return found


def false_at_most(records: Iterable[Record]) -> float:
    """False verdicts to expect at most: each end of a decision interval errs at its share, an equivalence at twice that.

    A claim that came out undecided could have come out wrong, so it counts too.
    """
    total = 0.0
    for one in records:
        if one.outcome in JUDGED and one.kind != "exactly":
            total += (1 - one.confidence) / (1 if one.kind in _EQUIVALENCES and one.outcome != Outcome.REFUTED else 2)
    return total


def read_ledger(path: Path) -> Ledger:
    """A ledger from its file; another schema or a damaged file is a sentence."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ClaimsError(f"ledger {path} cannot be read: {error.strerror}.") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ClaimsError(f"ledger {path} is not JSON: {error}.") from None
    try:
        body = migrated(body, SCHEMA)
    except ClaimsError as error:
        raise ClaimsError(f"ledger {path} {error}") from None
    try:
        return Ledger([record_from(dict(one)) for one in body["records"]], dict(body.get("run", {})))
    except (KeyError, TypeError, ValueError) as error:
        raise ClaimsError(f"ledger {path} is damaged: {error}.") from None


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
