"""The truth table: what each claim must come out as on each planted variant, as data, and what it does come out as."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError, listing
from causal_claims.verdicts import Outcome


@dataclass(frozen=True)
class Truth:
    """One planted variant: the outcome of every claim, and why it must be so."""

    family: str
    variant: str
    claims: str  # folder of the claim files
    select: str | None  # marker expression, where not all of them
    why: str
    outcomes: dict[tuple[str, str | None], str]  # (claim id, model key or None for any) -> outcome

    def expected(self, claim: str, model: str) -> str | None:
        return self.outcomes.get((claim, model), self.outcomes.get((claim, None)))


def truths(folder: Path) -> Iterator[Truth]:
    """All variants of all files `*.yaml` in a folder; `ID@model` in them is one claim on one model."""
    import yaml

    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ClaimsError(
            f"there is no truth table in {folder}; run this in the project's folder, or name it with --truth."
        )
    for path in files:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        for variant, found in body["variants"].items():
            outcomes = {_key(name): outcome for outcome in map(str, Outcome) for name in found.get(outcome, ())}
            yield Truth(body["family"], variant, body["claims"], body.get("select"), found["why"], outcomes)


def observed(truth: Truth, *options: str) -> list[dict[str, Any]]:
    """The records of a run of the suite on this variant, in a process of its own."""
    options = (*options, *(("-m", truth.select) if truth.select else ()))
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pytest",
            truth.claims,
            f"--claims-stand-in={truth.variant}",
            "--claims-reports",
            folder,
        ]
        done = subprocess.run(
            [*command, "-q", "-p", "no:cacheprovider", *options],
            capture_output=True,
            text=True,
            check=False,
            env={"OMP_NUM_THREADS": "1", **os.environ},
        )
        ledger = Path(folder) / "claims.json"
        if not ledger.exists():
            raise ClaimsError(
                f"{truth.family}/{truth.variant}: the run left no ledger:\n{(done.stdout + done.stderr)[-1500:]}"
            )
        records: list[dict[str, Any]] = json.loads(ledger.read_text())["records"]
    return [one for one in records if (one["stand_in"] or "").startswith(f"{truth.family}/")]


def differences(truth: Truth, records: list[dict[str, Any]]) -> list[str]:
    """Every claim that came out otherwise, was not foreseen, or did not come out at all."""
    found = [
        f"{one['id']} on {one['model']}: {one['outcome']}, must be {truth.expected(one['id'], one['model'])} ({one['line']})"
        for one in records
        if truth.expected(one["id"], one["model"]) != one["outcome"]
    ]
    seen = {one["id"] for one in records}
    absent = sorted({claim for claim, _ in truth.outcomes} - seen)
    return found + ([f"no verdict on {listing(absent)}"] if absent else [])


def _key(name: str) -> tuple[str, str | None]:
    claim, _, model = str(name).partition("@")
    return claim, model or None
