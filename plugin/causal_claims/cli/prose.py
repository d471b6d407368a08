"""`causal-claims prose FILES...`: documents that state claims, held to the ledger."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from causal_claims.verdicts import count


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "prose",
        help="fail where a document states what the ledger refutes",
        description=__doc__,
        epilog="[claim:ID] states a claim; `0.061 [claim:ID effect]` binds a figure; [claim:ID refuted] states an outcome; "
        "[claim:ID@MODEL] names a model.",
    )
    parser.add_argument("files", nargs="+", type=Path, help="Markdown or any other text")
    parser.add_argument("--ledger", type=Path, default=Path("reports/claims.json"), help="default: the last run's")
    parser.add_argument("--strict", action="store_true", help="fail on claims that are INCONCLUSIVE or NOT RUN, too")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.errors import ClaimsError
    from causal_claims.gate.prose import count_tags, faults
    from causal_claims.gate.run import read_run

    records = read_run(arguments.ledger).ledger.records
    tags = stops = 0
    for path in arguments.files:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ClaimsError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
        tags += count_tags(text)
        for one in faults(str(path), text, records):
            stops += one.stops or arguments.strict
            print(one)
    print(
        f"{tags} claims and figures in {count(len(arguments.files), 'document')}, {stops} not borne out by {arguments.ledger}."
    )
    return 1 if stops else 0
