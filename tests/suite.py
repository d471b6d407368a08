"""A folder of claim files, run by an inner pytest: files in; exit code, terminal text, ledger and JUnit file out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

PLUGIN = Path(__file__).parents[1] / "plugin"
HEADER = "model,metric,condition,example,cluster,value"
PREAMBLE = "import pytest\nfrom causal_claims import *\n\nX = Metric('x')\nH = Head(0, 0)\nBY = ablate(H)\n\n"


@dataclass(frozen=True)
class Run:
    """What an inner pytest left behind."""

    folder: Path
    code: int
    text: str
    reports: tuple[Any, ...] = ()  # of an inner run in this process

    @cached_property
    def ledger(self) -> dict[str, Any]:
        return json.loads((self.folder / "reports" / "claims.json").read_text(encoding="utf-8"))

    @property
    def records(self) -> list[dict[str, Any]]:
        return self.ledger["records"]

    @property
    def outcomes(self) -> dict[str, str]:
        """Outcome by claim id."""
        return {one["id"]: one["outcome"] for one in self.records}

    @cached_property
    def junit(self) -> ElementTree.Element:
        return ElementTree.parse(self.folder / "junit.xml").getroot()

    def cases(self) -> dict[str, ElementTree.Element]:
        return {str(one.get("name")): one for one in self.junit.iter("testcase")}

    def suite_properties(self) -> dict[str, str]:
        found = self.junit.find("./testsuite/properties")
        return {} if found is None else {str(p.get("name")): str(p.get("value")) for p in found}


@dataclass(frozen=True)
class ClaimSuite:
    """Files by name; `run` writes them into a folder and runs pytest there."""

    files: Mapping[str, str] = field(default_factory=dict)

    def with_file(self, name: str, text: str) -> ClaimSuite:
        return replace(self, files={**self.files, name: text})

    def written(self, folder: Path) -> Path:
        for name, text in {"pytest.toml": "[pytest]\nstrict = true\n", **self.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    def claim(self, *claims: str, body: str = "assert holds(claim)") -> ClaimSuite:
        return self.with_file("test_claim.py", claim_file(*claims, body=body))

    def table(self, **arms: Sequence[float]) -> ClaimSuite:
        """A table of one metric: `baseline=` and `ablate=`, or any spelling through `**{...}`."""
        return self.with_file("m.csv", table({"ablate(L0.H0)" if k == "ablate" else k: v for k, v in arms.items()}))

    def run(
        self,
        *options: str,
        folder: Path | None = None,
        workers: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> Run:
        """In a process of its own, as a user does."""
        place = self.written(folder or Path(tempfile.mkdtemp(prefix="claims-")))
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
        outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            [*command, *self._given(options), *(["-n", str(workers)] if workers else [])],
            cwd=place,
            env={**outer, "PYTHONPATH": str(PLUGIN), "COLUMNS": "240", **(environment or {})},
            capture_output=True,
            text=True,
            timeout=300,  # a hang; on a busy machine some take two minutes
            check=False,
        )
        return Run(place, done.returncode, done.stdout + done.stderr)

    def run_here(self, *options: str, folder: Path) -> Run:
        """In this process: quick, for many small runs."""
        self.written(folder)
        watcher, output, before = _Watcher(), io.StringIO(), Path.cwd()
        known = set(sys.modules)
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                code = pytest.main(
                    [
                        "-p",
                        "no:cacheprovider",
                        "-p",
                        "no:xdist",
                        "-s",
                        "--import-mode=importlib",
                        *self._given(options),
                    ],
                    plugins=[watcher],
                )
        finally:
            os.chdir(before)
            for name in set(sys.modules) - known:
                if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
                    del sys.modules[name]
        return Run(folder, int(code), output.getvalue(), tuple(watcher.reports))

    def _given(self, options: Sequence[str]) -> list[str]:
        """A table among the files is what is judged, and there is always a JUnit file."""
        table = "m.csv" in self.files and not any(one.startswith("--claims-measurements") for one in options)
        return ["--junitxml", "junit.xml", *(["--claims-measurements", "m.csv"] if table else []), *options]


class _Watcher:
    def __init__(self) -> None:
        self.reports: list[Any] = []

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.reports.append(report)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if not report.passed:
            self.reports.append(report)


def table(conditions: Mapping[str, Sequence[float]], *, model: str = "toy", metric: str = "x") -> str:
    """A CSV as a person would write one, a cluster an example."""
    lines = [
        f'{model},{metric},"{condition}",e{i:03d},e{i:03d},{float(value)!r}'
        for condition, values in conditions.items()
        for i, value in enumerate(values)
    ]
    return "\n".join([HEADER, *lines]) + "\n"


def paired(effect: float, sd: float = 0.3, n: int = 40, seed: int = 1) -> dict[str, np.ndarray]:
    """Baseline and ablated numbers whose paired effect is about this."""
    draw = np.random.default_rng(seed)
    base = draw.normal(size=n)
    return {"baseline": base, "ablate": base + effect + sd * draw.normal(size=n)}


def heads_table(n: int = 40) -> str:
    """Head 0 raises x by 1, head 1 lowers it by 1, head 2 is open, head 3 is a copy of the baseline; 4 is absent."""
    draw = np.random.default_rng(0)
    base = draw.normal(size=n)
    return table({
        "baseline": base,
        "ablate(L0.H0)": base + 1 + 0.3 * draw.normal(size=n),
        "ablate(L0.H1)": base - 1 + 0.3 * draw.normal(size=n),
        "ablate(L0.H2)": base + 0.5 + 1.5 * draw.normal(size=n),
        "ablate(L0.H3)": base.copy(),
    })  # fmt: skip


def claim_file(*claims: str, body: str = "assert holds(claim)", extra: str = "") -> str:
    """One test over these claims."""
    listed = "".join(f"    {claim},\n" for claim in claims)
    return (
        f"{PREAMBLE}{extra}\n@pytest.mark.parametrize('claim', [\n{listed}])\ndef test_it(claim, holds):\n    {body}\n"
    )


def raises(head: int, name: str, more: str = "") -> str:
    return f"raises(X, by=ablate(Head(0, {head})), beyond=0.5, id={name!r}{more})"


FIVE = [
    raises(0, "up", ", reported=1.0"),
    raises(1, "down"),
    raises(2, "open"),
    raises(3, "copy"),
    raises(4, "absent"),
]
