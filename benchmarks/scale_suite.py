"""A suite over small planted checkpoints for benchmarks of scale: run in any way, its loads counted, its ledgers compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "scale")]  # fixtures/ for the planted models; the cluster of two nodes

Records = dict[str, dict[str, Any]]  # by node id

OWN = {  # what a run says of itself, or in words: figures are compared as figures
    "measure_seconds", "noise_floor", "facts", "attention", "outliers", "line", "reason", "n_needed", "guards", "receipt",
    "p_value", "q_bh", "p_holm", "companions", "parts", "effect_size",
}  # fmt: skip

COUNTING = '''
"""Every process of a run, and every actor of a cluster: a line for each model that it loads."""
import os, sys
from importlib.machinery import PathFinder

class Counting:
    def find_spec(self, name, path=None, target=None):
        if name != "causal_claims.engine.engine":
            return None
        spec = PathFinder.find_spec(name, path)
        whole = spec.loader.exec_module

        def exec_module(module):
            whole(module)
            real = module.load

            def load(spec, *rest):
                with open(os.environ["COUNTED_LOADS"], "a") as file:
                    file.write(f"{spec.key} {os.getpid()}\\n")
                return real(spec, *rest)

            module.load = load

        spec.loader.exec_module = exec_module
        return spec

FIRST = Counting()
sys.meta_path.insert(0, FIRST)
'''
CONFTEST = """
import sys
from sitecustomize import FIRST

pytest_plugins = ["fixtures.prompts"]
sys.meta_path.insert(0, FIRST)  # before pytest's own
"""
CLAIMS = """
import pytest
from causal_claims import *

M = Metric("entropy", over="gratitude")
HEADS = [Head(l, h) for l in range(12) for h in range(12)]
CLAIMS = [kind(M, by=ablate(head), **margin, id=f"{{name}}-{{head}}-{{size}}")
          for size in ({sizes})
          for name, kind, margin in (("up", raises, dict(beyond=size)), ("down", lowers, dict(beyond=size)), ("none", negligible, dict(within=size)))
          for head in HEADS][:{claims}]

@pytest.mark.everyone
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_it(claim, holds):
    assert holds(claim)
"""


@dataclass(frozen=True)
class Ran:
    """One run to its end."""

    code: int
    seconds: float
    megabytes: float  # the most that its first process held: the controller, where there are workers
    loads: int


@dataclass(frozen=True)
class Bench:
    """A folder with the suite in it."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (self.folder / "counting", ROOT / "plugin", ROOT))),
            "COUNTED_LOADS": str(self.folder / "loads.txt"),
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
        }

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        with (self.folder / "output.txt").open("a") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:hypothesispytest",
                 "--claims-examples=16", *options],
                cwd=self.folder, env=self.environment, stdout=output, stderr=output,
            )  # fmt: skip

    def finish(self, *runs: subprocess.Popen[bytes]) -> Ran:
        """Processes started just now, side by side; the code is the highest."""
        begun, most = time.perf_counter(), 0.0
        while any(one.poll() is None for one in runs):
            most = max(most, *(_held(one.pid) for one in runs))
            time.sleep(0.1)
        return Ran(max(one.returncode for one in runs), time.perf_counter() - begun, most, self._loads())

    def run(self, *options: str) -> Ran:
        return self.finish(self.start(*options))

    def merge(self, folder: str) -> int:
        program = "import sys; from causal_claims.cli import main; sys.exit(main())"
        return subprocess.run(
            [sys.executable, "-c", program, "merge", folder], cwd=self.folder, env=self.environment,
            stdout=subprocess.DEVNULL, check=False,
        ).returncode  # fmt: skip

    def records(self, reports: str) -> Records:
        """A record that is there twice is an error."""
        path = self.folder / reports / "claims.json"
        found: Records = {}
        for one in json.loads(path.read_text())["records"] if path.exists() else ():
            assert one["node_id"] not in found, f"{one['node_id']} was recorded twice"
            found[one["node_id"]] = {name: value for name, value in one.items() if name not in OWN}
        return found

    def _loads(self) -> int:
        path = self.folder / "loads.txt"
        count = len(path.read_text().splitlines()) if path.exists() else 0
        path.unlink(missing_ok=True)
        return count


@contextmanager
def bench(models: int, claims: int) -> Iterator[Bench]:
    """So many claims over so many planted checkpoints, each with other weights."""
    from causal_claims.planted.build import build

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entries = []
        for m in range(models):
            variant, home = "absent" if m % 2 == 0 else "in_place", Path(tempfile.gettempdir()) / "bench-models"
            path = build("gratitude", variant, seed=m, cache=home)
            entries.append(
                f"m{m:02d}: {{family: gpt2, id: x/m{m}, path: {path}, layers: 12, heads: 12, kv_heads: 12, markers: [everyone]}}"
            )
        each = -(-claims // models)
        sizes = "".join(f"{(i + 1) / 100:g}, " for i in range(-(-each // (3 * 144))))
        (folder / "counting").mkdir()
        for path, text in {
            "models.yaml": "\n".join(entries) + "\n",
            "conftest.py": CONFTEST,
            "counting/sitecustomize.py": COUNTING,
            "test_bench.py": CLAIMS.format(sizes=sizes, claims=each),
            "pytest.toml": "[pytest]\nstrict = true\n",
        }.items():
            (folder / path).write_text(text)
        yield Bench(folder)


def apart(ours: Records, theirs: Records) -> list[str]:
    """Where two ledgers differ; figures by more than float32 arithmetic in another batch."""
    said = [f"{name} is in one of them only" for name in sorted(ours.keys() ^ theirs.keys())]
    return said + wrong(ours, theirs)


def wrong(ours: Records, theirs: Records) -> list[str]:
    """Where records of one test differ."""
    said = []
    for name in sorted(ours.keys() & theirs.keys()):
        for key, a in ours[name].items():
            b = theirs[name][key]
            close = isinstance(a, float) and isinstance(b, float) and abs(a - b) <= 1e-4 * max(1.0, abs(a))
            if a != b and not close:
                said.append(f"{name}.{key}: {a!r} is not {b!r}")
    return said


def _held(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
