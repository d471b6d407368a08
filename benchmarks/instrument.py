"""What the instrument costs without a model: a thousand claims judged, collected, and an unrelated run with the plugin.

    python benchmarks/instrument.py

Goals on one core: 1,000 claims of n=200 from one parquet file in under 10 s; --collect-only of them in under 3 s; under
60 ms added to an unrelated run.  Seconds are of processor time, which a busy machine disturbs least; what is compared
is run in turns, and the ratio to a thousand empty tests of pytest alone is what travels between machines.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
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
EMPTY = """
import pytest

@pytest.mark.parametrize("i", range({claims}))
def test_it(i):
    pass
"""
ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
PLUGIN = ["-p", "causal_claims.pytest_plugin"]
QUIET = ["-p", "no:cacheprovider", "-q", "--tb=no"]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_claims.py").write_text(FILE.format(claims=CLAIMS))
        (folder / "test_empty.py").write_text(EMPTY.format(claims=CLAIMS))
        (folder / "test_other.py").write_text("def test_other(): pass\n")
        (folder / "supported").mkdir()
        write_measurements(folder / "m.parquet", table(0.1))
        write_measurements(folder / "supported/m.parquet", table(0.5))
        claims = ["test_claims.py", *PLUGIN, "--claims-measurements"]
        times = in_turns(folder, 3, {
            "empty": ["test_empty.py"],
            "empty, collected": ["test_empty.py", "--collect-only"],
            "supported": [*claims, "supported/m.parquet"],
            "failing": [*claims, "m.parquet"],
            "collected": [*claims, "m.parquet", "--collect-only"],
        })  # fmt: skip
        other = in_turns(folder, 15, {"alone": ["test_other.py"], "with": ["test_other.py", *PLUGIN]})
        parallel = in_turns(folder, 3, {"alone": ["test_other.py", "-p", "xdist", "-n", "2"],
                                        "with": ["test_other.py", "-p", "xdist", "-n", "2", *PLUGIN]})  # fmt: skip
    print(
        f"{CLAIMS} claims of n={N} from one parquet file, seconds of one core (goal 10), and as a multiple of pytest's own:"
    )
    for what in ("supported", "failing"):
        print(f"  judged, all {what:<11} {times[what]:6.2f} s   {times[what] / times['empty']:.1f} x {CLAIMS} empty tests ({times['empty']:.2f} s)")  # fmt: skip
    print(f"  of it, judging and writing {times['supported'] - times['collected']:6.2f} s   {1000 * (times['supported'] - times['collected']) / CLAIMS:.1f} ms a claim")  # fmt: skip
    print(f"  --collect-only (goal 3)    {times['collected']:6.2f} s   {times['collected'] / times['empty, collected']:.1f} x collecting {CLAIMS} empty tests ({times['empty, collected']:.2f} s)")  # fmt: skip
    print(f"added to an unrelated run (goal 60 ms): {1000 * (other['with'] - other['alone']):.0f} ms on {1000 * other['alone']:.0f}")  # fmt: skip
    print(f"added to an unrelated run with -n 2: {1000 * (parallel['with'] - parallel['alone']):.0f} ms on {1000 * parallel['alone']:.0f}")  # fmt: skip


def table(effect: float) -> list[Measurement]:
    draw = np.random.default_rng(0)
    base, ids = draw.normal(size=N), tuple(f"e{i:04d}" for i in range(N))
    arms = {f"ablate(L{i // 32}.H{i % 32})": base + draw.normal(effect, 0.5, N) for i in range(CLAIMS)}
    return [Measurement("toy", "x", name, ids, ids, values) for name, values in {"baseline": base, **arms}.items()]


def in_turns(folder: Path, rounds: int, runs: Mapping[str, list[str]]) -> dict[str, float]:
    """Median seconds of each run, one after the other, so that a busy machine slows all alike."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, options in runs.items():
            times[name].append(seconds(folder, options))
    return {name: statistics.median(found) for name, found in times.items()}


def seconds(folder: Path, options: list[str]) -> float:
    """Processor time of one pytest run and its workers."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", *QUIET, *options]
    subprocess.run(command, cwd=folder, env={**os.environ, **ONE_CORE, **ALONE}, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
