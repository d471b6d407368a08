"""`causal-claims new NAME`: a claim file to begin with."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError
from causal_claims.models import load_registry

_TEMPLATE = '''"""What the finding says, in plain words.

Source: paper or report, section or figure.  What it reported, on how many examples.
"""

import pytest

from causal_claims import Head, Metric, ablate, raises

pytestmark = pytest.mark.{model}

LOGIT_DIFF = Metric("logit_diff", over="facts")


@pytest.mark.parametrize("claim", [raises(LOGIT_DIFF, by=ablate(Head(0, 2)), beyond=0.1, reported=0.26)])
def test_{name}(claim, holds):
    assert holds(claim)
'''


def add(commands: Any) -> None:
    parser = commands.add_parser("new", help="a claim file to begin with", description=__doc__)
    parser.add_argument("name", help="what the file is about, e.g. l0h2_suppressor")
    parser.add_argument("--model", default="gpt2", help="marker of the models it runs on (default: gpt2)")
    parser.add_argument("--folder", type=Path, default=Path("claims"), help="where it goes (default: claims)")
    parser.set_defaults(run=run)


def _unknown(model: str) -> str | None:
    """What is still missing for the marker to choose a model."""
    registry = Path("models.yaml")
    if not registry.is_file():
        return f"There is no models.yaml here: write one with the key {model}, or judge recorded numbers with --claims-measurements FILE."
    if model not in load_registry(registry).markers:
        return f"models.yaml has no key, family or marker {model}: add it, or the marker is unknown."
    return None


def run(arguments: argparse.Namespace) -> int:
    for what, word in (("name", arguments.name), ("model", arguments.model)):
        if not word.isidentifier():
            raise ClaimsError(f"{what} {word!r} becomes part of a Python name; use letters, digits and '_'.")
    path = arguments.folder / f"test_{arguments.name}.py"
    if path.exists():
        raise ClaimsError(f"{path} exists already; nothing was overwritten.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_TEMPLATE.format(name=arguments.name, model=arguments.model), encoding="utf-8")
    print(f"{path} written.  See what it needs: causal-claims plan {path}")
    if (sentence := _unknown(arguments.model)) is not None:
        print(sentence)
    return 0
