"""`causal-claims gate OLD NEW`: whether a checkpoint may go on, claim by claim, from two finished runs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from causal_claims.gate.card import HOME


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "gate",
        help="compare two runs; exit code 10 on a regression",
        description=__doc__,
        epilog="Exit codes: 0 the checkpoint may go on, 10 a regression, 11 something was not compared, 1 a claim "
        "failed that had not failed before, 4 a mistake in what was asked.",
    )
    parser.add_argument("old", help="a run's folder, its claims.json, or a baseline's name")
    parser.add_argument("new", help="the same, of the new checkpoint")
    parser.add_argument("--again", help="the A/A run: the old checkpoint measured a second time")
    parser.add_argument("--baselines", type=Path, default=HOME, help=f"where baselines are kept (default: {HOME})")
    parser.add_argument(
        "--fail-on",
        help="what stops the checkpoint beside a regression: gone, incomparable, not-run, failed (the default), "
        "undetermined, inconclusive; separated by commas",
    )
    parser.add_argument("--confidence", type=float, default=0.95, help="of the intervals of the shifts (default: 0.95)")
    parser.add_argument("--json", type=Path, help="write the whole comparison to this file")
    parser.add_argument("--all", action="store_true", help="show every claim, not only those that have changed")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.errors import ClaimsError
    from causal_claims.gate.baseline import find
    from causal_claims.gate.change import Change
    from causal_claims.gate.compare import compare
    from causal_claims.gate.failing import DEFAULT_FAIL_ON, parse_fail_on
    from causal_claims.ledger import plain, write_whole

    if not 0.5 < arguments.confidence < 1:
        raise ClaimsError(f"--confidence {arguments.confidence}: give a number between 0.5 and 1, e.g. 0.95.")
    found = compare(
        find(arguments.baselines, arguments.old),
        find(arguments.baselines, arguments.new),
        again=find(arguments.baselines, arguments.again) if arguments.again else None,
        confidence=arguments.confidence,
        fail_on=DEFAULT_FAIL_ON if arguments.fail_on is None else parse_fail_on(arguments.fail_on),
    )
    stopped = {one.key for one in found.failures}
    for row in found.rows:
        if row.key not in stopped and (arguments.all or row.change is not Change.UNCHANGED):
            print(f"  {row.line}")
    for note in found.notes:
        print(f"note: {note}")
    for line in found.lines:
        print(line)
    print(found.summary)
    if arguments.json:
        write_whole(arguments.json, json.dumps(plain(found.to_json()), indent=1, ensure_ascii=False) + "\n")
    return found.exit_code
