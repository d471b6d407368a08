"""Suites over several models: judged from a table, or measured on tiny checkpoints whose loads are counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from suite import HEADER, ClaimSuite, Run

HEADS = 8


class Suite(ClaimSuite):
    """A suite whose folder is named first."""

    def run(self, folder: Path, *options: str, workers: int = 0, environment: Mapping[str, str] | None = None) -> Run:
        return super().run(*options, folder=folder, workers=workers, environment=environment)

    def run_here(self, folder: Path, *options: str) -> Run:
        return super().run_here(*options, folder=folder)


RECORDED = ("--claims-measurements", "m.csv")
# times, pictures, what the instrument found out about itself
OWN = ("measure_seconds", "noise_floor", "facts", "attention")

CLAIMS = """
import pytest
from causal_claims import *

X = Metric({metric})
pytestmark = [{marks}]

@pytest.mark.parametrize('claim', [raises(X, by=ablate(Head(layer, h)), beyond=0.01) for layer in range({layers}) for h in range({heads})])
def test_it(claim, holds):
    assert holds(claim)
"""


def recorded(models: int = 5) -> Suite:
    """Eight heads of a few models, from a table."""
    rows = [HEADER]
    for m in range(models):
        draw = np.random.default_rng(m)
        base = draw.normal(size=30)
        arms = {f"ablate(L0.H{h})": base + draw.normal(h / 8, 0.3, 30) for h in range(HEADS)}
        for name, values in {"baseline": base, **arms}.items():
            rows += [f'm{m},x,"{name}",e{i:02d},e{i:02d},{float(v)!r}' for i, v in enumerate(values)]
    text = CLAIMS.format(metric="'x'", marks="", layers=1, heads=HEADS)
    return Suite({"m.csv": "\n".join(rows) + "\n", "test_x.py": text})


CONFTEST = """
import os, time
from pathlib import Path
from causal_claims.examples import Example, example_set

WORDS = {words!r}

@example_set("small{rows}")
def small{rows}():
    import random
    draw = random.Random(0)
    return [Example(f"e{{i}}", " ".join(draw.choices([w for w in WORDS if w not in ("Paris", "Berlin")], k=draw.randint(5, 12))), fields={{"target": " Paris", "foil": " Berlin"}})
            for i in range({rows})]

import torch
import causal_claims.engine.engine as engine

torch.set_num_threads(1)  # threads that wait for one another stall a small model on a busy machine
real = engine.load

def load(spec, settings, dtype):
    with open(Path(__file__).parent / "loads.txt", "a") as file:
        file.write(f"{{spec.key}} {{os.environ.get('PYTEST_XDIST_WORKER', 'main')}} {{os.environ.get('CUDA_VISIBLE_DEVICES')}}\\n")
    return real(spec, settings, dtype)

engine.load = load

def pytest_unconfigure():
    engine.load = real
{more}
"""


def live(
    root: Path,
    models: int = 2,
    heads: int = 4,
    layers: int = 3,
    rows: int = 12,
    more: str = "",
    families: Any = ("gpt2",),
) -> Suite:
    """Every head of a few random checkpoints; `loads.txt` has a line for each model loaded."""
    import checkpoints

    entries = []
    for m in range(models):
        family = families[m % len(families)]
        place = root / f"checkpoint-{m}"
        if not place.is_dir():
            checkpoints.checkpoint(
                place, family, seed=m, layers=layers, heads=heads, kv=2 if family != "gpt2" else heads
            )
        count = f"layers: {layers}, heads: {heads}"
        entries.append(
            f"m{m}: {{family: {family}, id: x/m{m}, path: {place}, tokenizer: {place}/tokenizer, {count}, markers: [all_of_them]}}"
        )
    text = CLAIMS.format(
        metric="'logit_diff', over='small" + f"{rows}'", marks="pytest.mark.all_of_them", layers=layers, heads=heads
    )
    return Suite(
        {
            "models.yaml": "\n".join(entries) + "\n",
            "conftest.py": CONFTEST.format(words=checkpoints.WORDS, rows=rows, more=more),
            "test_x.py": text,
        }
    )


def loads(folder: Path) -> Counter[tuple[str, ...]]:
    """How often each model was loaded, by worker and cards."""
    path = folder / "loads.txt"
    return Counter(tuple(line.split(" ")) for line in path.read_text().splitlines()) if path.is_file() else Counter()


def records(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "claims.json").read_text(encoding="utf-8"))["records"]


def differences(ours: Path, theirs: Path, exact: bool = False) -> list[str]:
    """Where the records of two report folders part, but for times and what the instrument says of itself.

    Figures of one cell measured in two batches may part in their last digits; from a table or a store they may not.
    """
    return list(_apart("", records(ours), records(theirs), 0.0 if exact else 1e-4))


def _apart(where: str, a: Any, b: Any, tolerance: float) -> Iterator[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        for name in {*a, *b} - {*OWN, "changed", *(["n_needed"] if tolerance else [])}:
            yield from _apart(f"{where}.{name}", a.get(name), b.get(name), tolerance)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (one, other) in enumerate(zip(a, b, strict=True)):
            yield from _apart(f"{where}[{i}]", one, other, tolerance)
    elif isinstance(a, float) and isinstance(b, float):
        if abs(a - b) > tolerance * max(1.0, abs(a)):
            yield f"{where}: {a!r} is not {b!r}"
    elif a != b and not (where.endswith((".line", ".reason", ".sentence")) and tolerance):
        yield f"{where}: {a!r} is not {b!r}"
