"""`causal-claims baseline`: the runs that later ones are held against."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from causal_claims.gate.card import HOME
from causal_claims.verdicts import count


def add(commands: Any) -> None:
    parser = commands.add_parser("baseline", help="list, accept or expire kept runs", description=__doc__)
    parser.add_argument("--baselines", type=Path, default=HOME, help=f"where they are kept (default: {HOME})")
    steps = parser.add_subparsers(dest="step", required=True, metavar="list|accept|expire")
    listed = steps.add_parser("list", help="what is kept, the newest first")
    listed.add_argument("--json", action="store_true", help="for programs")
    accepted = steps.add_parser("accept", help="a finished run becomes the baseline of that name")
    accepted.add_argument("name", help="NAME, or NAME:again for the A/A run of that baseline")
    accepted.add_argument("run_folder", nargs="?", type=Path, default=Path("reports"), metavar="RUN",
                          help="the folder of the run (default: reports)")  # fmt: skip
    accepted.add_argument("--because", help="why this is the new normal")
    expired = steps.add_parser("expire", help="refuse a baseline, from today or from a day on")
    expired.add_argument("name")
    expired.add_argument("--on", metavar="DAY", help="the first day on which it is refused, as 2026-12-31")
    expired.add_argument("--because", help="why")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.gate.baseline import accept, expire
    from causal_claims.gate.card import cards

    if arguments.step == "accept":
        print(f"{accept(arguments.baselines, arguments.run_folder, arguments.name, arguments.because)} accepted.")
    elif arguments.step == "expire":
        print(expire(arguments.baselines, arguments.name, arguments.on, arguments.because))
    elif arguments.json:
        print(json.dumps([asdict(one) for one in cards(arguments.baselines)], indent=1))
    else:
        found = cards(arguments.baselines)
        for one in found:
            print(one)
        print(f"{count(len(found), 'baseline')} in {arguments.baselines}.")
    return 0
