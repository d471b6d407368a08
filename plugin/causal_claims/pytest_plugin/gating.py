"""The gate in a run: the baseline it is held against, what it keeps for later ones, and what stops the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from causal_claims.errors import ClaimsError
from causal_claims.gate.baseline import find, split_name
from causal_claims.gate.compare import compare
from causal_claims.gate.comparison import Comparison
from causal_claims.gate.lineage import lineage
from causal_claims.gate.pins import refuse_unpinned
from causal_claims.gate.run import Run
from causal_claims.ledger import Record
from causal_claims.measurements import Measurement
from causal_claims.pytest_plugin import scanning
from causal_claims.pytest_plugin.grouping import model_of
from causal_claims.pytest_plugin.session import ClaimsSession
from causal_claims.recorded import Recorded
from causal_claims.verdicts import count


def open_baseline(claims: ClaimsSession) -> None:
    """Before anything is measured: a baseline that is not there, or a name that is none, ends the run."""
    if claims.is_worker:
        return
    try:
        if claims.settings.save is not None:
            split_name(claims.settings.save)
        if claims.settings.baseline is not None:
            claims.baseline = find(claims.settings.baselines, claims.settings.baseline)
    except ClaimsError as error:
        raise pytest.UsageError(str(error)) from None


def check_pins(claims: ClaimsSession, node_ids: Sequence[str]) -> None:
    """Under the gate every model that will be loaded has a pinned revision."""
    if not claims.settings.gate or claims.recorded is not None:
        return
    known = set(claims.registry.models)
    try:
        refuse_unpinned(claims.registry, [key for node in node_ids if (key := model_of(node, known)) is not None])
    except ClaimsError as error:
        raise pytest.UsageError(str(error)) from None


def hold_against_baseline(claims: ClaimsSession, session: pytest.Session, used: list[Measurement]) -> None:
    """The comparison, when all records are here; plain data of it goes into the ledger.

    Where a mechanism regressed, the other heads that the baseline keeps are measured, and it is held once more.
    """
    if related := lineage(claims.ledger.records):
        claims.ledger.run["lineage"] = [one.to_json() for one in related]
    if claims.baseline is None or not claims.ledger.records:
        return
    claims.comparison = _held(claims, session, claims.baseline, new := _run(claims, used))
    try:
        more = scanning.where_it_went(claims, claims.comparison, claims.baseline, new)
    except Exception as error:  # the machine, too, may fail: what was judged is still written
        claims.written.append(f"no scan for where a mechanism went: {_told(error)}")
        more = []
    if more:
        used += more
        claims.comparison = _held(claims, session, claims.baseline, _run(claims, used))
    claims.ledger.run["gate"] = claims.comparison.to_json()


def scan(claims: ClaimsSession, used: list[Measurement]) -> None:
    """`--claims-scan`."""
    if claims.settings.scan is None or claims.settings.plan or not claims.ledger.records:
        return
    try:
        found = scanning.everything(claims)
    except Exception as error:  # as above
        claims.written.append(f"no scan: {_told(error)}")
        return
    known = {one.key for one in used}
    used += [one for one in found if one.key not in known]
    claims.written.append(f"scan: {count(len(found), 'cell')} of other heads")


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, ClaimsError) else f"{type(error).__name__}: {error}"


def _run(claims: ClaimsSession, used: Sequence[Measurement]) -> Run:
    return Run("this run", claims.ledger, Recorded(whole_table(claims, used), "this run"))


def _held(claims: ClaimsSession, session: pytest.Session, old: Run, new: Run) -> Comparison:
    return compare(
        old,
        new,
        confidence=claims.settings.confidence,
        fail_on=claims.settings.fail_on if claims.settings.gate else (),
        asked=lambda record: _asked(claims, session, record),
    )


def tell(reporter: pytest.TerminalReporter, claims: ClaimsSession) -> None:
    """What changed since the baseline, and every line that stops the checkpoint, last."""
    for one in claims.ledger.run.get("lineage", []):
        reporter.write_line(one["sentence"], yellow=True)
    found = claims.comparison
    if found is None:
        return
    reporter.section(f"gate against {found.old['name']}", sep="=")
    stopping = {row.key for row in found.failures}
    for row in found.rows:
        if row.key not in stopping and row.change != "unchanged":
            reporter.write_line(f"  {row.line}")
    for note in found.notes:
        reporter.write_line(f"note: {note}")
    for line in found.lines:
        reporter.write_line(line, red=True)
    reporter.write_line(found.summary, bold=True, red=bool(found.lines), green=not found.lines)


def whole_table(claims: ClaimsSession, used: Sequence[Measurement]) -> list[Measurement]:
    """With recorded numbers the whole table: other heads tell where a mechanism went."""
    found = {one.key: one for one in (claims.recorded.measurements() if claims.recorded is not None else ())}
    found.update((one.key, one) for one in used)
    return [found[key] for key in sorted(found)]


def _asked(claims: ClaimsSession, session: pytest.Session, record: Record) -> bool:
    """Whether this run was asked for a claim of the baseline: by its files and by its markers.

    A selection by -k, or by an expression of several markers, says nothing of claims that are not there.
    """
    option = claims.config.option
    given = " ".join(map(str, claims.config.invocation_params.args))
    if option.keyword or getattr(option, "deselect", None) or getattr(option, "lf", False):
        return False
    if option.markexpr and option.markexpr in given:
        return option.markexpr.isidentifier() and record.model in claims.markers.models({option.markexpr})
    file = (claims.config.rootpath / record.node_id.partition("::")[0]).resolve()
    if any("::" in str(argument) for argument in claims.config.args):
        return False
    places = [(claims.config.invocation_params.dir / argument).resolve() for argument in claims.config.args]
    return any(file == place or place in file.parents for place in places) and Path(file).suffix == ".py"
