"""What the instrument costs without a model: a thousand claims judged, collected, and an unrelated run with the plugin.

    python benchmarks/instrument.py

Goals on one core: 1,000 claims of n=200 from one parquet file in under 10 s; --collect-only of them in under 3 s; under
60 ms added to an unrelated run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from causal_claims.measurements import Measurement
from causal_claims.recorded import write_measurements

CLAIMS, N = 1000, 200
FILE = """
import pytest
from causal_claims import Head, Metric, ablate, raises

X = Metric("x")

@pytest.mark.parametrize("claim", [raises(X, by=ablate(Head(i // 32, i % 32)), beyond=0.1) for i in range({claims})])
def test_it(claim, holds):
    assert holds(claim)
"""
ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_claims.py").write_text(FILE.format(claims=CLAIMS))
        write_measurements(folder / "m.parquet", table())
        recorded = ["test_claims.py", "--claims-measurements", "m.parquet", "-p", "no:cacheprovider", "-q", "--tb=no"]
        judged, collected = seconds(folder, recorded), seconds(folder, [*recorded, "--collect-only"])
        print(
            f"{CLAIMS} claims of n={N} judged: {judged:.2f} s (goal 10), of which start and collection {collected:.2f} s"
        )
        print(f"--collect-only: {collected:.2f} s (goal 3)")
        (folder / "test_other.py").write_text("def test_other(): pass\n")
        print(f"added to an unrelated run: {1000 * added(folder):.0f} ms (goal 60)")


def table() -> list[Measurement]:
    draw = np.random.default_rng(0)
    base, ids = draw.normal(size=N), tuple(f"e{i:04d}" for i in range(N))
    arms = {f"ablate(L{i // 32}.H{i % 32})": base + draw.normal(0.1, 0.5, N) for i in range(CLAIMS)}
    return [Measurement("toy", "x", name, ids, ids, values) for name, values in {"baseline": base, **arms}.items()]


def seconds(folder: Path, options: list[str], environment: dict[str, str] | None = None) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pytest", *options], cwd=folder, env={**os.environ, **ONE_CORE, **(environment or {})},
                   stdout=subprocess.DEVNULL, check=False)  # fmt: skip
    return time.perf_counter() - start


def added(folder: Path, rounds: int = 15) -> float:
    """Interleaved, so that a busy machine slows both alike; the difference of medians."""
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    plain = ["test_other.py", "-q", "-p", "no:cacheprovider"]
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for ours in times:
            options = [*plain, "-p", "causal_claims.pytest_plugin"] if ours else plain
            times[ours].append(seconds(folder, options, alone))
    return statistics.median(times[True]) - statistics.median(times[False])


if __name__ == "__main__":
    main()
