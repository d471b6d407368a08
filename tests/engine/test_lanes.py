"""Batches that run beside one another, a thread each, give the numbers of batches that run one after the other."""

import threading

import engine_examples  # noqa: F401  (declares the sets of examples)
import numpy as np
import pytest
import torch
from causal_claims.claims.effects import Cell
from causal_claims.engine.chunk import Chunk
from causal_claims.engine.engine import Engine
from causal_claims.engine.lanes import beside
from causal_claims.engine.settings import Settings
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import OPERATIONS, operation
from causal_claims.metrics.metric import Metric
from causal_claims.sites import Head, Stage
from test_paths_agree import CONDITIONS, METRICS, QUIET

M = Metric("logit_diff", over="engine_mixed")


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def lanes(monkeypatch):
    """As if these small models were worth a thread."""
    monkeypatch.setattr("causal_claims.engine.budget.LANE_WORK", 0)


@pytest.fixture
def declared():
    """Operations declared in a test are forgotten after it."""
    before = dict(OPERATIONS)
    yield
    OPERATIONS.clear()
    OPERATIONS.update(before)


def measure(registry, family, cells, **options):
    return Engine(registry, Settings(**{**QUIET, "row_tokens": 70, **options})).measure(family, cells)


def names(monkeypatch):
    """The threads that measured a batch."""
    seen, batch = set(), Chunk._batch

    def noted(self, *given):
        seen.add(threading.current_thread().name)
        yield from batch(self, *given)

    monkeypatch.setattr(Chunk, "_batch", noted)
    return seen


@pytest.mark.parametrize("family", ["gpt2", "mistral"])
def test_the_same_numbers_beside_one_another_and_in_turn(registry, family, monkeypatch):
    cells = [Cell(metric, condition) for metric in METRICS for condition in CONDITIONS]
    in_turn = measure(registry, family, cells)
    seen = names(monkeypatch)
    monkeypatch.setattr("causal_claims.engine.budget.LANE_WORK", 0)
    together = measure(registry, family, cells)
    assert len({name for name in seen if name.startswith("lane")}) > 1
    for cell in cells:
        np.testing.assert_allclose(together[cell].values, in_turn[cell].values, atol=1e-6, rtol=1e-6, err_msg=str(cell))
        if cell.condition.steps:
            ours, theirs = together[cell].receipt, in_turn[cell].receipt
            assert ours.fault is None
            assert (ours.fired, ours.changed) == (theirs.fired, pytest.approx(theirs.changed, rel=1e-5))


def test_a_lane_has_one_thread_and_the_others_keep_theirs():
    assert beside(lambda _: torch.get_num_threads(), range(3)) == [1, 1, 1]
    assert torch.get_num_threads() == 3
    fresh = []
    one = threading.Thread(target=lambda: fresh.append(torch.get_num_threads()))
    one.start()
    one.join()
    assert fresh == [3]


def test_a_body_that_draws_from_the_one_generator_draws_the_same(registry, lanes, declared, monkeypatch):
    @operation(writes={Head: Stage.Z})
    def drawn(z, run, *, seed=0):
        torch.manual_seed(seed)
        return sum(torch.randn(z.shape[-1]) for _ in range(50)).expand_as(z)

    cells = [Cell(M, drawn(Head(layer, head), seed=head)) for layer in range(3) for head in range(4)]
    together = measure(registry, "llama", cells)
    monkeypatch.setattr("causal_claims.engine.budget.LANE_WORK", 1e30)
    in_turn = measure(registry, "llama", cells)
    for cell in cells:
        np.testing.assert_allclose(together[cell].values, in_turn[cell].values, atol=1e-6)


def test_memory_that_is_out_in_one_lane_loses_nothing(registry, lanes, monkeypatch):
    cells = [Cell(M, condition) for condition in CONDITIONS]
    quiet = measure(registry, "gpt2", cells)
    batch, failed = Chunk._batch, []

    def hungry(self, start, conditions, *rest):
        if threading.current_thread().name.startswith("lane") and not failed:
            failed.append(conditions)
            raise torch.OutOfMemoryError("injected")
        yield from batch(self, start, conditions, *rest)

    monkeypatch.setattr(Chunk, "_batch", hungry)
    found = measure(registry, "gpt2", cells)
    assert failed
    for cell in cells:
        np.testing.assert_allclose(found[cell].values, quiet[cell].values, atol=1e-5)
        if cell.condition.steps:
            assert found[cell].receipt.fault is None
            assert found[cell].receipt.fired == quiet[cell].receipt.fired


def test_a_body_that_fails_in_a_lane_fails_only_its_cell(registry, lanes, declared):
    @operation(writes={Head: Stage.Z})
    def broken(z, run):
        raise ClaimsError("this body cannot")

    good = [Cell(M, condition) for condition in CONDITIONS[1:6]]
    bad = Cell(M, broken(Head(0, 2)))
    found = measure(registry, "gpt2", [*good, bad])
    assert "this body cannot" in str(found[bad])
    assert all(np.isfinite(found[cell].values).all() for cell in good)
