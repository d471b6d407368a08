"""One claim in two runs: the paired shift where the two can be compared, else the verdicts and what stands in the way."""

from __future__ import annotations

from dataclasses import replace

from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.gate.change import Change, Row
from causal_claims.gate.comparable import lost_behaviour, obstacle
from causal_claims.gate.followed import Followed, followed
from causal_claims.gate.margin import margin_of
from causal_claims.gate.run import Run
from causal_claims.gate.shift import Shift, Where, paired_shift
from causal_claims.ledger import Record
from causal_claims.verdicts import Outcome, number


def changed(old: Run, new: Run, again: Run | None, before: Record, now: Record, gate: bool, confidence: float) -> Row:
    """The paired shift, where the two can be compared; else the verdicts, and what stands in the way."""
    row = replace(row_of(now, Change.INCOMPARABLE, "", gate), was=before.outcome, now=now.outcome)
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


def gone(before: Record, gate: bool, asked: bool) -> Row:
    reason = "it was judged then and is not now" if asked else "it was judged then; this run was not asked for it"
    return replace(row_of(before, Change.GONE, reason, gate and asked), was=before.outcome, now=None)


def new_row(now: Record, gate: bool) -> Row:
    return replace(row_of(now, Change.NEW, "there is nothing to compare it with", gate), was=None, now=now.outcome)


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
    if what.better != 0:
        more = shift.before >= 0 if what.better is None else what.better > 0
        good, words = up == more, ("gained", "lost")
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


def row_of(record: Record, change: Change, reason: str, gate: bool) -> Row:
    return Row(record.id, record.model, record.subject or record.statement, change, reason, None, None, gate,
               record.node_id, record.finding)  # fmt: skip
