"""The comparison of two runs, claim by claim; Holm over the claims that may stop a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from causal_claims.errors import ClaimsError
from causal_claims.gate.cause import cause_of
from causal_claims.gate.change import Cause, Change, Row
from causal_claims.gate.comparison import Comparison
from causal_claims.gate.failing import DEFAULT_FAIL_ON, failure
from causal_claims.gate.family import corrected
from causal_claims.gate.followed import followed
from causal_claims.gate.pair import changed, gone, new_row
from causal_claims.gate.run import Run
from causal_claims.ledger import Record


def compare(
    old: Run,
    new: Run,
    *,
    again: Run | None = None,
    confidence: float = 0.95,
    fail_on: Iterable[str] = DEFAULT_FAIL_ON,
    asked: Callable[[Record], bool] = lambda record: True,
) -> Comparison:
    """Hold a run against an older one of the same claims; `asked` tells which old claims the new run was asked for."""
    again = again if again is not None else old.again
    marked = {one.key for run in (old, new) for one in run.ledger.records if one.gate}
    gates = marked or {one.key for run in (old, new) for one in run.ledger.records}
    rows = []
    for key in sorted({**old.by_key, **new.by_key}, key=lambda k: (k[1], k[0])):
        before, now = old.by_key.get(key), new.by_key.get(key)
        if now is None:
            assert before is not None
            rows.append(gone(before, key in gates, asked(before)))
        elif before is None:
            rows.append(new_row(now, key in gates))
        else:
            rows.append(changed(old, new, again, before, now, key in gates, confidence))
    rows = corrected(rows)
    chosen = set(fail_on)
    rows = [
        replace(row, failure=failure(row, old.by_key.get(row.key), new.by_key.get(row.key), chosen)) for row in rows
    ]
    rows = [_explained(row, old, new) for row in rows]
    missing = [*new.ledger.run.get("missing", []), *new.ledger.run.get("crashed", [])]
    family = sum(row.gate and row.shift is not None for row in rows)
    return Comparison(
        old.facts, new.facts, again.name if again is not None else None, family, bool(marked), tuple(rows),
        tuple(_notes(old, new, again, rows)), tuple(dict.fromkeys(missing)),
    )  # fmt: skip


def _explained(row: Row, old: Run, new: Run) -> Row:
    """Why it regressed, and that it does not stop the checkpoint where it does not."""
    if row.change is not Change.REGRESSED:
        return row
    before, now = old.by_key[row.key], new.by_key[row.key]
    cause: Cause | None = None
    try:
        cause = cause_of(old, new, before, now, followed(before), row.shift)
    except ClaimsError as error:
        cause = Cause("unknown", str(error))
    if row.failure is None:
        row = replace(row, reason=f"{row.reason}; not marked as a gate")
    return replace(row, cause=cause)


def _notes(old: Run, new: Run, again: Run | None, rows: list[Row]) -> Iterable[str]:
    """What a reader must know that no single row says."""
    if again is None:
        yield "no A/A run: margins are the claims' own; measure the old checkpoint once more and give it with --again"
    compared = [row for row in rows if row.shift is not None]
    identical = {row.model for row in compared} - {
        row.model for row in compared if row.shift and not row.shift.identical
    }
    for model in sorted(identical):
        at = [run.facts["checkpoints"].get(model) for run in (old, new)]
        if at[0] != at[1] and None not in at:
            yield f"every number of {model} is the same to the last bit although {at[0]} became {at[1]}: was the new checkpoint measured?"
