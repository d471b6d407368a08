"""What the instrument costs: judging a thousand claims, collecting them, and what the plugin adds to an unrelated run.

    python benchmarks/instrument.py [--claims 1000] [--examples 200]

Everything runs side by side in one go; ratios travel between machines, seconds do not.
"""

import argparse
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

FILE = """import pytest
from causal_claims import Head, Metric, ablate, raises
M = Metric("x")
@pytest.mark.parametrize("claim", [raises(M, by=ablate(Head(i // 40, i % 40)), beyond=0.1) for i in range({claims})])
def test_it(claim, holds):
    assert holds(claim)
"""


def pytest(folder: Path, *options: str, **environment: str) -> float:
    """Seconds of one run in a process of its own, on one core."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    subprocess.run(command, cwd=folder, env=environment, check=False, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def table(path: Path, claims: int, examples: int) -> None:
    rng = np.random.default_rng(0)
    ids = tuple(f"e{i:05d}" for i in range(examples))
    baseline = rng.normal(size=examples)
    names = ["baseline", *(f"ablate(L{i // 40}.H{i % 40})" for i in range(claims))]
    arms = (baseline if name == "baseline" else baseline + rng.normal(0.2, 0.5, examples) for name in names)
    write_measurements(
        path, [Measurement("toy", "x", name, ids, ids, arm) for name, arm in zip(names, arms, strict=True)]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=1000)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table(folder / "m.parquet", given.claims, given.examples)
        (folder / "test_many.py").write_text(FILE.format(claims=given.claims))
        collected = pytest(folder, "--collect-only", "--claims-measurements", "m.parquet")
        judged = pytest(folder, "--claims-measurements", "m.parquet")
        plain = folder / "plain"
        plain.mkdir()
        (plain / "test_plain.py").write_text(
            f"import pytest\n@pytest.mark.parametrize('i', range({given.claims}))\ndef test(i): pass\n"
        )
        bare = pytest(plain, "-p", "no:claims")
        (plain / "test_plain.py").write_text("def test(): pass\n")
        alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        rounds = [
            (pytest(plain, **alone), pytest(plain, "-p", "causal_claims.pytest_plugin", **alone))
            for _ in range(given.rounds)
        ]
    without, with_plugin = (statistics.median(one) for one in zip(*rounds, strict=True))
    print(f"{given.claims} claims of n={given.examples}, one core")
    print(f"  collected       {collected:6.2f} s")
    print(f"  judged          {judged:6.2f} s, of which {given.claims} empty tests of pytest alone take {bare:.2f} s")
    print(
        f"an unrelated run: {without * 1000:.0f} ms without the plugin, {(with_plugin - without) * 1000:+.0f} ms with it (medians of {given.rounds})"
    )


if __name__ == "__main__":
    main()
