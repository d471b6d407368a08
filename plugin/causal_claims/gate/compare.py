"""The comparison of two runs, claim by claim; Holm over the claims that may stop a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from scipy.special import ndtri

from causal_claims.errors import ClaimsError, NotRunError, listing, nearest
from causal_claims.gate.cause import cause_of
from causal_claims.gate.change import Cause, Change, Failure, Row
from causal_claims.gate.comparable import lost_behaviour, obstacle
from causal_claims.gate.comparison import Comparison
from causal_claims.gate.margin import margin_of
from causal_claims.gate.run import Run
from causal_claims.gate.shift import Shift, Where, paired_shift
from causal_claims.gate.tracked import Followed, followed
from causal_claims.ledger import Record
from causal_claims.statistics.multiplicity import holm
from causal_claims.verdicts import Outcome, number

ALPHA = 0.025  # one-sided, of the family of gate claims
FAIL_ON = {
    "gone": Failure.INCOMPLETE,
    "incomparable": Failure.INCOMPLETE,
    "not-run": Failure.INCOMPLETE,
    "undetermined": Failure.FAILED,
    "inconclusive": Failure.FAILED,
    "failed": Failure.FAILED,
}
DEFAULT_FAIL_ON = ("gone", "incomparable", "not-run", "failed")


def parse_fail_on(text: str) -> tuple[str, ...]:
    """`gone,undetermined`; a regression always fails."""
    words = tuple(word.strip() for word in text.split(",") if word.strip() and word.strip() != "regressed")
    for word in words:
        if word not in FAIL_ON:
            raise ClaimsError(
                f"{word!r}{nearest(word, FAIL_ON)} is nothing the gate can fail on; there are {listing(FAIL_ON)}."
            )
    return words


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
            rows.append(_gone(before, key in gates, asked(before)))
        elif before is None:
            rows.append(_new(now, key in gates))
        else:
            rows.append(_both(old, new, again, before, now, key in gates, confidence))
    rows = _holm(rows)
    chosen = set(fail_on)
    rows = [
        replace(row, failure=_failure(row, old.by_key.get(row.key), new.by_key.get(row.key), chosen)) for row in rows
    ]
    rows = [_explained(row, old, new) for row in rows]
    missing = [*new.ledger.run.get("missing", []), *new.ledger.run.get("crashed", [])]
    family = sum(row.gate and row.shift is not None for row in rows)
    return Comparison(
        old.facts, new.facts, again.name if again is not None else None, family, bool(marked), tuple(rows),
        tuple(_notes(old, new, again, rows)), tuple(dict.fromkeys(missing)),
    )  # fmt: skip


def _gone(before: Record, gate: bool, asked: bool) -> Row:
    reason = "it was judged then and is not now" if asked else "it was judged then; this run was not asked for it"
    return replace(_row(before, Change.GONE, reason, gate and asked), was=before.outcome, now=None)


def _new(now: Record, gate: bool) -> Row:
    return replace(_row(now, Change.NEW, "there is nothing to compare it with", gate), was=None, now=now.outcome)


def _both(old: Run, new: Run, again: Run | None, before: Record, now: Record, gate: bool, confidence: float) -> Row:
    """The paired shift, where the two can be compared; else the verdicts, and what stands in the way."""
    row = replace(_row(now, Change.INCOMPARABLE, "", gate), was=before.outcome, now=now.outcome)
    refuted = before.outcome == Outcome.SUPPORTED and now.outcome == Outcome.REFUTED
    if lost_behaviour(now) and before.outcome == Outcome.SUPPORTED:
        return replace(row, change=Change.REGRESSED, reason="the model was shown not to do the task")
    if why := obstacle(old, new, before, now):
        if refuted:
            return replace(row, change=Change.REGRESSED, reason=f"supported then and refuted now, though {why}")
        return replace(row, reason=why)
    what = followed(before)
    if what is None:
        return _by_verdict(row, refuted)
    try:
        shift = paired_shift(old, new, what, margin_of(old, again, what, before, now), confidence)
    except (NotRunError, ClaimsError) as error:
        return replace(row, change=Change.REGRESSED if refuted else Change.INCOMPARABLE, reason=str(error))
    change, reason = _change(what, shift)
    if refuted:
        change, reason = Change.REGRESSED, f"supported then and refuted now; {reason}"
    elif change is Change.REGRESSED and before.outcome == now.outcome == Outcome.REFUTED:
        change, reason = Change.UNCHANGED, f"refuted then and now; {reason}"
    elif before.outcome != now.outcome:
        reason += "; the verdict alone is a note"
    return replace(row, change=change, reason=reason, shift=shift)


def _change(what: Followed, shift: Shift) -> tuple[Change, str]:
    """What an interval against a margin says, in the claim's own direction."""
    of = f"{what.words} of {shift.of}" if shift.of else what.words
    if shift.identical:
        return Change.UNCHANGED, f"{of} is the same to the last bit on all {shift.n} {shift.unit}s"
    if shift.where is Where.INSIDE:
        return Change.UNCHANGED, f"the shift of {of} lies within the margin ({shift.margin_from})"
    if shift.where is Where.ACROSS:
        why = (
            f"too thin: {shift.thin}"
            if shift.thin
            else f"the shift of {of} reaches across the margin ({shift.margin_from})"
        )
        return Change.UNDETERMINED, why + (f"; about n={shift.n_needed} would settle it" if shift.n_needed else "")
    up = shift.where is Where.ABOVE
    if what.better:
        good, words = up == (what.better > 0), ("gained", "lost")
    else:
        good = abs(shift.now - what.target) < abs(shift.before - what.target)
        words = (f"came nearer to {number(what.target)} by", f"went away from {number(what.target)} by")
    said = f"{of} {words[0] if good else words[1]} more than the margin ({shift.margin_from})"
    return (Change.IMPROVED if good else Change.REGRESSED), said


def _by_verdict(row: Row, refuted: bool) -> Row:
    if refuted:
        return replace(row, change=Change.REGRESSED, reason="supported then and refuted now")
    if row.was == row.now:
        return replace(row, change=Change.UNCHANGED, reason="the same verdict; this kind is compared by its verdict")
    return replace(row, change=Change.UNDETERMINED, reason="another verdict; this kind is compared by its verdict")


def _holm(rows: list[Row]) -> list[Row]:
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
        _corrected(row, *adjusted[row.key]) if row.shift is not None and row.shift.p is not None else row
        for row in rows
    ]


def _corrected(row: Row, p: float, family: int) -> Row:
    row = replace(row, p_holm=p)
    if p <= ALPHA or row.change not in (Change.REGRESSED, Change.IMPROVED) or (row.now == Outcome.REFUTED != row.was):
        return row
    assert row.shift is not None
    needed = _examples_for(row.shift, family)
    reason = f"{row.reason}, but Holm's p over {family} claims is {p:.2g}; about n={needed} would settle it"
    return replace(row, change=Change.UNDETERMINED, reason=reason, shift=replace(row.shift, n_needed=needed))


def _examples_for(shift: Shift, family: int) -> int:
    """Examples with which this shift would stand even as the smallest p of the family."""
    asked, had = float(ndtri(1 - ALPHA / family)), float(ndtri(1 - (shift.p or ALPHA)))
    return math.ceil(shift.n * (asked / had) ** 2)


def _failure(row: Row, before: Record | None, now: Record | None, fail_on: set[str]) -> Failure | None:
    """Whether this row stops the checkpoint, and how."""
    if row.was == Outcome.SUPPORTED and row.now == Outcome.REFUTED:
        return Failure.REGRESSION
    if row.gate and row.change is Change.REGRESSED:
        return Failure.REGRESSION
    reasons = []
    if now is not None:
        failing = now.outcome != (now.expected or Outcome.SUPPORTED)
        newly = before is None or before.outcome != now.outcome
        decided = now.outcome in (Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INVALID)
        reasons += ["failed"] if failing and newly and decided else []
        reasons += ["not-run"] if now.outcome == Outcome.ERROR or (row.gate and now.outcome == Outcome.NOT_RUN) else []
        reasons += ["inconclusive"] if now.outcome == Outcome.INCONCLUSIVE and failing else []
    judged = (Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE)
    if row.gate:
        reasons += ["gone"] if row.change is Change.GONE and row.was in judged else []
        reasons += (
            ["incomparable"] if row.change is Change.INCOMPARABLE and row.was in judged and row.now in judged else []
        )
        reasons += ["undetermined"] if row.change is Change.UNDETERMINED else []
    found = [FAIL_ON[reason] for reason in reasons if reason in fail_on]
    return min(found, key=list(Failure).index) if found else None


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
    if row.failure is None and row.gate and row.p_holm is not None:
        row = replace(row, reason=f"{row.reason}; not counted among the gate's claims: Holm's p is {row.p_holm:.2g}")
    elif row.failure is None:
        row = replace(row, reason=f"{row.reason}; not marked as a gate")
    return replace(row, cause=cause)


def _row(record: Record, change: Change, reason: str, gate: bool) -> Row:
    return Row(record.id, record.model, record.subject or record.statement, change, reason, None, None, gate,
               record.node_id, record.finding)  # fmt: skip


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
