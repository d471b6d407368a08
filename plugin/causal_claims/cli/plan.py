"""`causal-claims plan`: what would be measured, and what it could show."""

from __future__ import annotations

import argparse
from typing import Any

from causal_claims.cli.collecting import add_paths, claim_paths


def add(commands: Any) -> None:
    parser = commands.add_parser("plan", help="what would be measured", description=__doc__)
    add_paths(parser)
    parser.add_argument("--measurements", help="sizes from a measurement table instead of the sets of examples")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    import pytest

    options = [
        "--claims-plan",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "--disable-warnings",
        *claim_paths(arguments.paths),
    ]
    options += ["-m", arguments.select] if arguments.select else []
    options += [f"--claims-measurements={arguments.measurements}"] if arguments.measurements else []
    return int(pytest.main(options))
