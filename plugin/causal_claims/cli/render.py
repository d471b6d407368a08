"""`causal-claims render LEDGER`: every report again, from a ledger alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError
from causal_claims.ledger import read_ledger


def add(commands: Any) -> None:
    parser = commands.add_parser("render", help="make the reports from a ledger", description=__doc__)
    parser.add_argument(
        "ledger",
        type=Path,
        nargs="?",
        default=Path("reports/claims.json"),
        help="a claims.json (default: the last run's)",
    )
    parser.add_argument("--out", type=Path, help="folder for the reports (default: the ledger's own)")
    parser.add_argument("--baseline", type=Path, help="an earlier ledger: what changed since")
    parser.add_argument(
        "--measurements",
        type=Path,
        help="the run's table, for pictures of single examples (default: beside the ledger)",
    )
    parser.add_argument(
        "--certificate", type=Path, help="of `calibrate --json` (default: calibration.json beside the ledger)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.recorded import read_measurements
    from causal_claims.report.page import Sources
    from causal_claims.report.write import CERTIFICATE, read_certificate, write_reports

    folder = arguments.ledger.parent
    table = arguments.measurements or folder / "measurements.parquet"
    if arguments.certificate is not None and not arguments.certificate.is_file():
        raise ClaimsError(
            f"--certificate {arguments.certificate}: there is no such file; `calibrate --json` makes one."
        )
    sources = Sources(
        read_ledger(arguments.ledger),
        recorded=read_measurements(table) if arguments.measurements or table.is_file() else None,
        baseline=read_ledger(arguments.baseline) if arguments.baseline else None,
        certificate=read_certificate(arguments.certificate or folder / CERTIFICATE),
    )
    for path in write_reports(sources, arguments.out or folder):
        print(path)
    return 0
