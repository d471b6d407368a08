"""Faults, one at a time: a sentence, an exit code, everything measured kept, and the next run goes on."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from causal_claims.engine import chunk
from causal_claims.engine.fast import FastPath
from causal_claims.engine.places import Folder
from causal_claims.engine.store import Store
from small_suites import differences, live, loads, records
from suite import PLUGIN

pytestmark = pytest.mark.slow  # each is a run of its own
CELLS = 37  # the baseline, twelve heads and two controls for the norm of each
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """One small model, twelve heads, twelve claims."""
    return live(tmp_path_factory.mktemp("checkpoints"), models=1)


@pytest.fixture(scope="module")
def sound(suite, tmp_path_factory):
    """The run without any fault."""
    run = suite.run_here(tmp_path_factory.mktemp("sound"), "-q", "--claims-cache=off")
    assert run.code == 1
    assert len(run.records) == 12
    return run


@pytest.fixture
def passes(monkeypatch):
    """Conditions measured so far; `at` and `error`: what happens when so many have been."""
    counted = Counting()
    real = FastPath.parts

    def parts(self, task):
        if task.known.__name__ != "known":  # the instrument looks at itself
            yield from real(self, task)
            return
        for part in real(self, task):
            if counted.error is not None and len(counted.seen) == counted.at:
                raise counted.error
            counted.seen.append(str(part.condition))
            yield part

    monkeypatch.setattr(FastPath, "parts", parts)
    return counted


class Counting:
    def __init__(self):
        self.seen, self.at, self.error = [], 0, None


def same(run, sound):
    return differences(run.folder / "reports", sound.folder / "reports") == []


# --- memory


def test_a_card_that_runs_out_of_memory_measures_in_smaller_batches(suite, sound, tmp_path, monkeypatch):
    real, refused = chunk.Chunk._batch, []

    def batch(self, start, conditions, clean, readout):
        if len(conditions) * len(self.rows) > 6:
            refused.append(len(conditions))
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        yield from real(self, start, conditions, clean, readout)

    monkeypatch.setattr(chunk.Chunk, "_batch", batch)
    run = suite.run_here(tmp_path, "-q", "--claims-cache=off")

    assert refused
    assert same(run, sound)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"
        ),
        MemoryError(),
    ],
    ids=["card", "host", "python"],
)
def test_one_prompt_that_does_not_fit_is_not_run_with_a_sentence(suite, tmp_path, monkeypatch, error):
    def never(self):
        raise error
        yield

    monkeypatch.setattr(chunk.Chunk, "parts", never)
    run = suite.run_here(tmp_path, "-q", "--claims-cache=off", "--claims-gate")

    assert run.code == 11
    assert {one["outcome"] for one in run.records} == {"NOT RUN"}
    assert "does not fit the memory" in run.records[0]["reason"]
    assert "Traceback" not in run.text


def test_weights_that_do_not_fit_are_tried_once_and_not_run(suite, tmp_path, monkeypatch):
    def to(self, *_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 140.00 GiB")

    monkeypatch.setattr(torch.nn.Module, "to", to)
    run = suite.run_here(tmp_path, "-q", "--claims-cache=off")

    assert {one["outcome"] for one in run.records} == {"NOT RUN"}
    assert "its weights do not fit" in run.records[0]["reason"]
    assert sum(loads(tmp_path).values()) == 1


# --- the store


def test_a_full_disk_costs_no_verdict_and_the_next_run_keeps_everything(suite, sound, tmp_path, monkeypatch, passes):
    real, written = Folder.write, []

    def write(self, name, content):
        written.append(name)
        if len(written) > 3:
            raise FULL
        real(self, name, content)

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write", write)
        run = suite.run_here(tmp_path, "-q")
    assert run.code == 11
    assert run.text.count("No space left on device") == 1
    assert run.ledger["run"]["incomplete"]
    assert same(run, sound)
    assert len(written) == 4  # it does not try a full disk again and again

    passes.seen.clear()
    again = suite.run_here(tmp_path, "-q")
    assert again.code == 1
    assert len(passes.seen) == CELLS
    assert same(again, sound)
    passes.seen.clear()
    third = suite.run_here(tmp_path, "-q")
    assert third.code == 1
    assert passes.seen == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_is_really_full(suite, sound, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        run = suite.run_here(tmp_path / "r", "-q", f"--claims-cache={disk}/store")
        assert run.code == 11
        assert "No space left on device" in run.text
        assert same(run, sound)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_reports_that_do_not_fit_leave_the_old_ledger_whole(suite, tmp_path, monkeypatch):
    first = suite.run_here(tmp_path, "-q")
    before = (tmp_path / "reports" / "claims.json").read_bytes()

    def full(path, text):
        raise FULL

    monkeypatch.setattr("causal_claims.pytest_plugin.files.write_whole", full)
    run = suite.run_here(tmp_path, "-q")

    assert first.code == 1
    assert run.code != 0
    assert "could not be written" in run.text
    assert (tmp_path / "reports" / "claims.json").read_bytes() == before


def test_a_corrupted_store_is_found_said_and_measured_again(suite, sound, tmp_path, passes):
    suite.run_here(tmp_path, "-q")
    store = Store(tmp_path / ".claims-cache")
    names = list(store)
    assert len(names) == CELLS
    for name in names[::3]:
        path = tmp_path / ".claims-cache" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 16
        path.write_bytes(bytes(content))
    passes.seen.clear()
    run = suite.run_here(tmp_path, "-q")

    assert "13 damaged files" in run.text
    assert "measured again" in run.text
    assert 13 <= len(passes.seen) <= CELLS  # whole batches, so that no number depends on what was known
    assert same(run, sound)
    assert "damaged" not in suite.run_here(tmp_path, "-q").text


def test_a_network_folder_that_goes_away_in_the_middle(suite, sound, tmp_path, monkeypatch):
    real, written = Folder.write, []

    def write(self, name, content):
        written.append(name)
        if len(written) == 5:  # the mount is gone: what was a folder is none any more
            shutil.rmtree(self.root)
            self.root.write_text("")
        real(self, name, content)

    monkeypatch.setattr(Folder, "write", write)
    run = suite.run_here(tmp_path, "-q", f"--claims-cache={tmp_path}/net")

    assert run.code == 11
    assert "the store of measurements cannot be written" in run.text
    assert same(run, sound)


def test_a_network_folder_that_is_stale_from_the_start(suite, sound, tmp_path, monkeypatch):
    def stale(self, name):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(Folder, "read", stale)
    run = suite.run_here(tmp_path, "-q", f"--claims-cache={tmp_path}/net/store")

    assert run.code == 11
    assert "the store of measurements cannot be read" in run.text
    assert same(run, sound)


# --- weights


def damaged(suite, folder, change):
    """The suite on a second model whose weights were changed."""
    entry = suite.files["models.yaml"].strip()
    place = entry.partition("path: ")[2].partition(",")[0]
    shutil.copytree(place, folder)
    change(folder / "model.safetensors")
    other = entry.replace("m0:", "m1:").replace(f"path: {place},", f"path: {folder},")
    return suite.with_file("models.yaml", f"{entry}\n{other}\n")


def test_truncated_weights_are_an_error_and_the_other_model_is_judged(suite, sound, tmp_path):
    both = damaged(suite, tmp_path / "cut", lambda path: os.truncate(path, path.stat().st_size - 1000))
    run = both.run_here(tmp_path / "r", "-q")

    assert run.code == 1
    assert "is truncated: its header promises" in run.text
    by_model = {one["model"]: one["outcome"] for one in run.records}
    assert by_model["m1"] == "ERROR"
    assert by_model["m0"] != "ERROR"
    assert [one for one in records(tmp_path / "r" / "reports") if one["model"] == "m0"]


def test_nan_in_the_middle_of_a_model_is_never_a_verdict(suite, tmp_path):
    def spoil(path):
        from safetensors.torch import load_file, save_file

        weights = load_file(path)
        weights["transformer.h.1.mlp.c_fc.weight"][3, 5] = float("nan")
        save_file(weights, path, metadata={"format": "pt"})

    run = damaged(suite, tmp_path / "nan", spoil).run_here(tmp_path / "r", "-q")
    outcomes = {one["outcome"] for one in run.records if one["model"] == "m1"}

    assert run.code == 1
    assert outcomes <= {"INVALID", "ERROR"}
    assert "12 of 12 values" in next(one["reason"] for one in run.records if one["model"] == "m1")
    assert {one["outcome"] for one in run.records if one["model"] == "m0"} & {"SUPPORTED", "REFUTED"}


# --- the run is cut off


def test_an_interrupted_run_keeps_what_it_measured_and_the_next_goes_on(suite, sound, tmp_path, passes):
    passes.at, passes.error = 9, KeyboardInterrupt()
    run = suite.run_here(tmp_path, "-q")
    done = len(passes.seen)

    assert run.code == 2
    assert done == 9
    passes.error = None
    again = suite.run_here(tmp_path, "-q")
    assert again.code == 1
    assert done < len(passes.seen) < done + CELLS
    assert same(again, sound)


DYING = """
import causal_claims.engine.chunk as chunk, os, signal, time
from pathlib import Path
real_batch = chunk.Chunk._batch

def _batch(self, *given):
    yield from real_batch(self, *given)
    died = Path(__file__).with_name("died")
    if os.environ.get("DIES") and not died.exists():
        died.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)

chunk.Chunk._batch = _batch

if os.environ.get("SLOW"):  # long enough between two cells for a signal to fall there
    from causal_claims.engine.store import Store

    real_save = Store.save

    def save(self, *given):
        real_save(self, *given)
        time.sleep(2)

    Store.save = save
"""


def test_ctrl_c_and_a_killed_worker_of_a_parallel_run(suite, sound, tmp_path):
    """SIGINT to the controller, SIGKILL to a worker of the next run, then an undisturbed one, all on one store."""
    suite = suite.with_file("conftest.py", suite.files["conftest.py"] + DYING)
    suite.written(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-n", "2"]
    running = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PLUGIN), "SLOW": "1"}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    until = time.monotonic() + 90
    while not Store(tmp_path / ".claims-cache").kept() and running.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGINT)
    said, _ = running.communicate(timeout=90)
    assert running.returncode == 2, said
    assert Store(tmp_path / ".claims-cache").kept()

    died = suite.run(tmp_path, "-q", "--claims-cache=other", workers=2, environment={"DIES": "1"})
    assert died.code == 11, died.text
    assert died.text.count("crashed while running") >= 1
    assert len(died.ledger["run"]["crashed"]) == 1
    assert len(died.records) == 11

    done = suite.run_here(tmp_path, "-q", "--claims-cache=other")
    assert done.code == 1
    assert differences(tmp_path / "reports", sound.folder / "reports") == []
