"""`causal-claims render LEDGER`: every report again, from a ledger alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from causal_claims.ledger import read_ledger


def add(commands: Any) -> None:
    parser = commands.add_parser("render", help="make the reports from a ledger", description=__doc__)
    parser.add_argument("ledger", type=Path, help="a claims.json")
    parser.add_argument("--out", type=Path, help="folder for the reports (default: the ledger's own)")
    parser.add_argument("--baseline", type=Path, help="an earlier ledger: what changed since")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.report.page import Sources
    from causal_claims.report.write import write_reports

    baseline = read_ledger(arguments.baseline) if arguments.baseline else None
    sources = Sources(read_ledger(arguments.ledger), baseline=baseline)
    for path in write_reports(sources, arguments.out or arguments.ledger.parent):
        print(path)
    return 0
