"""Receipts: interventions that never fire, change nothing, stay behind or tamper are found out."""

import engine_examples as made  # noqa: F401  (declares the examples)
import numpy as np
import pytest
import torch
from causal_claims.claims.effects import Cell
from causal_claims.engine.engine import Engine
from causal_claims.engine.settings import Settings
from causal_claims.interventions.catalogue import ablate
from causal_claims.interventions.intervention import operation
from causal_claims.measurements import Measurement
from causal_claims.metrics.metric import Metric, metric
from causal_claims.sites import Head, Stage

M = Metric("logit_diff", over="engine_mixed")


@pytest.fixture
def engine(registry):
    return Engine(registry, Settings(cross_examined=1, noise=False, cross_examples=2))


def test_a_receipt_names_the_columns_and_counts(engine):
    found = engine.measure("mistral", [Cell(M, ablate(Head(1, 3)))])[Cell(M, ablate(Head(1, 3)))]
    assert found.receipt.sites == ("L1.H3 -> o_proj input columns 24:32, KV head 1",)
    assert (found.receipt.fired, found.receipt.expected, found.receipt.removed) == (7, 7, True)
    assert found.facts["cross_examined"].startswith("agrees")


def test_a_body_that_changes_nothing_is_found_out(engine):
    @operation(writes={Head: Stage.Z})
    def idle(value, run):
        return value

    found = engine.measure("gpt2", [Cell(M, idle(Head(0, 0)))])[Cell(M, idle(Head(0, 0)))]
    assert found.receipt.fault == "the hook changed nothing"


def test_an_intervention_in_decoding_never_fires_on_a_prompt(engine):
    cell = Cell(M, ablate(Head(0, 0), during="decode"))
    assert "fired 0 times" in engine.measure("gpt2", [cell])[cell].receipt.fault


def test_a_hook_left_behind_is_found_out(engine):
    model = engine.loaded("gpt2").hf_model
    handles = []

    @operation(writes={Head: Stage.Z})
    def litter(value, run):
        handles.append(model.transformer.h[0].attn.c_proj.register_forward_hook(lambda *args: None))
        return value * 0

    cell = Cell(M, litter(Head(0, 0)))
    try:
        assert "not removed" in engine.measure("gpt2", [cell])[cell].receipt.fault
    finally:
        for handle in handles:
            handle.remove()


def test_an_operation_that_disagreed_once_is_looked_at_on_every_set(engine, monkeypatch):
    """One that agreed is not, where another cell of the set is."""
    from causal_claims.engine.site_run import SiteRun

    right, seen = SiteRun.random_like, []

    def random_like(self, value, seed, sign=1.0):
        found = right(self, value, seed, sign)
        if type(self.live).__module__.endswith("hooks"):  # the reference path
            seen.append(len(self.examples))
            return found + (seed == 1)
        return found

    monkeypatch.setattr(SiteRun, "random_like", random_like)
    sound, wrong = (ablate(Head(0, 0), how="random", seed=seed) for seed in (0, 1))
    for over, count in (("engine_mixed", 2), ("engine_many", 1)):
        cells = [Cell(M.on(over), condition) for condition in (ablate(Head(0, 0)), wrong)]
        found = engine.measure("gpt2", cells)
        assert found[cells[1]].facts["cross_examined"].startswith("disagrees"), over
        assert found[cells[0]].facts["cross_examined"].startswith("agrees"), over
        assert len(seen) == count
        seen.clear()
    engine.measure("llama", [Cell(M.on("engine_mixed"), condition) for condition in (ablate(Head(0, 0)), sound)])
    seen.clear()
    engine.measure("llama", [Cell(M.on("engine_many"), condition) for condition in (ablate(Head(0, 0)), sound)])
    assert not seen


def test_weights_changed_on_the_way_are_found_out(engine):
    model = engine.loaded("gpt2").hf_model

    @operation(writes={Head: Stage.Z})
    def vandal(value, run):
        model.transformer.h[2].mlp.c_fc.bias.data += 0.1
        return value * 0

    cell = Cell(M, vandal(Head(0, 0)))
    assert not engine.measure("gpt2", [cell])[cell].receipt.removed


def test_a_disagreement_of_the_paths_is_written_down(registry, monkeypatch):
    from causal_claims.engine.network import Network

    engine = Engine(registry, Settings(noise=False))
    right = Network.mlp
    monkeypatch.setattr(Network, "mlp", lambda self, layer, read, resid: right(self, layer, read, resid) * 1.01)
    found = engine.measure("llama", [Cell(M), Cell(M, ablate(Head(0, 0)))])
    assert all(one.facts["cross_examined"].startswith("disagrees") for one in found.values())


def test_the_model_is_left_bit_equal_to_plain_transformers(engine, registry):
    from transformers import AutoModelForCausalLM

    cells = [Cell(M, ablate(Head(layer, 0))) for layer in range(3)]
    for family in registry.models:
        engine.measure(family, cells)
        loaded = engine.loaded(family)
        ids = torch.tensor([loaded.tokens.prompt("the cat is over the dog", "a prompt")])
        plain = AutoModelForCausalLM.from_pretrained(registry[family].path).eval()
        with torch.no_grad():
            assert torch.equal(loaded.hf_model(ids).logits, plain(ids).logits)


def test_a_new_metric_and_a_new_intervention_are_a_few_lines(engine):
    @operation(writes={Head: Stage.Z})
    def flip(z, run):
        return -z

    @metric(low=0, needs=("target", "foil"))
    def margin(run):
        return (run.logit("target") - run.logit("foil")).abs()

    cell = Cell(Metric("margin", over="engine_mixed"), flip(Head(0, 1)))
    found = engine.measure("gpt2", [cell])[cell]
    assert isinstance(found, Measurement)
    assert found.receipt.fault is None
    assert found.facts["cross_examined"].startswith("agrees")
    assert np.all(found.values >= 0)


def test_a_metric_is_examined_on_its_first_set_and_sampled_on_the_next(engine):
    by = ablate(Head(0, 0))
    first, second = (
        engine.measure("gpt2", [Cell(M.on(over), by)])[Cell(M.on(over), by)] for over in ("engine_mixed", "engine_many")
    )

    assert "on 2 examples" in first.facts["cross_examined"]
    assert "agrees" in second.facts["cross_examined"]
    assert "on 1 examples" in second.facts["cross_examined"]
