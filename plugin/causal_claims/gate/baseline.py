"""Baselines: runs kept by name, under `reports/baselines/`, with what they are a run of."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from causal_claims.errors import ClaimsError
from causal_claims.gate.card import CARD, Baseline, read_card, write_card
from causal_claims.gate.run import AGAIN, LEDGER, TABLE, Run, checkpoints, read_run
from causal_claims.ledger import Ledger, read_ledger, write_whole
from causal_claims.recorded import Recorded, read_measurements, write_measurements

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


def split_name(text: str) -> tuple[str, bool]:
    """`NAME`, or `NAME:again` for the A/A run of that baseline."""
    name, mark, part = text.partition(":")
    if not _NAME.fullmatch(name) or (mark and part != AGAIN):
        raise ClaimsError(
            f"{text!r} is no name for a baseline: letters, digits, '.', '_' and '-', and :again for its A/A run."
        )
    return name, bool(mark)


def save(home: Path, text: str, ledger: Ledger, table: Recorded, because: str | None = None) -> Path:
    """Keep a run under a name; an older one of that name is replaced, and its A/A run with it."""
    name, again = split_name(text)
    folder = home / name
    if not ledger.records:
        raise ClaimsError(f"baseline {text}: the run judged no claim, so there is nothing to keep.")
    if again:
        card = read_card(home, name)
        now = dict(checkpoints(ledger))
        if other := [key for key in now if key in card.checkpoints and now[key] != card.checkpoints[key]]:
            raise ClaimsError(
                f"baseline {text}: an A/A run measures the same checkpoint again, and {other[0]} is {now[other[0]]} "
                f"here and {card.checkpoints[other[0]]} in {name}."
            )
        _write(folder / AGAIN, ledger, table)
        write_card(home, replace(card, again=True))
        return folder / AGAIN
    before = read_card(home, name) if (folder / CARD).is_file() else None
    _write(folder, ledger, table)
    if (folder / AGAIN).is_dir():
        shutil.rmtree(folder / AGAIN)
    run = ledger.run
    write_card(
        home,
        Baseline(
            name, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), run.get("date"), run.get("commit"),
            dict(checkpoints(ledger)), len(ledger.records), because, None, before.saved if before else None,
        ),
    )  # fmt: skip
    return folder


def accept(home: Path, path: Path, text: str, because: str | None = None) -> Path:
    """A finished run becomes the baseline."""
    run = read_run(path)
    if run.recorded is None:
        raise ClaimsError(f"{path} has no {TABLE} beside its ledger; without it nothing can be compared by example.")
    return save(home, text, run.ledger, _with_its_source(run), because)


def _with_its_source(run: Run) -> Recorded:
    """What verdicts rest on, and what else the table holds that they were judged from: heads that nobody claimed."""
    assert run.recorded is not None
    source = Path(run.ledger.run.get("measurements") or "")
    if not source.is_file():
        return run.recorded
    used = {one.key: one for one in run.recorded.measurements()}
    table = {one.key: one for one in read_measurements(source).measurements()}
    if other := [
        key for key, one in used.items() if key in table and not np.array_equal(one.values, table[key].values)
    ]:
        raise ClaimsError(f"{source} has changed since this run: other numbers for {other[0][1]} under {other[0][2]}.")
    return Recorded((table | used).values(), run.recorded.source, run.recorded.picks)


def expire(home: Path, name: str, day: str | None = None, because: str | None = None) -> Baseline:
    """From this day on (today unless named) the baseline is refused."""
    try:
        when = date.fromisoformat(day).isoformat() if day else date.today().isoformat()
    except ValueError:
        raise ClaimsError(f"{day!r} is no day; write it as 2026-12-31.") from None
    card = replace(read_card(home, split_name(name)[0]), expires=when, because=because)
    write_card(home, card)
    return card


def find(home: Path, text: str) -> Run:
    """A run by a path to its folder or ledger, or by a baseline's name."""
    path = Path(text).expanduser()
    if path.exists() and not ((home / text / CARD).is_file() and not (path / LEDGER).is_file()):
        return read_run(path, text)
    name, again = split_name(text) if "/" not in text else (text, False)
    card = read_card(home, name)
    if card.expired():
        raise ClaimsError(
            f"baseline {name!r} expired on {card.expires}{f' ({card.because})' if card.because else ''}; "
            f"keep a new one with --claims-save {name}, or give the path {home / name} to use it all the same."
        )
    return read_run(home / name / AGAIN if again else home / name, text)


def _write(folder: Path, ledger: Ledger, table: Recorded) -> None:
    write_whole(folder / LEDGER, ledger.to_json())
    write_measurements(folder / TABLE, table.measurements(), table.picks)
    read_ledger(folder / LEDGER)
