"""`causal-claims check`: claim files before they are committed: they collect, ids are unique, sources are named."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from causal_claims.cli.collecting import Collected, collect
from causal_claims.errors import listing
from causal_claims.verdicts import count


def add(commands: Any) -> None:
    parser = commands.add_parser("check", help="claim files as a pre-commit hook checks them", description=__doc__)
    parser.add_argument("paths", nargs="*", default=["claims"], help="claim files or folders (default: claims)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    found = collect(
        [path for path in arguments.paths if Path(path).is_dir() or Path(path).suffix == ".py"] or ["claims"], None
    )
    faults = list(_faults(found))
    for one in faults:
        print(one)
    print(f"{len({id(one.claim) for one in found})} claims checked, {len(faults)} faults.")
    return 1 if faults else 0


def _faults(found: Sequence[Collected]) -> Iterable[str]:
    from causal_claims.pytest_plugin.items import source_of

    ids: dict[tuple[str, str | None], list[Collected]] = {}
    for one in found:
        ids.setdefault((one.claim.id, one.model), []).append(one)
    for (name, model), group in sorted(ids.items(), key=lambda pair: (pair[0][0], pair[0][1] or "")):
        if len(group) > 1:
            where = listing([one.item.nodeid for one in group], 3)
            yield f"{_place(group[0])}: {count(len(group), 'claim')} on {model or 'any model'} have the id {name!r} ({where}); give all but one id='...'"
    known = {name for name, _ in ids} | {one.claim.about.get("finding") for one in found}
    told: set[int] = set()
    for one in found:
        if id(one.claim) in told:
            continue
        told.add(id(one.claim))
        about = one.claim.about
        if not (about.get("source") or source_of(one.item)):
            yield f"{_place(one)}: {one.claim.subject} names no source; write `Source: ...` in the file's docstring, or source='...'"
        cited: dict[str, Sequence[str]] = {
            "supersedes": about.get("supersedes", ()), "contradicts": about.get("contradicts", ()),
            "depends_on": about.get("depends_on", ()),
        }  # fmt: skip
        for relation, names in cited.items():
            for other in names:
                if other == one.claim.id:
                    yield f"{_place(one)}: {one.claim.id} {relation} itself"
                elif other not in known and len({c.item.path for c in found}) > 1:
                    yield f"{_place(one)}: {relation} {other!r}, which is no claim of these files"


def _place(one: Collected) -> str:
    path, line, _ = one.item.location
    return f"{path}:{(line or 0) + 1}"
