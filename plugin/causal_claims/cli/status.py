"""`causal-claims status LEDGER...`: claims by checkpoints, what each effect did on the way, and what drifts."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from causal_claims.gate.card import HOME
from causal_claims.verdicts import count

_SIGNS = {"SUPPORTED": "+", "REFUTED": "-", "INCONCLUSIVE": "?", "INVALID": "!", "NOT RUN": ".", "ERROR": "E"}


def add(commands: Any) -> None:
    parser = commands.add_parser("status", help="many runs as one history", description=__doc__)
    parser.add_argument(
        "runs", nargs="*", default=["reports"], metavar="LEDGER",
        help="folders of runs, ledgers, or baselines' names (default: the last run)",
    )  # fmt: skip
    parser.add_argument("--baselines", type=Path, default=HOME, help=f"where baselines are kept (default: {HOME})")
    parser.add_argument("--by", choices=("date", "name", "given"), default="date",
                        help="the order of the runs: their dates, their names (step-900 before step-1000), or as given")  # fmt: skip
    parser.add_argument("--json", type=Path, help="write the whole history to this file")
    parser.add_argument(
        "--html", default="reports/status.html", metavar="PATH|off", help="the page (default: reports/status.html)"
    )
    parser.add_argument("--badges", type=Path, metavar="DIR", help="write a badge for each model of the last run")
    parser.add_argument("--fail-on-drift", action="store_true", help="exit 10 where an effect drifts beyond its margin")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.gate.baseline import find
    from causal_claims.gate.history import history, in_order
    from causal_claims.gate.lineage import lineage
    from causal_claims.gate.run import LEDGER
    from causal_claims.ledger import plain, write_whole
    from causal_claims.report.badge import badges

    bare = [text for text in arguments.runs if Path(text).is_dir() and not (Path(text) / LEDGER).is_file()]
    for text in bare:
        print(f"{text} holds no {LEDGER} and is left out")
    names = [text for text in arguments.runs if text not in bare]
    runs = in_order([find(arguments.baselines, text) for text in names], arguments.by)
    found = history(runs, by="given")
    for i, facts in enumerate(found.runs, 1):
        print(f"{i:>3}  {_run(facts)}")
    print("  ".join(f"{sign} {outcome}" for outcome, sign in _SIGNS.items()))
    for trend in found.trends:
        marks = "".join(" " if point is None else _SIGNS[point.outcome] for point in trend.points)
        print(f"{marks}  {trend.line}")
    related = [one.sentence for one in lineage(runs[-1].ledger.records)]
    for sentence in related:
        print(sentence)
    if arguments.html != "off":
        from causal_claims.report.status import render_status

        write_whole(Path(arguments.html), render_status(plain(found.to_json()), related))
        print(f"page {arguments.html}")
    print(f"{count(len(found.trends), 'claim')} over {count(len(found.runs), 'run')}, {len(found.drifting)} drift.")
    if arguments.json:
        write_whole(arguments.json, json.dumps(plain(found.to_json()), indent=1, ensure_ascii=False) + "\n")
    if arguments.badges:
        for model, text in badges(runs[-1].ledger, [one.model for one in found.drifting]).items():
            write_whole(arguments.badges / f"{model.replace('/', '_')}.json", text)
    return 10 if arguments.fail_on_drift and found.drifting else 0


def _run(facts: Mapping[str, Any]) -> str:
    models = ", ".join(f"{key}@{(at or 'unknown')[:12]}" for key, at in facts["checkpoints"].items())
    return "  ".join(str(one) for one in (facts["name"], facts["date"], models) if one)
