"""`causal-claims doctor`: what can be measured on this machine, and what to do about the rest."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError


def add(commands: Any) -> None:
    parser = commands.add_parser("doctor", help="what can be measured on this machine", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models.yaml"), help="the registry (default: models.yaml)")
    parser.add_argument(
        "--model", action="append", default=[], metavar="KEY=PATH_OR_ID[@REV]", help="a checkpoint for a key"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.engine.doctor import devices, examine, missing_packages
    from causal_claims.models import load_registry

    if missing := missing_packages():
        raise ClaimsError(
            f"{', '.join(missing)} not installed, so nothing can be measured here: pip install 'pytest-causal-claims[models]', "
            "or judge recorded numbers with --claims-measurements FILE."
        )
    registry = load_registry(arguments.models)
    for text in arguments.model:
        registry = registry.override(text)
    machine, models = devices(), examine(registry)
    if arguments.json:
        print(
            json.dumps(
                {"devices": [asdict(one) for one in machine], "models": [asdict(one) for one in models]}, indent=1
            )
        )
        return 0
    print("devices")
    for device in machine:
        print(f"  {device.name:8} {device.what}, {device.memory_gb:.0f} GB, {device.free_gb:.0f} GB free")
    print("models")
    width = max(len(one.model) for one in models)
    for one in models:
        print(f"  {'yes' if one.runs else 'no ':3} {one.model:{width}}  {one.why}")
        if one.advice:
            print(f"      {'':{width}}  -> {one.advice}")
    return 0
