"""What stops a checkpoint: a regression always, the rest as `--claims-fail-on` says."""

from __future__ import annotations

from causal_claims.errors import ClaimsError, listing, nearest
from causal_claims.gate.change import Change, Failure, Row
from causal_claims.ledger import Record
from causal_claims.verdicts import Outcome

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
    words = tuple(word for word in map(str.strip, text.split(",")) if word != "regressed") if text else ()
    for word in words:
        if word not in FAIL_ON:
            raise ClaimsError(
                f"{word!r}{nearest(word, FAIL_ON)} is nothing the gate can fail on; there are {listing(FAIL_ON)}."
            )
    return words


def failure(row: Row, before: Record | None, now: Record | None, fail_on: set[str]) -> Failure | None:
    """Whether this row stops the checkpoint, and how."""
    if row.fell:
        return Failure.REGRESSION
    if row.gate and row.change is Change.REGRESSED:
        return Failure.REGRESSION
    reasons = []
    if now is not None:
        failing = now.outcome != (now.expected or Outcome.SUPPORTED)
        newly = before is None or before.outcome != now.outcome
        decided = now.outcome in (Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INVALID)
        # with a shift, a verdict that flips is a note: noise alone turns some over
        reasons += ["failed"] if failing and newly and decided and row.shift is None else []
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
