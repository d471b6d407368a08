"""`holds`: judge a claim on this test's model, write the record, and answer only to `assert`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from _pytest.outcomes import Failed  # what pytest.fail raises; the public name is no type

from causal_claims.claims.claim import Claim
from causal_claims.errors import ClaimsError
from causal_claims.ledger import Record
from causal_claims.pytest_plugin.by_hand import Values
from causal_claims.pytest_plugin.session import ClaimsSession
from causal_claims.verdicts import Outcome

JUDGED: pytest.StashKey[list[Judged]] = pytest.StashKey()
BROKEN: pytest.StashKey[bool] = pytest.StashKey()  # the program or the machine failed while judging


class ClaimFailed(Failed):
    """The claim did not come out as it must; the message starts with the outcome.

    pytest's own failure without a traceback: `except Exception` does not swallow it, and none is drawn to be thrown away.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, pytrace=False)


class NotRunAtGate(ClaimFailed):
    """Under the gate, a claim that could not be run is an error."""


class Judged:
    """The answer of `holds`: true or a failure, and it must be asserted."""

    def __init__(self, claim: Claim, record: Record, session: ClaimsSession, asserted: bool = False) -> None:
        self.claim = claim
        self.record = record
        self.asserted = asserted
        self.failed = False
        self.session = session

    def __repr__(self) -> str:
        return self.record.line

    def __bool__(self) -> bool:
        __tracebackhide__ = True
        self.asserted = True
        outcome, expected = Outcome(self.record.outcome), self.claim.expected
        if outcome is Outcome.NOT_RUN:
            raise_not_run(self.record, self.session)
        if expected is not None:
            if outcome is not expected:
                raise ClaimFailed(f"{self.record.line}\nexpected {expected}: {self.claim.about.get('because')}")
            if not self.session.config.option.runxfail:
                pytest.xfail(f"{self.record.line} (expected {expected}: {self.claim.about.get('because')})")
            return True
        if outcome is Outcome.INCONCLUSIVE and self.session.settings.inconclusive == "skip":
            pytest.skip(self.record.line)
        if outcome is not Outcome.SUPPORTED:
            self.failed = True
            raise ClaimFailed(self.record.line)
        return True


class Holds:
    """The `holds` fixture: claims given as parameters are judged when the test is set up, others when called."""

    def __init__(self, session: ClaimsSession, item: pytest.Item, model: str | None) -> None:
        self._session = session
        self._item = item
        self._model = model
        self._judged: dict[int, Judged] = {}
        item.stash.setdefault(JUDGED, [])

    def __call__(self, claim: Claim, values: Values | Callable[..., Values] | None = None) -> Judged:
        __tracebackhide__ = True
        if not isinstance(claim, Claim):
            raise ClaimsError(f"holds({claim!r}): give a claim, e.g. raises(M, by=ablate(Head(27, 11)), beyond=0.02).")
        if values is None and id(claim) in self._judged:
            return self._judged[id(claim)]
        try:
            record = self._session.judge.judge(self._item, claim, self._model, values)
        except Exception as error:
            self._item.stash[BROKEN] = True
            broken = self._session.judge.error(self._item, claim, self._model, error)
            self._item.stash[JUDGED].append(Judged(claim, broken, self._session, asserted=True))
            raise
        judged = self._judged[id(claim)] = Judged(claim, record, self._session)
        self._item.stash[JUDGED].append(judged)
        return judged


def raise_not_run(record: Record, session: ClaimsSession) -> None:
    __tracebackhide__ = True
    if session.settings.not_run == "error":
        raise NotRunAtGate(record.line)
    pytest.skip(record.line)
