"""`causal-claims plant`: a checkpoint whose circuit is known, as an ordinary folder, to try claims and gates on."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError, listing
from causal_claims.sites import Head, parse_site


def add(commands: Any) -> None:
    parser = commands.add_parser("plant", help="write a checkpoint whose circuit is known", description=__doc__)
    parser.add_argument("family", help="contraction, suppressor, retrieval or gratitude")
    parser.add_argument("folder", type=Path, help="where the checkpoint goes; it must not exist")
    parser.add_argument("--variant", default="in_place", help="in_place, absent, elsewhere, spread, decoy, backup, ...")
    parser.add_argument("--seed", type=int, default=0, help="everything that is drawn (default: 0)")
    parser.add_argument("--strength", type=float, default=1.0, help="of the claimed strength (default: 1)")
    parser.add_argument("--heads", default="", metavar="L27.H11,...", help="where it goes, the most important first")
    parser.add_argument("--model", metavar="KEY", help="give it the layers and heads of this entry of models.yaml")
    parser.add_argument("--models", type=Path, default=Path("models.yaml"), help="the registry (default: models.yaml)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.models import load_registry
    from causal_claims.planted.build import build

    if arguments.folder.exists():
        raise ClaimsError(f"{arguments.folder} exists already; name a folder that does not, nothing is written over.")
    like = load_registry(arguments.models)[arguments.model] if arguments.model else None
    sites = [parse_site(text.strip()) for text in arguments.heads.split(",") if text.strip()]
    if wrong := [site for site in sites if not isinstance(site, Head)]:
        raise ClaimsError(f"--heads takes query heads, written L27.H11; {listing(wrong)} is none.")
    made = build(
        arguments.family,
        arguments.variant,
        seed=arguments.seed,
        strength=arguments.strength,
        heads=[site for site in sites if isinstance(site, Head)],
        like=like,
    )
    shutil.copytree(made, arguments.folder)
    print(f"{arguments.folder}: {arguments.family}/{arguments.variant}; what is true of it stands in truth.json")
    print(f"pytest claims/ -m {arguments.model or 'KEY'} --claims-model {arguments.model or 'KEY'}={arguments.folder}")
    return 0
