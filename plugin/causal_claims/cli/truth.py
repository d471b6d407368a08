"""The truth table: what each claim must come out as on each planted variant, as data, and what it does come out as."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from causal_claims.cli.trial import held_to_models, trials
from causal_claims.errors import ClaimsError, listing
from causal_claims.ledger import read_ledger
from causal_claims.verdicts import Outcome


@dataclass(frozen=True)
class Truth:
    """One planted variant, or some of one model and some of another: the outcome of every claim, and why it must be so."""

    family: str
    variant: str
    claims: str  # folder of the claim files
    select: str | None  # marker expression, where not all of them
    why: str
    outcomes: dict[tuple[str, str | None], str]  # (claim id, model key or None for any) -> outcome
    examples: int | None = None  # of each set, where the table is checked in little time
    by_rows: tuple[str, ...] = ()  # claims that few examples may decide otherwise
    plant: Mapping[str, str] = field(
        default_factory=dict
    )  # models that get another variant than the one it is named after
    whole: bool = False  # it takes a run: claims that find their heads, or measure by hand, are more than cells

    def expected(self, claim: str, model: str) -> str | None:
        return self.outcomes.get((claim, model), self.outcomes.get((claim, None)))


@dataclass(frozen=True)
class Seen:
    """What a claim came out as."""

    id: str
    model: str
    outcome: str
    line: str


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
            yield Truth(
                body["family"],
                variant,
                body["claims"],
                body.get("select"),
                found["why"],
                outcomes,
                body.get("examples"),
                tuple(body.get("by_rows", ())),
                found.get("plant", {}),
                body.get("whole", False),
            )


def observed(truth: Truth, *, examples: int | None = None) -> list[Seen]:
    """What every claim comes out as on this variant; on the first N examples of each set, where `examples` says so."""
    if truth.whole:
        return _run(truth)
    held = held_to_models(truth.claims, truth.select)
    return [
        Seen(one.claim.id, one.model, one.outcome, str(one))
        for one in trials(held, truth.family, truth.plant or truth.variant, examples=examples)
    ]


def _run(truth: Truth) -> list[Seen]:
    """By a run of the suite, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pytest",
            truth.claims,
            f"--claims-stand-in={truth.variant}",
            "--claims-reports",
        ]
        options = [folder, "--claims-cache", "off", "-q", "-p", "no:cacheprovider"]
        select = ["-m", truth.select] if truth.select else []
        done = subprocess.run([*command, *options, *select], capture_output=True, text=True, check=False)
        ledger = Path(folder) / "claims.json"
        if not ledger.exists():
            raise ClaimsError(
                f"{truth.family}/{truth.variant}: the run left no ledger:\n{(done.stdout + done.stderr)[-1500:]}"
            )
        records = read_ledger(ledger).records
    return [Seen(one.id, one.model, str(one.outcome), one.line) for one in records]


def differences(truth: Truth, found: list[Seen], *, thin: bool = False) -> list[str]:
    """Every claim that came out otherwise, was not foreseen, or did not come out at all.

    On fewer examples (`thin`) less can be decided, and nothing may be decided the other way.
    """
    wrong = [
        f"{one.id} on {one.model}: {one.outcome}, must be {must} ({one.line})"
        for one in found
        if one.outcome != (must := truth.expected(one.id, one.model))
        and not (thin and (one.id in truth.by_rows or _weaker(one.outcome, must)))
    ]
    seen = {one.id for one in found}
    absent = sorted({claim for claim, _ in truth.outcomes} - seen)
    return wrong + ([f"no verdict on {listing(absent)}"] if absent else [])


def _weaker(outcome: str, must: str | None) -> bool:
    """Undecided where more examples decide; or refuted where more would be undecided; or refused; never supported."""
    return (outcome, must) in {
        ("INCONCLUSIVE", "INVALID"),
        ("INVALID", "REFUTED"),
        ("REFUTED", "INVALID"),
        ("INCONCLUSIVE", "SUPPORTED"),
        ("INCONCLUSIVE", "REFUTED"),
        ("NOT RUN", "REFUTED"),
        ("REFUTED", "INCONCLUSIVE"),
    }


def _key(name: str) -> tuple[str, str | None]:
    claim, _, model = str(name).partition("@")
    return claim, model or None
