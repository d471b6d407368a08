"""The store: a second run measures nothing, a changed cell is another, a killed process loses nothing that was saved."""

import subprocess
import sys
from pathlib import Path

import engine_examples as made
import numpy as np
import pytest
from causal_claims.claims.effects import Cell
from causal_claims.engine.engine import Engine
from causal_claims.engine.fast import FastPath
from causal_claims.engine.settings import Settings
from causal_claims.engine.store import Address, Entry, Store
from causal_claims.examples import ExampleSet
from causal_claims.interventions.catalogue import ablate
from causal_claims.metrics.metric import Metric
from causal_claims.sites import Head

M = Metric("logit_diff", over="engine_mixed")
CELLS = [Cell(M), *(Cell(M, ablate(Head(layer, head))) for layer in range(3) for head in range(4))]


@pytest.fixture
def passes(monkeypatch):
    """How often the fast path was asked to measure."""
    counted = []
    real = FastPath.parts

    def parts(self, task):
        for part in real(self, task):
            counted.append(str(part.condition))
            yield part

    monkeypatch.setattr(FastPath, "parts", parts)
    return counted


def options(folder):
    return Settings(cache=folder, cross_examined=0, noise=False)


def test_a_second_run_measures_nothing_and_gives_the_same_bits(registry, tmp_path, passes):
    first = Engine(registry, options(tmp_path)).measure("gpt2", CELLS)
    assert passes
    passes.clear()
    again = Engine(registry, options(tmp_path)).measure("gpt2", CELLS)
    assert passes == []
    for cell in CELLS:
        np.testing.assert_array_equal(first[cell].values, again[cell].values)
        assert first[cell].receipt == again[cell].receipt
        assert first[cell].facts == again[cell].facts


def test_a_changed_prompt_is_a_new_cell(registry, tmp_path, passes, monkeypatch):
    Engine(registry, options(tmp_path)).measure("gpt2", CELLS[:1])
    passes.clear()
    monkeypatch.setattr("causal_claims.engine.engine.examples", lambda name: ExampleSet(name, tuple(made.prompts(1))))
    Engine(registry, options(tmp_path)).measure("gpt2", CELLS[:1])
    assert passes == ["baseline"]


def test_a_damaged_file_is_measured_again(registry, tmp_path, passes):
    Engine(registry, options(tmp_path)).measure("gpt2", CELLS[:1])
    for name in Store(tmp_path):
        path = tmp_path / name
        content = bytearray(path.read_bytes())
        content[-5] ^= 1
        path.write_bytes(bytes(content))
    passes.clear()
    Engine(registry, options(tmp_path)).measure("gpt2", CELLS[:1])
    assert passes == ["baseline"]


def test_what_is_written_is_what_is_read_back(tmp_path):
    store, address = Store(tmp_path), Address.of({"a": 1})
    values = {"x": 0.1 + 0.2, "y": float("nan"), "z": -1e-300, "w": float("inf")}
    store.save(address, Entry(values, {"fired": 3}))
    back = store.load(address)
    assert {k: v for k, v in back.values.items() if v == v} == {k: v for k, v in values.items() if v == v}
    assert back.values["y"] != back.values["y"]
    assert back.facts == {"fired": 3}


_RUN = """
import os, signal, sys, time
sys.path[:0] = {paths!r}
import engine_examples
from pathlib import Path
import torch
torch.set_num_threads(1)
from causal_claims.claims.effects import Cell
from causal_claims.engine.engine import Engine
from causal_claims.engine.settings import Settings
from causal_claims.interventions.catalogue import ablate
from causal_claims.metrics.metric import Metric
from causal_claims.models import ModelSpec, Registry
from causal_claims.sites import Head
import causal_claims.metrics

m = Metric("logit_diff", over="engine_mixed")
cells = [Cell(m), *(Cell(m, ablate(Head(l, h))) for l in range(3) for h in range(4))]
registry = Registry({{"m": ModelSpec("m", "gpt2", "x", path={model!r})}})
folder = Path({folder!r})
loaded = Engine(registry, Settings()).loaded("m")

def run(cache):
    engine = Engine(registry, Settings(cache=folder / cache, cross_examined=0, noise=False, row_tokens=20))
    engine._held["m", "float32"] = loaded
    found = engine.measure("m", cells)
    return repr([(str(c), [v.hex() for v in found[c].values], found[c].receipt) for c in cells])

def child(cache, out):
    pid = os.fork()
    if pid == 0:
        (folder / out).write_text(run(cache))
        os._exit(0)
    return pid

begun = time.perf_counter()
os.waitpid(child("whole", "whole.txt"), 0)
length = time.perf_counter() - begun
for kill in range(10):
    pid = child("cut", "cut.txt")
    time.sleep(length * (kill + 0.5) / 12)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
parts = len(list((folder / "cut").rglob("*.json")))
both = [child("cut", f"both{{i}}.txt") for i in range(2)]
for pid in both:
    os.waitpid(pid, 0)
print(parts, *[(folder / f"both{{i}}.txt").read_text() == (folder / "whole.txt").read_text() for i in range(2)])
"""


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_bits(tmp_path, checkpoints):
    """SIGKILL ten times, a little later each time, then two processes at once; an undisturbed run gives the same."""
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "plugin")]
    script = tmp_path / "run.py"
    script.write_text(_RUN.format(paths=paths, model=str(checkpoints["gpt2"]), folder=str(tmp_path)))
    run = subprocess.run([sys.executable, "-W", "ignore", str(script)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr[-2000:]
    parts, *same = run.stdout.split()
    assert int(parts) > 0
    assert same == ["True", "True"]
