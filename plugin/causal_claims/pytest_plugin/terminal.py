"""The summary on the terminal: what matters most first, each verdict in its one-line form."""

from __future__ import annotations

import pytest

from causal_claims.ledger import Record, false_at_most
from causal_claims.plan import Plan
from causal_claims.pytest_plugin import gating
from causal_claims.pytest_plugin.notes import notes_of
from causal_claims.pytest_plugin.planning import cost_line
from causal_claims.pytest_plugin.session import ClaimsSession
from causal_claims.verdicts import Outcome, count

_ORDER = (Outcome.SUPPORTED, Outcome.NOT_RUN, Outcome.INCONCLUSIVE, Outcome.INVALID, Outcome.REFUTED, Outcome.ERROR)
_COLOURS = {
    Outcome.SUPPORTED: {"green": True},
    Outcome.NOT_RUN: {"yellow": True},
    Outcome.INCONCLUSIVE: {"yellow": True},
}
_MANY = 20


def summarise(reporter: pytest.TerminalReporter, claims: ClaimsSession, status: int) -> None:
    """Grouped by outcome, the worst last, where the eye is."""
    groups = claims.ledger.by_outcome
    if claims.plan is not None:
        _plan(reporter, claims, claims.plan)
        return
    if reporter.config.option.collectonly:
        return
    lost = claims.lost(status)
    if not (claims.ledger.records or lost or claims.written or notes_of(claims.config).lines):
        return
    reporter.section("causal claims", sep="=")
    for outcome in _ORDER:
        _group(reporter, outcome, groups[outcome])
    decided = len(groups[Outcome.SUPPORTED]) + len(groups[Outcome.REFUTED])
    if judged := decided + len(groups[Outcome.INCONCLUSIVE]):
        expected = false_at_most(claims.ledger.records)
        reporter.write_line(
            f"{decided} of {count(judged, 'claim')} decided; false verdicts to expect: {expected:.2g} at most."
        )
    for line in notes_of(claims.config).lines:
        reporter.write_line(line, yellow=True)
    for line in claims.written:
        reporter.write_line(line)
    gating.tell(reporter, claims)
    if lost:
        reporter.write_line(
            f"INCOMPLETE: {count(len(lost), 'collected test')} sent no report: {', '.join(lost[:5])}", red=True
        )


def _plan(reporter: pytest.TerminalReporter, claims: ClaimsSession, plan: Plan) -> None:
    """What would be measured; nothing was."""
    reporter.section("claims plan: nothing was measured", sep="=")
    for planned in plan.claims:
        reporter.write_line(planned.line)
    for model, cells in plan.cells.items():
        readers = sum(len(ids) for ids in cells.values())
        reporter.write_line(f"{model}: {len(cells)} distinct cells for {readers} uses")
        if claims.recorded is None and (line := cost_line(claims, model, list(cells))):
            reporter.write_line(f"  {line}")


def _group(reporter: pytest.TerminalReporter, outcome: Outcome, records: list[Record]) -> None:
    if not records:
        return
    expected = sum(one.expected == outcome for one in records)
    note = f", {expected} of them as expected" if expected else ""
    colour = _COLOURS.get(outcome, {"red": True})
    reporter.write_line(f"{outcome} ({len(records)}{note})", bold=True, **colour)
    verbose = reporter.config.option.verbose > 0
    if outcome is Outcome.NOT_RUN and not verbose:
        _not_run(reporter, records)
        return
    shown = records if verbose or outcome is not Outcome.SUPPORTED else records[:_MANY]
    for one in shown:
        tail = f" (expected: {one.because})" if one.expected == outcome else ""
        reporter.write_line(f"  {one.model}  {one.line}{tail}")
    if len(shown) < len(records):
        reporter.write_line(f"  and {len(records) - len(shown)} more; -v shows all")


def _not_run(reporter: pytest.TerminalReporter, records: list[Record]) -> None:
    """By what was absent: most often it is one thing for all claims of a model."""
    reasons: dict[tuple[str, str], list[Record]] = {}
    for one in records:
        reasons.setdefault((one.model, one.reason), []).append(one)
    for (model, reason), alike in reasons.items():
        if len(alike) == 1:
            reporter.write_line(f"  {model}  {alike[0].line}")
        else:
            reporter.write_line(f"  {model}  {len(alike)} claims: {reason.removeprefix(f'{model}: ')}")
