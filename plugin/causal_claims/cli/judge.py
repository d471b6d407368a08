"""`causal-claims judge`: judge recorded numbers again, with other margins or confidence, and show what flips."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from causal_claims.cli.collecting import add_paths, claim_paths, inner_run
from causal_claims.ledger import Ledger, read_ledger
from causal_claims.verdicts import count


def add(commands: Any) -> None:
    parser = commands.add_parser("judge", help="judge recorded numbers again, and show what flips", description=__doc__)
    add_paths(parser)
    parser.add_argument(
        "--measurements", default="reports/measurements.parquet", help="the recorded numbers (default: the last run's)"
    )
    parser.add_argument(
        "--against",
        type=Path,
        default=Path("reports/claims.json"),
        help="the ledger to compare with (default: the last run's)",
    )
    parser.add_argument("--confidence", help="confidence of the decision intervals, e.g. 0.99")
    parser.add_argument(
        "--margin", action="append", default=[], metavar="ID=VALUE", help="another margin for one claim"
    )
    parser.add_argument(
        "--reports", default="off", help="write ledger and reports of the new judgement into this folder"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    old = read_ledger(arguments.against) if arguments.against.is_file() else Ledger([])
    options = [
        *claim_paths(arguments.paths),
        f"--claims-measurements={arguments.measurements}",
        f"--claims-reports={arguments.reports}",
    ]
    options += ["-m", arguments.select] if arguments.select else []
    options += ["--claims-confidence", arguments.confidence] if arguments.confidence else []
    for text in arguments.margin:
        options += ["--claims-margin", text]
    new = inner_run(options).ledger
    before = {one.key: one for one in old.records}
    flipped = 0
    for one in sorted(new.records, key=lambda r: (r.model, r.id)):
        was = before.get(one.key)
        if was is not None and was.outcome != one.outcome:
            flipped += 1
            print(f"FLIPPED {was.outcome} -> {one.outcome}  {one.model}  {one.id}\n  was {was.line}\n  now {one.line}")
    if not before:
        for one in new.records:
            print(f"{one.model}  {one.line}")
    print(
        f"{count(len(new.records), 'claim')} judged, {flipped} flipped against {arguments.against if before else 'nothing'}."
    )
    return 1 if any(one.outcome == "ERROR" for one in new.records) else 0
