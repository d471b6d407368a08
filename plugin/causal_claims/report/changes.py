"""What changed since an earlier ledger, claim by claim and model by model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from causal_claims.ledger import Ledger, Record
from causal_claims.report.outcomes import ORDER
from causal_claims.verdicts import Outcome


@dataclass(frozen=True)
class Change:
    """One claim then and now; either side is None where it was absent."""

    before: Record | None
    now: Record | None

    @property
    def record(self) -> Record:
        found = self.now or self.before
        assert found is not None
        return found

    @property
    def word(self) -> str:
        """What kind of change it is, in one word."""
        if self.before is None:
            return "new"
        if self.now is None:
            return "gone"
        if self.now.outcome == self.before.outcome:
            return "moved"
        if Outcome.SUPPORTED in (self.before.outcome, self.now.outcome):
            return "lost" if self.before.outcome == Outcome.SUPPORTED else "gained"
        return "changed"


def changes(before: Ledger, now: Ledger) -> list[Change]:
    """Other outcomes first, then what is gone or new, then effects outside the interval they had."""
    then = {one.key: one for one in before.records}
    here = {one.key: one for one in now.records}
    found = [Change(then.get(key), here.get(key)) for key in {**then, **here}]
    changed = [one for one in found if _differs(one)]
    order = ("lost", "changed", "gone", "moved", "gained", "new")
    return sorted(changed, key=lambda c: (order.index(c.word), ORDER.index(c.record.outcome), c.record.key))


def words(found: Iterable[Change]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for one in found:
        counted[one.word] = counted.get(one.word, 0) + 1
    return counted


def _differs(change: Change) -> bool:
    before, now = change.before, change.now
    if before is None or now is None or before.outcome != now.outcome:
        return True
    if None in (before.effect, now.effect, before.ci_low, before.ci_high, now.ci_low, now.ci_high):
        return False
    return bool(now.ci_low > before.ci_high or now.ci_high < before.ci_low)  # type: ignore[operator]  # no None is left
