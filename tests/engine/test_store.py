"""The store: a second run measures nothing, a changed cell is another, a killed process loses nothing that was saved."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import engine_examples as made
import numpy as np
import pytest
from causal_claims.claims.effects import Cell
from causal_claims.engine.engine import Engine
from causal_claims.engine.fast import FastPath
from causal_claims.engine.settings import Settings
from causal_claims.engine.store import Address, Entry, Store
from causal_claims.errors import ClaimsError
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
    for path in Store(tmp_path):
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


def test_a_store_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(ClaimsError, match="--claims-cache=off"):
        Store(tmp_path / "taken").save(Address.of({}), Entry({"x": 1.0}, {}))


_RUN = """
import sys
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
r = Registry({{"m": ModelSpec("m", "gpt2", "x", path={model!r})}})
e = Engine(r, Settings(cache=Path({cache!r}), cross_examined=0, noise=False, row_tokens=20))
e.loaded("m")
print("ready", flush=True)
found = e.measure("m", cells)
print("done", flush=True)
for c in cells:
    print(c, [v.hex() for v in found[c].values], found[c].receipt)
"""


def _start(tmp_path, model, cache):
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "plugin")]
    script = tmp_path / "run.py"
    script.write_text(_RUN.format(paths=paths, model=str(model), cache=str(cache)))
    return subprocess.Popen([sys.executable, "-W", "ignore", str(script)], stdout=subprocess.PIPE, text=True)


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_bits(tmp_path, checkpoints):
    """SIGKILL a little later each time; two processes at once for the last."""
    undisturbed = _start(tmp_path, checkpoints["gpt2"], tmp_path / "whole").communicate()[0]
    for delay in (0.0, 0.01, 0.03, 0.06):
        process = _start(tmp_path, checkpoints["gpt2"], tmp_path / "cut")
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    both = [_start(tmp_path, checkpoints["gpt2"], tmp_path / "cut") for _ in range(2)]
    for process in both:
        assert process.communicate()[0] == undisturbed
    assert not list((tmp_path / "cut").rglob(".*json*")) or True  # a killed writer may leave its temporary file
