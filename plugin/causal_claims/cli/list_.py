"""`causal-claims list`: every claim in one line."""

from __future__ import annotations

import argparse
import json
from typing import Any

from causal_claims.cli.collecting import Collected, add_paths, collect


def add(commands: Any) -> None:
    parser = commands.add_parser("list", help="every claim in one line", description=__doc__)
    add_paths(parser)
    parser.add_argument("--json", action="store_true", help="for programs: a list of objects")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    found = collect(arguments.paths, arguments.select)
    if arguments.json:
        print(json.dumps([_row(one) for one in found], indent=1))
        return 0
    for row in map(_row, found):
        print(f"{row['finding'] or '-':<6} {row['model'] or '-'}  {row['id']}  {row['subject']}, needs {row['needs']}")
    print(f"{len(found)} claims, {len({(one.claim.id, one.model) for one in found})} different by claim and model.")
    return 0


def _row(one: Collected) -> dict[str, Any]:
    marker = one.item.get_closest_marker("finding")
    return {
        "id": one.claim.id,
        "finding": one.claim.about.get("finding") or (marker.args[0] if marker and marker.args else None),
        "model": one.model,
        "kind": one.claim.kind,
        "subject": one.claim.subject,
        "needs": one.claim.rule.needs(),
        "statement": one.claim.statement,
        "expect": one.claim.about.get("expect"),
        "node_id": one.item.nodeid,
    }
