"""A series of planted checkpoints held against its first by the gate, as a user types it; what came out, beside what is true.

PYTHONPATH=. python benchmarks/planted_series.py [--only NAME ...] [--workers N]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from causal_claims.planted.series import SERIES, STEPS

ROOT = Path(__file__).parents[1]
MODELS = "small: {family: gpt2, id: example/small, layers: 4, heads: 12, kv_heads: 12}\n"
PROMPTS = 'pytest_plugins = ["fixtures.prompts", "fixtures.pairs", "fixtures.reports"]\n'
AGAIN = {  # the first checkpoint once more, measured otherwise
    "again, reference path": ("--claims-backend", "reference", "--claims-cache", "off"),
    "again, small batches": ("--claims-memory", "0.05", "--claims-cache", "off"),
    "again, bfloat16": ("--claims-dtype", "bfloat16", "--claims-cache", "off"),
}
CLAIMS = '''"""Layer 0 head 2 is a suppressor.

Source: our own note.
"""
import pytest
from causal_claims import Behaviour, Head, Metric, ablate, level, raises

pytestmark = pytest.mark.small
LOGIT_DIFF = Metric("logit_diff", over="facts")

@pytest.mark.parametrize("claim", [
    raises(LOGIT_DIFF, by=ablate(Head(0, 2)), beyond=0.15, given=Behaviour(level(LOGIT_DIFF), above=0.5), gate=True, id="main"),
    raises(LOGIT_DIFF, by=ablate(Head(0, 4)), beyond=0.05, id="helper"),
])
def test_l0h2_holds_answers_back(claim, holds):
    assert holds(claim)
'''


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="these checkpoints only")
    parser.add_argument("--workers", default="0")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "claims").mkdir()
        (home / "claims/test_suppressor.py").write_text(CLAIMS)
        (home / "models.yaml").write_text(MODELS)
        (home / "conftest.py").write_text(PROMPTS)
        base = SERIES["base"](home / "base")
        print(_pytest(home, base, "reports/base", asked.workers, "--claims-save", "main", "--claims-scan"))
        print(
            _pytest(home, base, "reports/again", asked.workers, "--claims-save", "main:again", "--claims-cache", "off")
        )
        print("| checkpoint | exit code | what the gate said of L0.H2 |\n|---|---|---|")
        chosen = {name: () for name in SERIES if name != "base" and not name.startswith("step-")} | AGAIN
        for name, more in chosen.items():
            if asked.only and name not in asked.only:
                continue
            path = base if name in AGAIN else SERIES[name](home / name)
            code = _pytest(
                home, path, f"reports/{name}", asked.workers, "--claims-gate", "--claims-baseline", "main", *more
            )
            print(f"| {name} | {code} | {_line(home / f'reports/{name}/claims.json')} |", flush=True)
        if not asked.only:
            _drift(home, asked.workers)


def _line(ledger: Path) -> str:
    rows = json.loads(ledger.read_text())["run"]["gate"]["rows"]
    return str(next(row["line"] for row in rows if row["id"] == "main"))


def _drift(home: Path, workers: str) -> None:
    """Each step held against the one before, as a moving baseline does, and then the series as a whole."""
    steps = [f"reports/step-{i}" for i in range(STEPS)]
    for i, step in enumerate(steps):
        _pytest(home, SERIES[f"step-{i}"](home / f"step-{i}"), step, workers)
    codes = [_command(home, "causal_claims.cli", "gate", a, b) for a, b in pairwise(steps)]
    print(f"gate of each step against the one before: {codes}")
    print(f"status --fail-on-drift: {_command(home, 'causal_claims.cli', 'status', *steps, '--fail-on-drift')}")


def _pytest(home: Path, checkpoint: Path, reports: str, workers: str, *more: str) -> int:
    given = ["claims", "-q", "-n", workers, "--claims-model", f"small={checkpoint}", "--claims-reports", reports]
    return _command(home, "pytest", *given, *more)


def _command(home: Path, module: str, *words: str) -> int:
    where = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    call = (
        [sys.executable, "-m", module]
        if module == "pytest"
        else [sys.executable, "-c", f"from {module} import main; raise SystemExit(main())"]
    )
    done = subprocess.run(
        [*call, *words], cwd=home, env={**os.environ, "PYTHONPATH": where}, capture_output=True, text=True
    )
    if "status" in words or done.returncode not in (0, 1, 10):
        print(done.stdout[-3000:], done.stderr[-2000:])
    return done.returncode


if __name__ == "__main__":
    main()
