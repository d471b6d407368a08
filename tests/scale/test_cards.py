"""Workers and cards: pinned before Python starts, each model loaded once a card, no card idle, and the same ledger for any -n."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace

import pytest
from causal_claims.pytest_plugin.cards import shared
from causal_claims.pytest_plugin.scheduling import ClaimScheduling
from small_suites import RECORDED, Suite, differences, live, loads, recorded


@pytest.mark.parametrize(
    ("cards", "workers", "expected"),
    [
        ("0,1,2,3", 4, ["0", "1", "2", "3"]),
        ("0,1,2,3", 2, ["0,1", "2,3"]),
        ("0,1,2", 2, ["0", "1,2"]),
        ("4,7", 5, ["4", "7", "4", "7", "4"]),
        ("", 2, ["", ""]),
    ],
)
def test_workers_share_the_cards(cards, workers, expected):
    assert shared([one for one in cards.split(",") if one], workers) == expected


SEEN = """
import os
from pathlib import Path

def pytest_configure(config):
    if hasattr(config, "workerinput"):
        name = config.workerinput["workerid"]
        Path(__file__).with_name(f"saw-{name}.txt").write_text(os.environ.get("CUDA_VISIBLE_DEVICES", "none"))
"""


def pinned(folder, count, *options, **environment):
    """What each worker saw, on a machine whose driver lists so many cards."""
    tool = folder / "bin" / "nvidia-smi"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\n" + "".join(f"echo 'GPU {i}: a card (UUID: GPU-{i})'\n" for i in range(count)))
    tool.chmod(0o755)
    suite = recorded(1).with_file("conftest.py", SEEN)
    run = suite.run(folder, *RECORDED, *options, environment={"PATH": f"{tool.parent}:/usr/bin:/bin", **environment})
    assert run.code == 1, run.text
    return {path.stem.removeprefix("saw-"): path.read_text() for path in folder.glob("saw-*.txt")}


def test_auto_is_a_worker_for_each_card_and_each_sees_its_own(tmp_path):
    assert pinned(tmp_path, 3, "-n", "auto") == {"gw0": "0", "gw1": "1", "gw2": "2"}


def test_an_outer_list_of_cards_is_respected_and_fewer_workers_get_several(tmp_path):
    assert pinned(tmp_path, 8, "-n", "1", CUDA_VISIBLE_DEVICES="5,3") == {"gw0": "5,3"}


def test_a_run_on_the_processor_pins_nothing(tmp_path):
    assert pinned(tmp_path, 2, "-n", "1", "--claims-device=cpu") == {"gw0": "none"}


# --- the scheduler, on workers that are none


class Worker:
    """Takes tests as xdist's worker does: it holds one back until it knows of another."""

    def __init__(self, name):
        self.name, self.queue, self.shutting_down, self.done = name, [], False, []
        self.gateway = SimpleNamespace(id=name)

    def send_runtest_some(self, indices):
        self.queue += indices

    def shutdown(self):
        self.shutting_down = True

    def __repr__(self):
        return self.name


def ids(models, each):
    return [f"t.py::test_it[m{m}-claim-{i}]" for m in range(models) for i in range(each)]


def simulated(tests, models, workers, seed=0, crash=0.0):
    """Run to the end in a random order of workers; what each ran, and the tests that were running when a worker died."""
    draw = random.Random(seed)
    config = SimpleNamespace(option=SimpleNamespace(loadscopereorder=False), getvalue=lambda _: ["popen"] * workers)
    log = SimpleNamespace(loadscopesched=lambda *_: None)
    schedule = ClaimScheduling(config, log, {f"m{m}" for m in range(models)})
    nodes, dead = [Worker(f"gw{i}") for i in range(workers)], []
    for node in nodes:
        schedule.add_node(node)
        schedule.add_node_collection(node, tests)
    schedule.schedule()
    crashed = []
    while True:
        ready = [one for one in nodes if len(one.queue) > 1 or (one.queue and one.shutting_down)]
        if not ready:
            break
        node = draw.choice(ready)
        if draw.random() < crash:
            crashed.append(schedule.remove_node(node))
            nodes.remove(node)
            dead.append(node)
            fresh = Worker(f"gw{len(crashed) + workers}")
            nodes.append(fresh)
            schedule.add_node(fresh)
            schedule.add_node_collection(fresh, tests)
            schedule.schedule()
            node.queue = []
            continue
        index = node.queue.pop(0)
        node.done.append(tests[index])
        schedule.mark_test_complete(node, index)
        assert all(schedule.assigned_work[node].values()), (
            "what is done is forgotten, or each test costs more than the last"
        )
    return nodes + dead, crashed


def loaded(node):
    """The models in the order in which a worker loads them; it holds one at a time."""
    order = []
    for test in node.done:
        model = test.split("[")[1].split("-")[0]
        if not order or order[-1] != model:
            order.append(model)
    return order


@pytest.mark.parametrize(
    ("models", "workers", "each"), [(20, 4, 500), (3, 3, 48), (1, 4, 200), (5, 2, 30), (2, 8, 100)]
)
def test_no_worker_loads_a_model_twice_and_none_idles(models, workers, each):
    for seed in range(3):
        tests = ids(models, each)
        nodes, _ = simulated(tests, models, workers, seed)
        ran = Counter(test for node in nodes for test in node.done)
        assert ran == Counter(tests)
        orders = [loaded(node) for node in nodes]
        assert all(len(order) == len(set(order)) for order in orders)
        assert sum(map(len, orders)) <= models + 2 * workers
        assert min(len(node.done) for node in nodes) > 0.5 * len(tests) / workers


@pytest.mark.parametrize("seed", range(8))
def test_workers_that_die_at_random_lose_only_the_test_they_were_running(seed):
    tests = ids(4, 60) + [f"t.py::test_plain[a#{i}]" for i in range(10)]
    nodes, crashed = simulated(tests, 4, 3, seed, crash=0.02)
    finished = Counter(test for node in nodes for test in node.done)

    assert crashed
    assert len(set(crashed)) == len(crashed)
    assert set(tests) == {*crashed, *finished}
    assert not set(crashed) & set(finished)
    assert max(finished.values()) == 1


# --- live


@pytest.mark.slow
def test_each_model_is_loaded_once_and_the_ledger_is_that_of_one_process(tmp_path):
    suite = live(tmp_path, models=3)
    alone = suite.run_here(tmp_path / "alone", "--claims-cache=off", "-q")
    together = suite.run(tmp_path / "two", "--claims-cache=off", "-q", workers=2)

    assert alone.code == together.code == 1
    assert sum(loads(tmp_path / "alone").values()) == 3
    found = loads(tmp_path / "two")
    assert max(found.values()) == 1  # a model once on a worker
    assert sum(found.values()) <= 4
    assert [one["node_id"] for one in alone.records] == [one["node_id"] for one in together.records]
    assert differences(tmp_path / "two" / "reports", tmp_path / "alone" / "reports") == []


def test_a_model_that_cannot_be_loaded_is_tried_once(tmp_path, monkeypatch):
    monkeypatch.delenv(
        "PYTEST_XDIST_WORKER", raising=False
    )  # this test may run on a worker; the run inside it does not
    suite = Suite(live(tmp_path, models=1).files)
    broken = suite.with_file("models.yaml", suite.files["models.yaml"].replace("path: ", "path: /nowhere"))
    run = broken.run_here(tmp_path / "r", "-q", "-rs")

    assert loads(tmp_path / "r") == Counter({("m0", "main", "None"): 1})
    assert {one["outcome"] for one in run.records} == {"NOT RUN"}
