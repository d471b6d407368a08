"""A folder with claims and recorded checkpoints, and the commands as a user types them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from causal_claims.recorded import write_measurements
from series import BASE, SERIES

CLAIMS = '''"""A circuit.

Source: our own note.
"""
import pytest
from causal_claims import *

M = Metric("x")

@pytest.mark.parametrize("claim", [
    lowers(M, by=ablate(Head(5, 0)), beyond=0.2, id="first"),
    lowers(M, by=ablate(Head(5, 1)), beyond=0.1, id="second"),
])
def test_it(claim, holds):
    assert holds(claim)
'''


# Other people's plugins of the environment take longer to load than a run does.
_QUICK = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_ADDOPTS": "-p no:cacheprovider -p causal_claims.pytest_plugin -p xdist",
}


@dataclass(frozen=True)
class Done:
    code: int
    text: str


@dataclass(frozen=True)
class Shop:
    folder: Path

    @classmethod
    def open(cls, folder: Path, *checkpoints: str) -> Shop:
        (folder / "claims").mkdir()
        (folder / "claims" / "test_circuit.py").write_text(CLAIMS)
        tables = folder / "tables"
        for name in checkpoints:
            write_measurements(tables / f"{name}.parquet", (BASE if name == "base" else SERIES[name]).measurements())
        for name, module in (
            ("causal-claims", "from causal_claims.cli import main"),
            ("pytest", "from pytest import main"),
        ):
            shim = folder / ".bin" / name
            shim.parent.mkdir(exist_ok=True)
            shim.write_text(f"#!{sys.executable}\nimport sys\n{module}\nsys.exit(int(main(sys.argv[1:])))\n")
            shim.chmod(0o755)
        return cls(folder)

    def sh(self, command: str, **more: str) -> Done:
        """A shell line, with `pytest`, `python` and `causal-claims` on the path."""
        path = f"{self.folder / '.bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        outer = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "GITHUB_"))}
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.folder, capture_output=True, text=True,
            env={**outer, **_QUICK, "PATH": path, "COLUMNS": "240", **more},
        )  # fmt: skip
        return Done(done.returncode, done.stdout + done.stderr)

    def pytest(self, table: str, *options: str) -> Done:
        return self.sh(f"pytest -q claims --claims-measurements tables/{table}.parquet {' '.join(options)}")

    def keep(self) -> None:
        """The base checkpoint as the baseline `main`, without running pytest for it."""
        from causal_claims import Head, Metric, ablate, lowers
        from causal_claims.gate.baseline import save

        metric = Metric("x")
        suite = [
            lowers(metric, by=ablate(Head(5, 0)), beyond=0.2, id="first"),
            lowers(metric, by=ablate(Head(5, 1)), beyond=0.1, id="second"),
        ]
        for name, checkpoint in (("main", BASE), ("main:again", BASE)):
            run = checkpoint.run(suite)
            for one in run.ledger.records:
                one.node_id, one.checkpoint = f"claims/test_circuit.py::test_it[{one.id}]", None
            save(self.folder / "reports" / "baselines", name, run.ledger, run.recorded)
