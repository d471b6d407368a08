"""`--claims-save NAME`: a run kept as a baseline, unless it was stopped, lost tests, or was itself stopped by a gate."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from causal_claims.errors import ClaimsError
from causal_claims.gate.baseline import save
from causal_claims.ledger import Ledger
from causal_claims.measurements import Measurement
from causal_claims.pytest_plugin.gating import whole_table
from causal_claims.pytest_plugin.session import ClaimsSession
from causal_claims.recorded import Recorded


def keep(claims: ClaimsSession, session: pytest.Session, used: Sequence[Measurement]) -> None:
    """What cannot be kept leaves the baseline as it was, and a run that asked for it does not end with 0."""
    name = claims.settings.save
    if name is None:
        return
    run = {key: value for key, value in claims.ledger.run.items() if key != "gate"}
    try:
        if why := _unfit(claims, session):
            raise ClaimsError(f"baseline {name} is left as it was: {why}.")
        table = Recorded(whole_table(claims, used), "this run", claims.judge.picks)
        folder = save(claims.settings.baselines, name, Ledger(claims.ledger.records, run), table)
        claims.written.append(f"baseline {folder}")
        return
    except ClaimsError as error:
        claims.written.append(str(error))
    except OSError as error:
        claims.written.append(f"baseline {name} could not be written: {error.strerror}")
    if int(session.exitstatus) == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _unfit(claims: ClaimsSession, session: pytest.Session) -> str | None:
    if session.shouldstop or session.shouldfail:
        return "the run was stopped"
    if claims.ledger.run.get("missing") or claims.ledger.run.get("crashed"):
        return "the run lost tests"
    if claims.settings.gate and claims.comparison is not None and claims.comparison.exit_code:
        return "the gate stopped this checkpoint"
    return None
