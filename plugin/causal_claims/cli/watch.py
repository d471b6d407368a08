"""`causal-claims watch FOLDER`: gate each new checkpoint of a training run as it arrives.

A checkpoint is a folder with config.json and safetensors, or a measurement table; each is gated once, and what came
out lies in reports/watch/NAME/: ledger, JUnit and gated.json with the exit code and the lines that stopped it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from causal_claims.gate.arrivals import Arrival

_WORSE = (0, 1, 11, 10)
_TRIES = 3  # of a checkpoint on which pytest itself breaks down


def add(commands: Any) -> None:
    parser = commands.add_parser("watch", help="gate each new checkpoint in a folder", description=__doc__)
    parser.add_argument("folder", type=Path, help="where checkpoints arrive")
    parser.add_argument("--model", metavar="KEY", help="the key of models.yaml they take the place of")
    parser.add_argument("--baseline", required=True, metavar="NAME|PATH", help="what they are held against")
    parser.add_argument("--claims", default="claims", help="claim files (default: claims)")
    parser.add_argument("--reports", type=Path, default=Path("reports/watch"), help="default: reports/watch")
    parser.add_argument("--every", type=float, default=60.0, metavar="SECONDS", help="between looks (default: 60)")
    parser.add_argument("--settle", type=float, default=30.0, metavar="SECONDS",
                        help="a checkpoint is whole when nothing was written for so long (default: 30)")  # fmt: skip
    parser.add_argument("--once", action="store_true", help="gate what is there and end with the worst exit code")
    parser.add_argument("--stop-on-regression", action="store_true", help="end with exit code 10 at the first one")
    parser.add_argument("--pytest", dest="more", action="append", default=[], metavar="OPTION",
                        help="a further option for pytest, e.g. --pytest=-n4; may be given again")  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.errors import ClaimsError
    from causal_claims.gate.arrivals import arrivals

    if not arguments.folder.is_dir():
        raise ClaimsError(f"watch {arguments.folder}: there is no such folder; name the one where checkpoints arrive.")
    worst, tries = 0, Counter[str]()
    while True:
        for one in arrivals(arguments.folder, arguments.reports, arguments.settle):
            if tries[one.name] == _TRIES:
                continue
            if not one.is_table and arguments.model is None:
                raise ClaimsError(f"{one.path} is a checkpoint; say with --model KEY whose place it takes.")
            tries[one.name] += 1
            code = _gate(one, arguments)
            if code == 4:  # the same mistake would be made with every checkpoint
                return 4
            worst = max(worst, code, key=_rank)
            if code == 10 and arguments.stop_on_regression:
                return 10
        if arguments.once:
            return worst
        time.sleep(arguments.every)


def _gate(arrival: Arrival, arguments: argparse.Namespace) -> int:
    """One checkpoint in a process of its own, so that its memory is gone afterwards."""
    from causal_claims.gate.arrivals import MARK
    from causal_claims.ledger import write_whole

    folder = (arguments.reports / arrival.name).resolve()
    command = [
        sys.executable, "-m", "pytest", arguments.claims, *arrival.options(arguments.model), "--claims-gate",
        "--claims-baseline", arguments.baseline, "--claims-reports", str(folder), "--junitxml", str(folder / "junit.xml"),
        "-q", *arguments.more,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = _lines(folder / "claims.json")
    body = {"checkpoint": str(arrival.path), "exit_code": done.returncode, "lines": lines, "command": command}
    write_whole(folder / "output.txt", done.stdout + done.stderr)
    if done.returncode in _WORSE:  # one that could not be judged is tried again
        write_whole(folder / MARK, json.dumps(body, indent=1) + "\n")
    said = {0: "may go on", 1: "a claim fails", 10: "REGRESSION", 11: "INCOMPLETE"}.get(done.returncode, "not judged")
    print(f"{arrival.name}: exit code {done.returncode}, {said}", flush=True)
    for line in lines or ([] if done.returncode in _WORSE else done.stderr.strip().splitlines()[-1:]):
        print(f"  {line}", flush=True)
    return done.returncode


def _lines(ledger: Path) -> list[str]:
    """The lines that stopped it, as the run has written them."""
    try:
        return list(json.loads(ledger.read_text(encoding="utf-8"))["run"]["gate"]["lines"])
    except (OSError, ValueError, KeyError):
        return []


def _rank(code: int) -> int:
    """A run that could not judge at all is worse than any verdict."""
    return _WORSE.index(code) if code in _WORSE else len(_WORSE)
