"""What a run leaves behind: the ledger and the measurements, whole files replaced at once."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from causal_claims.errors import ClaimsError, listing, nearest
from causal_claims.ledger import Record, write_whole
from causal_claims.measurements import Measurement
from causal_claims.models import trusting
from causal_claims.pytest_plugin import exit_status, gating, junit, keeping, pictures, sharding
from causal_claims.pytest_plugin.notes import notes_of
from causal_claims.pytest_plugin.secrets import scrubbed
from causal_claims.pytest_plugin.session import ClaimsSession
from causal_claims.recorded import Recorded, write_measurements
from causal_claims.report.markdown import markdown
from causal_claims.report.page import Sources
from causal_claims.report.write import CERTIFICATE, read_certificate, write_reports
from causal_claims.statistics import multiplicity
from causal_claims.verdicts import Outcome


def write(claims: ClaimsSession, session: pytest.Session) -> None:
    """By the controller alone, at the end, however the run ended."""
    records = claims.ledger.records
    records.sort(key=lambda one: (one.model, one.node_id, one.id))
    adjust(records)
    pictures.keep_few(records)
    claims.ledger.run.update(run_facts(claims, session))
    used = _used(claims)
    gating.scan(claims, used)
    gating.hold_against_baseline(claims, session, used)
    claims.ledger.run["exit_status"] = exit_status.settled(claims, session)
    junit.suite_properties(claims)
    junit.gate_failures(claims)
    folder = claims.settings.reports
    if claims.settings.plan or claims.config.option.collectonly:
        return
    if sentence := _unknown_margin(claims, session):
        claims.written.append(sentence)
        session.exitstatus = pytest.ExitCode.USAGE_ERROR
        return
    if records:
        keeping.keep(claims, session, used)
    if folder is None or not (records or sharding.facts(claims.config)):
        return
    if records and all(one.outcome == Outcome.ERROR for one in records) and (folder / "claims.json").exists():
        claims.written.append(f"no claim was judged: {folder / 'claims.json'} is left as it was")
        return
    before = claims.baseline.ledger if claims.baseline is not None else None
    try:
        write_whole(folder / "claims.json", claims.ledger.to_json())
        write_measurements(folder / "measurements.parquet", used, claims.judge.picks)
        sources = Sources(claims.ledger, Recorded(used, "this run"), before, _certificate(claims, folder))
        write_reports(sources, folder, claims.settings.html)
        if claims.settings.summary is not None:
            with claims.settings.summary.open("a", encoding="utf-8") as summary:  # a step summary is added to
                summary.write(markdown(claims.ledger))
    except OSError as error:
        claims.written.append(f"the reports could not be written to {folder}: {error.strerror}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return
    claims.written.append(f"ledger {folder / 'claims.json'}, page {claims.settings.html or folder / 'claims.html'}")


def _certificate(claims: ClaimsSession, folder: Path) -> Mapping[str, Any] | None:
    """A damaged one is said, and the page is written without it: a run's records are not lost for it."""
    try:
        return read_certificate(folder / CERTIFICATE)
    except ClaimsError as error:
        claims.written.append(str(error))
        return None


def _unknown_margin(claims: ClaimsSession, session: pytest.Session) -> str | None:
    """A margin for a claim that nobody judged is a slip of the pen, unless the run was stopped before it came."""
    if claims.settings.shard is not None:
        return None  # it may be in another shard: `merge` knows
    if session.shouldstop or session.shouldfail or claims.attendance.crashed or int(session.exitstatus) not in (0, 1):
        return None
    ids = sorted({one.id for one in claims.ledger.records})
    for name, _ in claims.settings.margins:
        if name not in ids:
            return f"--claims-margin {name}=...: no claim of this run has that id{nearest(name, ids)}; it has {listing(ids)}."
    return None


def adjust(records: list[Record]) -> None:
    """Second columns, never the verdict itself: Holm over the headline set, Benjamini-Hochberg over all."""
    for name, adjusted, chosen in (
        ("p_holm", multiplicity.holm, [r for r in records if r.headline and r.p_value is not None]),
        ("q_bh", multiplicity.benjamini_hochberg, [r for r in records if r.p_value is not None]),
    ):
        if chosen:
            for one, value in zip(chosen, adjusted([r.p_value or 0.0 for r in chosen]), strict=True):
                setattr(one, name, float(value))


def run_facts(claims: ClaimsSession, session: pytest.Session) -> dict[str, Any]:
    facts = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(claims.started)),
        "seconds": time.time() - claims.started,
        "command": " ".join(["pytest", *map(str, claims.config.invocation_params.args)]),
        "commit": _commit(claims.config.rootpath),
        "versions": {"python": platform.python_version(), **_versions()},
        "platform": f"{sys.platform} {platform.machine()}",
        "confidence": claims.settings.confidence,
        "measurements": str(claims.settings.measurements) if claims.settings.measurements else None,
        "margins": dict(claims.settings.margins),
        "exit_status": int(session.exitstatus),
        "missing": claims.attendance.missing() if not claims.config.option.collectonly else [],
        "crashed": claims.attendance.crashed,
        "outcomes": {str(outcome): len(found) for outcome, found in claims.ledger.by_outcome.items()},
        "models": {key: {"where": spec.where, "revision": spec.revision} for key, spec in claims.registry.models.items()
                   if any(one.model == key for one in claims.ledger.records)},
        **_notes(claims),
    }  # fmt: skip
    return {name: scrubbed(value) for name, value in facts.items()}


def _notes(claims: ClaimsSession) -> dict[str, Any]:
    found, shard = notes_of(claims.config), sharding.facts(claims.config)
    return {
        **({"remote_code": trusting(claims.registry)} if trusting(claims.registry) else {}),
        **({"shard": shard} if shard else {}),
        **({"notes": found.said} if found.said else {}),
        **({"incomplete": found.said} if found.incomplete else {}),
        **({"examples": found.saved} if found.saved else {}),
    }


def _used(claims: ClaimsSession) -> list[Measurement]:
    """The cells that verdicts rest on."""
    return [claims.used[key] for key in sorted(claims.used)]


def _commit(folder: Path) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _versions() -> dict[str, str]:
    found = {}
    for name in (
        "pytest-causal-claims",
        "pytest",
        "pytest-xdist",
        "numpy",
        "scipy",
        "torch",
        "transformers",
        "transformer-lens",
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
