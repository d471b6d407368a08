"""A claim suite in a folder: files in; exit code, terminal, ledger and JUnit out."""

import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

HEAD = """import pytest
from causal_claims import *
M = Metric("x")
H = ablate(Head(0, 0))
"""
ONE = (
    HEAD
    + """
@pytest.mark.parametrize("claim", [{claim}])
def test_it(claim, holds):
    {body}
"""
)


@dataclass(frozen=True)
class Result:
    code: int
    text: str
    folder: Path

    @property
    def ledger(self) -> dict[str, Any]:
        return json.loads((self.folder / "reports" / "claims.json").read_text())

    @property
    def records(self) -> list[dict[str, Any]]:
        path = self.folder / "reports" / "claims.json"
        return json.loads(path.read_text())["records"] if path.exists() else []

    @property
    def outcomes(self) -> list[str]:
        return [one["outcome"] for one in self.records]

    @property
    def junit(self) -> ET.Element:
        return ET.parse(self.folder / "j.xml").getroot()

    @property
    def quiet(self) -> bool:
        """Whether nothing of ours leaked: no traceback, no internal error."""
        return "Traceback" not in self.text and "INTERNALERROR" not in self.text and "causal_claims/" not in self.text


@dataclass(frozen=True)
class ClaimSuite:
    """An immutable folder of files; every change gives a new suite."""

    files: dict[str, str] = field(default_factory=dict)

    def with_files(self, **files: str) -> "ClaimSuite":
        return replace(self, files={**self.files, **{name.replace("__", "."): text for name, text in files.items()}})

    def with_file(self, name: str, text: str) -> "ClaimSuite":
        return replace(self, files={**self.files, name: text})

    def claim(self, claim: str, body: str = "assert holds(claim)") -> "ClaimSuite":
        return self.with_file("test_claim.py", ONE.format(claim=claim, body=body))

    def table(self, **conditions: Any) -> "ClaimSuite":
        """A CSV of one metric: `baseline=[...]`, `ablate=[...]`, or any spelling through `**{...}`."""
        rows = ["model,metric,condition,example,cluster,value"]
        for name, values in conditions.items():
            spelled = '"ablate(L0.H0)"' if name == "ablate" else f'"{name}"'
            rows += [f"toy,x,{spelled},e{i:04d},e{i:04d},{float(v)!r}" for i, v in enumerate(values)]
        return self.with_file("m.csv", "\n".join(rows) + "\n")

    def run(self, *options: str, measurements: bool = True, folder: Path | None = None, **environment: str) -> Result:
        """Run pytest on the files in a folder of their own, in a process of its own."""
        place = folder or Path(tempfile.mkdtemp(prefix="claims-"))
        for name, text in self.files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        table = ["--claims-measurements", "m.csv"] if measurements and "m.csv" in self.files else []
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--junitxml",
            "j.xml",
            *table,
            *options,
        ]
        outer = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        done = subprocess.run(
            command, cwd=place, capture_output=True, text=True, env={**outer, "COLUMNS": "240", **environment}
        )
        return Result(done.returncode, done.stdout + done.stderr, place)


def paired(effect: float, sd: float = 0.3, n: int = 40, seed: int = 1) -> dict[str, np.ndarray]:
    """Baseline and ablated numbers whose paired effect is about this."""
    rng = np.random.default_rng(seed)
    baseline = rng.normal(size=n)
    return {"baseline": baseline, "ablate": baseline + effect + sd * rng.normal(size=n)}
