"""`causal-claims heads`: find the heads that a study's claims are about, and write them to a file."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "heads", help="find a model's retrieval heads and write them down", description=__doc__
    )
    parser.add_argument("key", help="the model's key in the registry")
    parser.add_argument("--models", type=Path, default=Path("models.yaml"), help="the registry (default: models.yaml)")
    parser.add_argument("--model", metavar="KEY=PATH_OR_ID[@REV]", help="a checkpoint for the key")
    parser.add_argument("--stand-in", nargs="?", const="in_place", metavar="VARIANT", help="on a planted stand-in")
    parser.add_argument("--score", default="summed_attention", help="summed_attention (default) or copy_score")
    parser.add_argument("--over", default="reports/discovery", help="the examples (default: reports/discovery)")
    parser.add_argument("--by", default="task", help="the field with a list for each of its values (default: task)")
    parser.add_argument("--top", type=int, default=20, help="heads of each list (default: 20)")
    parser.add_argument("--out", type=Path, default=Path("retrieval_heads.json"), help="the file to write")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.claims.picked import Pick
    from causal_claims.engine.engine import Engine
    from causal_claims.engine.settings import Settings
    from causal_claims.examples import examples
    from causal_claims.models import load_registry
    from causal_claims.pytest_plugin.live import built, standing_in

    registry = load_registry(arguments.models)
    if arguments.model:
        registry = registry.override(arguments.model)
    if arguments.stand_in:
        registry = standing_in(registry, arguments.stand_in)
    _declare_examples(arguments.models.resolve().parent)
    rows = examples(arguments.over).examples
    lists = tuple(dict.fromkeys(row.fields[arguments.by] for row in rows if arguments.by in row.fields))
    pick = Pick(arguments.score, over=arguments.over, by=arguments.by, lists=lists, top=arguments.top)
    spec = built(registry[arguments.key], None)
    engine = Engine(type(registry)({spec.key: spec}, registry.source), Settings())
    found = engine.heads(spec.key, pick)
    checkpoint = {"model": spec.key, "checkpoint": engine.loaded(spec.key).revision, "stand_in": spec.standing_in}
    arguments.out.write_text(json.dumps({**found.to_json(), **checkpoint}, indent=1), encoding="utf-8")
    for name in found.lists:
        print(f"{name:20} {' '.join(map(str, found[name][:8]))} ...")
    most = sorted({head for name in found.groups for head in found[name]}, key=lambda head: (-found.times(head), head))
    least = ceil(7 * len(found.groups) / 9)  # as study 001 calls a head shared
    frequent = [head for head in most if found.times(head) >= least]
    print(f"{len(frequent)} heads are in at least {least} of {len(found.groups)} lists: {' '.join(map(str, frequent))}")
    print(f"written to {arguments.out}; judge them with --claims-heads {spec.key}={arguments.out}")
    return 0


def _declare_examples(root: Path) -> None:
    """Import what the project's conftest.py names: there its sets of examples are declared."""
    sys.path.insert(0, str(root))
    try:
        for name in getattr(import_module("conftest"), "pytest_plugins", ()):
            import_module(name)
    except ImportError as error:
        raise ClaimsError(f"the sets of examples cannot be imported in {root}: {error}.") from None
