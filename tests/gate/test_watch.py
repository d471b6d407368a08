"""Checkpoints as they arrive: whole ones only, in order of their steps, each once."""

import json
import os
import time

from causal_claims.gate.arrivals import MARK, arrivals
from shop import Shop


def checkpoint(folder, name, files=("config.json", "model.safetensors"), index=()):
    place = folder / name
    place.mkdir(parents=True)
    for file in files:
        (place / file).write_bytes(TENSORS if file.endswith(".safetensors") else b"{}")
    if index:
        (place / "model.safetensors.index.json").write_text(
            json.dumps({"weight_map": {str(i): f for i, f in enumerate(index)}})
        )


HEADER = json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
TENSORS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(16)


def names(folder, reports, settle=0.0):
    return [one.name for one in arrivals(folder, reports, settle)]


def test_steps_are_in_the_order_of_their_numbers(tmp_path):
    for step in (1000, 900, 20):
        checkpoint(tmp_path, f"step-{step}")

    assert names(tmp_path, tmp_path / "r") == ["step-20", "step-900", "step-1000"]


def test_what_is_not_whole_waits(tmp_path):
    checkpoint(tmp_path, "no-weights", files=("config.json",))
    checkpoint(tmp_path, "no-config", files=("model.safetensors",))
    checkpoint(tmp_path, "shard-missing", ("config.json", "a.safetensors"), index=("a.safetensors", "b.safetensors"))
    checkpoint(
        tmp_path, "shards", ("config.json", "a.safetensors", "b.safetensors"), index=("a.safetensors", "b.safetensors")
    )
    (tmp_path / "notes.txt").write_text("")

    assert names(tmp_path, tmp_path / "r") == ["shards"]


def test_what_is_still_being_written_waits(tmp_path):
    checkpoint(tmp_path, "step-1")
    assert names(tmp_path, tmp_path / "r", settle=60) == []

    then = time.time() - 120
    for file in (tmp_path / "step-1").iterdir():
        os.utime(file, (then, then))
    assert names(tmp_path, tmp_path / "r", settle=60) == ["step-1"]


def test_weights_cut_short_wait_however_long_nothing_is_written(tmp_path):
    checkpoint(tmp_path, "step-1")
    (tmp_path / "step-1/model.safetensors").write_bytes(TENSORS[:-1])
    assert names(tmp_path, tmp_path / "r") == []

    (tmp_path / "step-1/model.safetensors").write_bytes(TENSORS)
    assert names(tmp_path, tmp_path / "r") == ["step-1"]


def test_a_mistake_ends_the_watch_and_marks_nothing(tmp_path):
    shop = Shop.open(tmp_path, "unchanged")
    shop.keep()

    assert shop.sh("causal-claims watch tables --baseline mian --once --settle 0").code == 4
    assert shop.sh("causal-claims watch tables --baseline main --once --settle 0").code == 0


def test_each_is_gated_once(tmp_path):
    checkpoint(tmp_path / "in", "step-1")
    (tmp_path / "r/step-1").mkdir(parents=True)
    (tmp_path / "r/step-1" / MARK).write_text("{}")

    assert names(tmp_path / "in", tmp_path / "r") == []


def test_a_checkpoint_takes_the_place_of_a_key(tmp_path):
    checkpoint(tmp_path, "step-1")
    (one,) = arrivals(tmp_path, tmp_path / "r", 0)

    assert one.options("toy") == ["-m", "toy", "--claims-model", f"toy={tmp_path / 'step-1'}"]


def test_watch_gates_what_is_there_and_ends_with_the_worst(tmp_path):
    shop = Shop.open(tmp_path, "unchanged", "moved")
    shop.keep()
    found = shop.sh("causal-claims watch tables --baseline main --once --settle 0")
    moved = json.loads((tmp_path / "reports/watch/moved" / MARK).read_text())

    assert found.code == 10, found.text
    assert "moved: exit code 10, REGRESSION" in found.text
    assert "unchanged: exit code 0, may go on" in found.text
    assert moved["exit_code"] == 10
    assert "mechanism moved" in moved["lines"][0]
    assert (tmp_path / "reports/watch/moved/junit.xml").exists()
    again = shop.sh("causal-claims watch tables --baseline main --once --settle 0")
    assert (again.code, again.text) == (0, "")


def test_a_checkpoint_without_a_key_is_a_sentence(tmp_path):
    shop = Shop.open(tmp_path)
    checkpoint(tmp_path / "in", "step-1")
    found = shop.sh("causal-claims watch in --baseline main --once --settle 0")

    assert found.code == 4
    assert "say with --model KEY whose place it takes" in found.text
