"""What a report says: the outcome first, no traceback of ours, and nothing that was never asserted passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from causal_claims.errors import ClaimsError
from causal_claims.ledger import plain
from causal_claims.pytest_plugin.holding import BROKEN, JUDGED, ClaimFailed, Judged, NotRunAtGate
from causal_claims.pytest_plugin.items import claims_in
from causal_claims.pytest_plugin.secrets import scrubbed
from causal_claims.verdicts import Outcome, number

_PROPERTIES = ("id", "outcome", "model", "kind", "metric", "condition", "effect", "ci_low", "ci_high", "confidence", "n",
               "margin", "p_value", "p_floor", "effect_size", "noise_floor", "level_of_evidence", "finding", "reported",
               "checkpoint", "stand_in", "reason", "statement", "source")  # fmt: skip


def finish(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """After each phase: shorten what failed, refuse what was not asserted, and attach the records."""
    error = call.excinfo.value if call.excinfo is not None else None
    judged = item.stash.get(JUDGED, [])
    if report.failed and isinstance(error, ClaimFailed):
        report.longrepr = _failure(item, str(error), judged)
    elif report.failed and isinstance(error, ClaimsError):
        report.longrepr = f"ERROR {error}\n{_place(item)}"
    broken = item.stash.get(BROKEN, False) or isinstance(error, NotRunAtGate | ClaimsError)
    if report.failed and report.when == "call" and broken:
        report.when = "setup"  # pytest and JUnit tell an error from a failed assertion by its phase
    if report.when == "call" and report.passed and (sentence := _unasserted(item, judged)):
        report.outcome = "failed"
        report.longrepr = f"{sentence}\n{_place(item)}"
    if call.when == "call" or (call.when == "setup" and not report.passed):
        _attach(item, report, judged)
    report.user_properties = scrubbed([(name, _carried(value)) for name, value in report.user_properties])
    if isinstance(report.longrepr, str | tuple):
        report.longrepr = scrubbed(report.longrepr)


def shorten_collection(report: pytest.CollectReport) -> None:
    """A claim that cannot be built is one sentence with its place in the user's file."""
    excinfo = getattr(getattr(report, "call", None), "excinfo", None)
    if excinfo is None or not isinstance(excinfo.value, ClaimsError):
        return
    ours = str(Path(__file__).parents[1])
    raised = [(str(entry.path), entry.lineno + 1) for entry in excinfo.traceback]
    users = [
        (path, line)
        for path, line in raised
        if not path.startswith((ours, "<")) and "_pytest" not in path and "importlib" not in path
    ]
    path, line = users[-1] if users else raised[-1]
    report.longrepr = f"{path}:{line}: {excinfo.value}"


def _unasserted(item: pytest.Item, judged: list[Judged]) -> str | None:
    """What a passing test forgot: an `assert`, or to judge a claim it was given."""
    for one in judged:
        if not one.asserted:
            return f"{one.record.line}\nthe result of holds(claim) was never asserted; write: assert holds(claim)"
        if one.record.outcome not in (Outcome.SUPPORTED, one.record.expected):
            return f"{one.record.line}\nthe test went on after this verdict; a claim known not to stand says expect=..., because=..."
        if one.failed:
            return f"{one.record.line}\nthe failure of `assert holds(claim)` was caught and hidden by the test; let it through"
    known = {id(one.claim) for one in judged}
    for name, value in claims_in(item).items():
        if id(value) not in known:
            return f"the claim given as {name!r} was never judged; write: assert holds({name})"
    if "holds" in getattr(item, "fixturenames", ()) and not judged:
        return "this test asks for `holds` and never judged a claim; write: assert holds(claim)"
    return None


def _attach(item: pytest.Item, report: pytest.TestReport, judged: list[Judged]) -> None:
    """The records as one JSON text (xdist carries plain types only), and a few scalars for JUnit."""
    records = [one.record for one in judged]
    if not records:
        return
    if (carried := judged[0].session.unsent()) is not None:
        report.claims_cells = carried  # type: ignore[attr-defined]
    bodies = [one.to_plain() for one in records]
    report.claims_records = json.dumps(scrubbed(bodies))  # type: ignore[attr-defined]
    for i, body in enumerate(bodies):
        prefix = "claim" if i == 0 else f"claim.{i + 1}"
        properties = list(_properties(body, prefix))
        item.user_properties.extend(properties)
        report.user_properties.extend(properties)


def _carried(value: object) -> object:
    """A numpy scalar that a test recorded would kill an xdist worker, and its tests with it; a plain one does not."""
    return plain(value) if type(value).__module__ == "numpy" else value


def _properties(values: dict[str, Any], prefix: str) -> list[tuple[str, object]]:
    found = [(f"{prefix}.{name}", values[name]) for name in _PROPERTIES if values[name] is not None]
    return [*found, (f"{prefix}.revision", values["checkpoint"] or "")]


def _failure(item: pytest.Item, message: str, judged: list[Judged]) -> str:
    """The one-line form first, then what a reader asks next."""
    record = next((one.record for one in judged if message.startswith(one.record.line)), None)
    lines = [message]
    if record is not None:
        lines.append(f"  claim     {record.id}: {record.statement}")
        lines.append(f"  reason    {record.reason}")
        lines += [f"  guard     {g['name']}: {g['sentence']}" for g in record.guards if g["fired"]]
        if record.outcome == Outcome.INVALID and record.effect is not None:
            lines.append(
                f"  figures   {number(record.effect)} [{number(record.ci_low)}, {number(record.ci_high)}] n={record.n}, which cannot bear on the claim"
            )
        lines.append(f"  method    {record.method or 'none'}, n={record.n} ({record.n_unit})")
        if record.source:
            lines.append(f"  source    {record.source}")
    return "\n".join([*lines, f"  at        {_place(item)}"])


def _place(item: pytest.Item) -> str:
    path, line, _ = item.location
    return f"{path}:{(line or 0) + 1}"
