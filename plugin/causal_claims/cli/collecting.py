"""Claims as pytest collects them, without running anything."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from causal_claims.claims.claim import Claim
from causal_claims.errors import ClaimsError
from causal_claims.ledger import Ledger
from causal_claims.pytest_plugin.hooks import session_of
from causal_claims.pytest_plugin.items import claims_in, model_in


@dataclass
class Collected:
    """A claim, the model it is held to, and the test that does it."""

    claim: Claim
    model: str | None
    item: pytest.Item


@dataclass
class Watcher:
    """A plugin for one inner run: it keeps what was collected and judged."""

    found: list[Collected] = field(default_factory=list)
    ledger: Ledger = field(default_factory=lambda: Ledger([]))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self.found += [Collected(claim, model_in(item), item) for claim in claims_in(item).values()]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.ledger = session_of(session.config).ledger


def inner_run(arguments: Sequence[str]) -> Watcher:
    """Run pytest in this process, its output kept back unless it could not even collect."""
    watcher, output = Watcher(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = pytest.main(["-p", "no:cacheprovider", "--no-header", "-q", *arguments], plugins=[watcher])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED, 11):
        raise ClaimsError(f"pytest ended with exit code {int(code)}:\n{output.getvalue().strip()[-2000:]}")
    return watcher


def collect(paths: Sequence[str], select: str | None) -> list[Collected]:
    """The claims under some paths, filtered by a marker expression as `pytest -m` takes it."""
    return inner_run([*claim_paths(paths), "--collect-only", *(["-m", select] if select else [])]).found


def claim_paths(paths: Sequence[str]) -> list[str]:
    """Without any: the folder `claims`, or where there is none what pytest itself would take."""
    return list(paths) or (["claims"] if Path("claims").is_dir() else [])


def add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", help="claim files or folders (default: claims)")
    parser.add_argument("-m", dest="select", metavar="MARKEXPR", help="only claims with these markers, e.g. mistral")
