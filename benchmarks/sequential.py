"""Sequential runs on planted nulls: how often a claim that is not true comes out SUPPORTED after up to five looks.

    python benchmarks/sequential.py [--runs 2000]

Twenty heads of a planted model without any circuit are measured on all prompts.  Each run draws 160 of a head's effects,
moved so that the claim is just not true, and all runs are judged by one `pytest --claims-sequential` from their table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
HEADS, N, WITHIN = 20, 160, 0.3
NOMINAL = {"raises": 0.025, "negligible": 0.05}
CLAIMS = f"""
import pytest
from causal_claims import *

X = Metric("effect_in_sd")

@pytest.mark.parametrize("claim", [
    raises(X, by=ablate(Head(0, 0)), beyond=0.0, id="raises"), negligible(X, by=ablate(Head(0, 1)), within={WITHIN}, id="negligible"),
])
def test_it(claim, holds):
    assert holds(claim)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        effects = measured()
        print(f"{len(effects)} heads without a circuit, {len(effects[0])} prompts; {runs} runs of {N}", flush=True)
        write(folder, effects, runs)
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugin"), "OMP_NUM_THREADS": "1"}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--tb=no",
            "-p",
            "no:cacheprovider",
            "--claims-measurements=m.parquet",
        ]
        done = subprocess.run(
            [*command, "--claims-sequential"], cwd=folder, env=environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1, done.stdout[-2000:]
        ledger = json.loads((folder / "reports" / "claims.json").read_text())
    judged, supported = Counter(one["id"] for one in ledger["records"]), Counter(
        one["id"] for one in ledger["records"] if one["outcome"] == "SUPPORTED"
    )  # fmt: skip
    for claim, nominal in NOMINAL.items():
        assert judged[claim] == runs
        rate, error = supported[claim] / runs, np.sqrt(nominal * (1 - nominal) / runs)
        print(
            f"  {claim}: wrongly SUPPORTED in {rate:.2%} of {runs} runs; nominal {nominal:.1%}, standard error {error:.2%}"
        )
        assert rate <= nominal + 2 * error
    looked = ledger["run"]["examples"]
    print(f"  {1 - looked['read'] / looked['there']:.0%} of the examples saved")


def measured() -> list[np.ndarray]:
    """Effects of heads on the entropy, in standard deviations around their mean."""
    from causal_claims import Head, Metric, ablate
    from causal_claims.claims.effects import Cell
    from causal_claims.engine.engine import Engine
    from causal_claims.engine.settings import Settings
    from causal_claims.models import ModelSpec, Registry
    from causal_claims.planted.build import build

    import fixtures.prompts  # noqa: F401

    path = build("gratitude", "absent", seed=0, cache=Path(tempfile.gettempdir()) / "bench-models")
    spec = ModelSpec("m", "gpt2", "x", layers=12, heads=12, kv_heads=12, path=str(path))
    metric = Metric("entropy", over="gratitude")
    cells = [Cell(metric), *(Cell(metric, ablate(Head(i % 12, i // 12 * 5))) for i in range(HEADS))]
    found = Engine(Registry({"m": spec}), Settings(cache=None)).measure("m", cells)
    base, *ablated = (found[cell].values for cell in cells)
    effects = [values - base for values in ablated]
    return [(one - one.mean()) / one.std() for one in effects]


def write(folder: Path, effects: list[np.ndarray], runs: int) -> None:
    from causal_claims.measurements import Measurement
    from causal_claims.recorded import write_measurements

    ids = tuple(f"e{i:03d}" for i in range(N))
    cells = []
    for run in range(runs):
        draw = np.random.default_rng(run)
        base = draw.normal(size=N)
        effect = draw.choice(effects[run % len(effects)], N)
        for condition, values in {
            "baseline": base, "ablate(L0.H0)": base + effect, "ablate(L0.H1)": base + effect + WITHIN,
        }.items():  # fmt: skip
            cells.append(Measurement(f"m{run:04d}", "effect_in_sd", condition, ids, ids, values))
    write_measurements(folder / "m.parquet", cells, {})
    (folder / "test_nulls.py").write_text(CLAIMS)
    (folder / "pytest.toml").write_text("[pytest]\nstrict = true\n")


if __name__ == "__main__":
    main()
