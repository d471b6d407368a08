"""Ray with two local nodes: one load for all workers and runs, the single run's ledger, and a lost node costs nothing."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from causal_claims.engine import cluster as cluster_engine
from causal_claims.engine.settings import Settings
from causal_claims.engine.store import Store
from causal_claims.errors import NotRunError
from causal_claims.models import ModelSpec, Registry
from checkpoints import WORDS
from small_suites import RECORDED, Suite, differences, live, loads, recorded
from suite import PLUGIN, claim_file, raises
from two_nodes import two_nodes

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed (extra `ray`)")


@pytest.mark.parametrize("text", ["dask", "ray://", "ray:x"])
def test_an_unknown_executor_is_a_sentence(tmp_path, text):
    run = recorded(1).run_here(tmp_path, *RECORDED, f"--claims-executor={text}")

    assert run.code == 4
    assert "ray://HOST:PORT" in run.text


def test_without_ray_a_run_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    suite = Suite(
        {
            "models.yaml": f"m: {{family: gpt2, id: a/b, path: {tmp_path}, layers: 4, heads: 4, kv_heads: 4}}\n",
            "test_x.py": claim_file(raises(0, "up"), extra="pytestmark = pytest.mark.m\n").replace(
                "'x'", "'logit_diff', over='x'"
            ),
        }
    )
    run = suite.run_here(tmp_path, "--claims-executor=ray", "-rs")

    assert "pytest-causal-claims[ray]" in run.text
    assert run.outcomes == {"up": "NOT RUN"}


@pytest.mark.parametrize(("gigabytes", "cards"), [(None, 1), (75, 1), (150, 2), (151, None)])
def test_a_model_takes_cards_by_its_size_and_one_that_no_node_holds_is_refused(monkeypatch, gigabytes, cards):
    nodes = [{"Alive": alive, "Resources": {"GPU": count}} for alive, count in ((True, 1.0), (True, 2.0), (False, 8.0))]
    monkeypatch.setattr(cluster_engine, "connect", lambda _: SimpleNamespace(nodes=lambda: nodes))
    spec = ModelSpec("m", "llama", "x", layers=8, heads=8, kv_heads=8, min_memory_gb=gigabytes)
    engine = cluster_engine.ClusterEngine(Registry({"m": spec}), Settings(device="auto"), None)

    if cards is None:
        with pytest.raises(NotRunError, match=r"needs 3 cards of one node .* largest node of the cluster has 2"):
            engine._cards(spec)
    else:
        assert engine._cards(spec) == cards


TESTS = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if "/tests" in p)}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with two_nodes(tmp_path_factory.mktemp("cluster") / "log.txt", TESTS) as found:
        yield found


@pytest.mark.slow
@needs_ray
def test_workers_and_runs_share_a_load_and_a_lost_node_costs_nothing(cluster, tmp_path):
    address = cluster.address
    suite = live(tmp_path, models=1)
    alone = suite.run_here(tmp_path / "alone", "-q", "--claims-cache=off")
    options = ("-q", f"--claims-executor=ray://{address}")
    first = suite.run(tmp_path / "first", *options, f"--claims-cache={tmp_path}/store", workers=2)

    assert first.code == alone.code == 1, first.text
    assert differences(tmp_path / "first" / "reports", tmp_path / "alone" / "reports") == []
    assert loads(tmp_path / "first") == {}  # no process of the run loads a model
    assert len(list(Store(tmp_path / "store"))) == 37  # what the actor measured streams into the store
    assert actors(address) == ["m0"]

    cluster.kill()
    second = suite.run(tmp_path / "second", *options, f"--claims-cache={tmp_path}/store")
    assert second.code == 1, second.text
    assert differences(tmp_path / "second" / "reports", tmp_path / "alone" / "reports") == []
    assert actors(address) == ["m0"]  # the actor of the first run


@pytest.mark.slow
@needs_ray
def test_nodes_lost_in_the_middle_of_a_run_cost_nothing(cluster, tmp_path):
    """Two nodes are taken away under a run: while its actors load their models, and after the first cells."""
    address = cluster.address
    suite = live(tmp_path, models=3, rows=14)
    alone = suite.run_here(tmp_path / "alone", "-q", "--claims-cache=off")
    place = suite.written(tmp_path / "run")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-n", "2"]
    running = subprocess.Popen(
        [*command, f"--claims-executor=ray://{address}", f"--claims-cache={tmp_path}/store"], cwd=place, text=True,
        env={**os.environ, "PYTHONPATH": str(PLUGIN)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    blows = 0
    for ready in (lambda: len(actors(address)) > 1, lambda: list(Store(tmp_path / "store"))):
        while running.poll() is None and not ready():
            time.sleep(0.05)
        blows += running.poll() is None
        cluster.kill()
    text, _ = running.communicate(timeout=200)

    assert blows >= 1
    assert running.returncode == alone.code == 1, text
    assert differences(place / "reports", tmp_path / "alone" / "reports") == []
    assert loads(place) == {}


PICKED = """
import pytest
from causal_claims import *
from causal_claims.examples import Example, example_set

@example_set("spanned")
def spanned():
    return [Example(f"t{i}", " ".join(["the", WORDS[i], WORDS[i + 9], "is"]), fields={"target": " Paris", "foil": " Berlin", "needle": WORDS[i + 9]}) for i in range(16)]

FOUND = Pick("summed_attention", over="spanned", top=3)
X = Metric("logit_diff", over="small12")

@pytest.mark.m0
@pytest.mark.parametrize("claim", [picked(lambda heads: negligible(X, by=ablate(*heads["all"][:2]), within=9.0, id="found"), FOUND)])
def test_it(claim, holds):
    assert holds(claim)
"""


@pytest.mark.slow
@needs_ray
def test_heads_are_found_where_the_model_lies(cluster, tmp_path):
    suite = live(tmp_path, models=1).with_file("test_x.py", f"WORDS = {WORDS!r}\n{PICKED}")
    alone = suite.run_here(tmp_path / "alone", "-q", "--claims-cache=off")
    run = suite.run(tmp_path / "run", "-q", f"--claims-executor=ray://{cluster.address}", "--claims-cache=off")

    assert run.code == alone.code == 0, run.text
    assert run.outcomes == {"found": "SUPPORTED"}
    assert differences(tmp_path / "run" / "reports", tmp_path / "alone" / "reports") == []


@pytest.mark.slow
@needs_ray
def test_more_models_than_the_cluster_has_room_for_take_turns(tmp_path):
    """A node holds one of these models: the third waits until another leaves."""
    suite = live(tmp_path, models=3)
    suite = suite.with_file(
        "models.yaml", suite.files["models.yaml"].replace("layers: 3", "min_memory_gb: 1, layers: 3")
    )
    alone = suite.run_here(tmp_path / "alone", "-q", "--claims-cache=off")
    with two_nodes(tmp_path / "log.txt", TESTS, memory_gb=1.5) as small:
        run = suite.run(tmp_path / "run", "-q", f"--claims-executor=ray://{small.address}", "--claims-cache=off")
        assert run.code == alone.code == 1, run.text
        assert differences(tmp_path / "run" / "reports", tmp_path / "alone" / "reports") == []
        held = actors(small.address)

    assert len(held) == 2
    assert "m2" in held


ACTORS = """
import sys
from causal_claims.engine.cluster import connect
ray = connect(sys.argv[1])
from ray.util import list_named_actors
print("ACTORS", *sorted(one["name"].partition("-")[0] for one in list_named_actors(all_namespaces=True)))
"""


def actors(address):
    """The models that the cluster's actors hold."""
    command = [sys.executable, "-c", ACTORS, address]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(PLUGIN)}, check=True
    )
    (found,) = (line for line in done.stdout.splitlines() if line.startswith("ACTORS"))  # Ray may talk between
    return found.split()[1:]


@needs_ray
@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere"])
def test_an_address_where_no_cluster_answers_is_a_sentence(tmp_path, address):
    suite = live(tmp_path, models=1)
    run = suite.run_here(tmp_path / "r", "-q", "-rs", f"--claims-executor=ray://{address}")

    assert {one["outcome"] for one in run.records} == {"NOT RUN"}, run.text
    assert "no Ray cluster answers" in run.text
