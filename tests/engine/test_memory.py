"""Peak memory is bounded by the setting, and running out of memory in the middle loses nothing."""

import os
import subprocess
import sys
from pathlib import Path

import engine_examples as made  # noqa: F401  (declares the examples)
import numpy as np
import pytest
import torch
from causal_claims.claims.effects import Cell
from causal_claims.engine.chunk import Chunk
from causal_claims.engine.engine import Engine
from causal_claims.engine.settings import Settings
from causal_claims.interventions.catalogue import ablate
from causal_claims.interventions.intervention import BASELINE
from causal_claims.metrics.metric import Metric
from causal_claims.sites import Head

M = Metric("logit_diff", over="engine_mixed")
CELLS = [Cell(M), *(Cell(M, ablate(Head(layer, head))) for layer in range(3) for head in range(4))]
SWEEP = """
import sys
sys.path[:0] = {paths!r}
import torch
torch.set_num_threads(1)
from pathlib import Path
import engine_examples
from checkpoints import checkpoint
from causal_claims.claims.effects import Cell
from causal_claims.engine.budget import token_bytes
from causal_claims.engine.engine import Engine
from causal_claims.engine.settings import Settings
from causal_claims.examples import examples
from causal_claims.interventions.catalogue import ablate
from causal_claims.metrics.metric import Metric
from causal_claims.models import ModelSpec, Registry
from causal_claims.sites import Head

folder = checkpoint(Path({folder!r}), "gpt2", layers=2, heads=32, width=256)
registry = Registry({{"m": ModelSpec("m", "gpt2", "x", path=str(folder))}})
m = Metric("loss", over="engine_many")  # at every position
cells = [Cell(m), *(Cell(m, ablate(Head(0, head))) for head in range(32))]

def peak():
    # what was held at most since the last call, in GB, and now
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    Path("/proc/self/clear_refs").write_text("5")
    return tuple(int(status[name].split()[0]) / 2**20 for name in ("VmHWM", "VmRSS"))

def sweep(memory, cells):
    settings = Settings(memory_gb=memory, row_tokens=10**9, cross_examined=0, noise=False)
    engine = Engine(registry, settings)
    engine._held["m", "float32"] = loaded
    engine.measure("m", cells)

loaded = Engine(registry, Settings()).loaded("m")
tokens = sum(len(loaded.tokens.prompt(one.prompt, one.id)) for one in examples("engine_many").examples)
at_once = len(cells) * tokens * token_bytes(loaded) / 2**30
limit = at_once / 10
sweep(limit, cells[:3])
_, before = peak()
sweep(limit, cells)
bounded = peak()[0] - before
sweep(100.0, cells)
print(at_once, limit, bounded, peak()[0] - before)
"""


def test_a_sweep_ten_times_larger_than_the_memory_stays_within_it(tmp_path):
    here = Path(__file__)
    script = tmp_path / "sweep.py"
    paths = [str(here.parent), str(here.parents[2] / "plugin")]
    script.write_text(SWEEP.format(paths=paths, folder=str(tmp_path / "model")))
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MALLOC_TRIM_THRESHOLD_": "65536",
        "MALLOC_MMAP_THRESHOLD_": "65536",
    }
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)], capture_output=True, text=True, env=environment, timeout=240
    )
    assert run.returncode == 0, run.stderr[-2000:]
    at_once, limit, bounded, free = map(float, run.stdout.split())
    assert at_once == pytest.approx(10 * limit)
    assert bounded <= limit
    assert free > 2 * limit  # without the bound it would have been held


@pytest.fixture
def without_memory(monkeypatch):
    """Every third pass over several prompts runs out of memory, and so does the first clean pass."""
    counted = {"batches": 0, "cleans": 0}
    batch, clean = Chunk._batch, Chunk._clean

    def hungry(self, start, conditions, *rest):
        counted["batches"] += 1
        if counted["batches"] % 3 == 0 and len(self.rows) > 1:
            raise torch.OutOfMemoryError("injected")
        yield from batch(self, start, conditions, *rest)

    def greedy(self):
        counted["cleans"] += 1
        if counted["cleans"] == 1:
            raise torch.OutOfMemoryError("injected")
        return clean(self)

    monkeypatch.setattr(Chunk, "_batch", hungry)
    monkeypatch.setattr(Chunk, "_clean", greedy)
    return counted


def test_running_out_of_memory_loses_nothing(registry, tmp_path, without_memory, monkeypatch):
    options = {"cross_examined": 0, "noise": False, "row_tokens": 200}
    engine = Engine(registry, Settings(cache=tmp_path, **options))
    found = engine.measure("gpt2", CELLS)
    assert without_memory["batches"] > 6
    monkeypatch.undo()
    quiet = Engine(registry, Settings(**options)).measure("gpt2", CELLS)
    for cell in CELLS:
        np.testing.assert_allclose(found[cell].values, quiet[cell].values, atol=1e-5)
        if cell.condition != BASELINE:
            assert (found[cell].receipt.fired, found[cell].receipt.expected) == (7, 7)
            assert found[cell].receipt.fault is None
    again = Engine(registry, Settings(cache=tmp_path, **options)).measure("gpt2", CELLS)
    for cell in CELLS:
        np.testing.assert_array_equal(again[cell].values, found[cell].values)


def test_a_prompt_that_never_fits_is_not_run_and_says_so(registry, monkeypatch):
    def hungry(self, start, conditions, *rest):
        raise torch.OutOfMemoryError("injected")
        yield

    monkeypatch.setattr(Chunk, "_batch", hungry)
    found = Engine(registry, Settings(cross_examined=0, noise=False)).measure("gpt2", CELLS[:2])
    assert "does not fit the memory of the device beside the weights" in str(found[CELLS[1]])
    assert found[CELLS[0]].values.shape == (7,)
