"""What pytest exits with: its own code, 10 for a regression at the gate, 11 for a run that is not complete."""

from __future__ import annotations

import pytest

from causal_claims.gate.change import Failure
from causal_claims.pytest_plugin import sharding
from causal_claims.pytest_plugin.notes import notes_of
from causal_claims.pytest_plugin.session import ClaimsSession
from causal_claims.verdicts import Outcome

REGRESSION, INCOMPLETE = Failure.REGRESSION.exit_code, Failure.INCOMPLETE.exit_code
_WORSE = (0, 1, INCOMPLETE, REGRESSION)  # in order: a regression outweighs what is missing


def of_gate(claims: ClaimsSession) -> int:
    """10 for a regression, whoever asked; the rest only where the run is a gate."""
    if claims.comparison is None:
        return 0
    code = claims.comparison.exit_code
    return code if code == REGRESSION or claims.settings.gate else 0


def settled(claims: ClaimsSession, session: pytest.Session) -> int:
    """A run that lost tests never exits 0; one that was stopped on purpose, by -x or --maxfail, keeps pytest's code."""
    status = int(session.exitstatus)
    if status == pytest.ExitCode.NO_TESTS_COLLECTED and sharding.is_empty(claims.config):
        status = 0
    lost = claims.attendance.crashed or claims.lost(status) or notes_of(claims.config).incomplete
    not_run_at_gate = claims.settings.not_run == "error" and any(
        one.outcome == Outcome.NOT_RUN for one in claims.ledger.records
    )
    if status in (0, 1) and (lost or not_run_at_gate):
        status = INCOMPLETE
    return max(status, of_gate(claims), key=_WORSE.index) if status in _WORSE else status
