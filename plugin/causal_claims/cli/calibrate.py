"""`causal-claims calibrate`: the statistics against their published calibration, by simulation."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError


def add(commands: Any) -> None:
    parser = commands.add_parser("calibrate", help="check the statistics by simulation", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=2000, help="data sets a rate (default: 2000; the tables used 20000)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--section", action="append", help="only this table of calibration/tables.json, e.g. 1.1")
    parser.add_argument(
        "--planted", action="store_true", help="run every claim on every planted variant against the truth table"
    )
    parser.add_argument("--family", help="with --planted: only this family")
    parser.add_argument(
        "--table", action="store_true", help="with --planted: print the table itself, as docs/truth.md has it"
    )
    parser.add_argument(
        "--examples", type=int, metavar="N", help="with --planted: on the first N examples of each set; less is decided"
    )
    parser.add_argument("--truth", type=Path, default=Path("fixtures/truth"), help="where the truth table is")
    parser.add_argument("--json", type=Path, help="write the certificate to this file")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.planted:
        return _planted(arguments)
    from causal_claims.calibration import calibrate

    try:
        certificate = calibrate(arguments.runs, arguments.seed, arguments.section)
    except ValueError as error:
        raise ClaimsError(str(error)) from None
    print(certificate)
    if arguments.json:
        arguments.json.write_text(json.dumps(certificate.to_json(), indent=1), encoding="utf-8")
    return 0 if certificate.ok else 1


def _planted(arguments: argparse.Namespace) -> int:
    """The table claim x variant: each outcome, and a mark where it is not what it must be."""
    from causal_claims.cli.truth import differences, observed, truths
    from causal_claims.cli.truth_page import page

    chosen = [one for one in truths(arguments.truth) if arguments.family in (None, one.family)]
    if arguments.table:
        print(page(chosen))
        return 0
    wrong = judged = 0
    for truth in chosen:
        found = observed(truth, examples=arguments.examples)
        print(f"\n{truth.family}/{truth.variant}: {truth.why}", flush=True)
        for one in found:
            must = truth.expected(one.id, one.model)
            mark = "" if must == one.outcome else f"   MUST BE {must}"
            print(f"  {one.outcome:<12} {one.id:<34} {one.model}{mark}")
        wrong += len(differences(truth, found, thin=arguments.examples is not None))
        judged += len(found)
    print(f"\n{judged} verdicts on planted truth, {wrong} wrong.")
    return 1 if wrong or not judged else 0
