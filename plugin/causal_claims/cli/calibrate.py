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
        "--runs", type=int, default=2000, help="data sets a cell (default: 2000; the tables used 20000)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--section", action="append", help="only this table of docs/statistics, e.g. 1.1")
    parser.add_argument("--json", type=Path, help="write the certificate to this file")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.calibration import calibrate

    try:
        certificate = calibrate(arguments.runs, arguments.seed, arguments.section)
    except ValueError as error:
        raise ClaimsError(str(error)) from None
    print(certificate)
    if arguments.json:
        arguments.json.write_text(json.dumps(certificate.to_json(), indent=1), encoding="utf-8")
    return 0 if certificate.ok else 1
