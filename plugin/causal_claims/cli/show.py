"""`causal-claims show ID`: one claim in full, and its last verdict where there is a ledger."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from causal_claims.cli.collecting import add_paths, collect
from causal_claims.errors import ClaimsError, listing, nearest
from causal_claims.judging.design import design_guards, wording_guard
from causal_claims.ledger import read_ledger
from causal_claims.pytest_plugin.items import finding_of, source_of


def add(commands: Any) -> None:
    parser = commands.add_parser("show", help="one claim in full", description=__doc__)
    parser.add_argument("id", help="claim id, or the beginning of one")
    add_paths(parser)
    parser.add_argument("--ledger", type=Path, default=Path("reports/claims.json"), help="where to look for verdicts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    everything = collect(arguments.paths, arguments.select)
    wanted = [one for one in everything if one.claim.id == arguments.id] or [
        one
        for one in everything
        if one.claim.id.startswith(arguments.id) or one.claim.about.get("finding") == arguments.id
    ]
    if not wanted:
        ids = sorted({one.claim.id for one in everything})
        raise ClaimsError(
            f"there is no claim {arguments.id!r}{nearest(arguments.id, ids)}; there are {listing(ids, 8)}."
        )
    records = read_ledger(arguments.ledger).records if arguments.ledger.is_file() else []
    for claim in dict.fromkeys(one.claim for one in wanted):
        models = [one.model for one in wanted if one.claim == claim]
        print(f"{claim.id}\n  {claim.statement}")
        print(f"  kind      {claim.kind}, needs {claim.rule.needs()}; can carry a {claim.best_level} wording")
        print(f"  models    {', '.join(filter(None, models)) or 'none by its markers: those of a measurement table'}")
        item = next(one.item for one in wanted if one.claim == claim)
        about = {"finding": finding_of(item), "source": source_of(item), **claim.about}
        for name in ("finding", "source", "reported", "expect", "because", "picked_on"):
            if about.get(name) is not None:
                print(f"  {name:<9} {about[name]}")
        print(f"  cells     {len(claim.cells)}")
        for cell in claim.cells[:12]:
            print(f"            {cell}")
        for guard in (*design_guards(claim, None), wording_guard(claim, claim.best_level)):
            print(f"  guard     {'FIRES ' if guard.fired else ''}{guard.name}: {guard.sentence}")
        for record in records:
            if record.id == claim.id:
                print(f"  verdict   {record.model}: {record.line}")
    return 0
