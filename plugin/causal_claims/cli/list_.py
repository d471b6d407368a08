"""`causal-claims list`: every claim in one line."""

from __future__ import annotations

import argparse
import json
from typing import Any

from causal_claims.cli.collecting import Collected, add_paths, collect
from causal_claims.pytest_plugin.items import finding_of
from causal_claims.verdicts import count


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
    rows = [_row(one) for one in found]
    head = [("finding", "model", "id", "claim")] if rows else []
    lines = [(r["finding"] or "-", r["model"] or "-", r["id"], f"{r['subject']}, needs {r['needs']}") for r in rows]
    widths = [max(len(line[i]) for line in [*head, *lines]) for i in range(3)] if rows else []
    for line in [*head, *lines]:
        print("  ".join([*(text.ljust(width) for text, width in zip(line, widths, strict=False)), line[3]]))
    print(
        f"{count(len(found), 'claim')}, {len({(one.claim.id, one.model) for one in found})} different by claim and model."
    )
    return 0


def _row(one: Collected) -> dict[str, Any]:
    return {
        "id": one.claim.id,
        "finding": one.claim.about.get("finding") or finding_of(one.item),
        "model": one.model,
        "kind": one.claim.kind,
        "subject": one.claim.subject,
        "needs": one.claim.rule.needs(),
        "statement": one.claim.statement,
        "expect": one.claim.about.get("expect"),
        "node_id": one.item.nodeid,
    }
