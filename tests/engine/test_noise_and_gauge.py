"""The noise floor, the gauge, and the control for the norm."""

import engine_examples as made
import numpy as np
import pytest
import torch
from causal_claims.claims.effects import Cell
from causal_claims.engine.engine import Engine
from causal_claims.engine.gauge import gauge_shift, rewritten
from causal_claims.engine.noise import cheapest
from causal_claims.engine.settings import Settings
from causal_claims.interventions.catalogue import ablate
from causal_claims.metrics.metric import Metric
from causal_claims.sites import Head

M = Metric("logit_diff", over="engine_mixed")


def test_float32_is_quiet_and_bfloat16_is_not(registry):
    floors = {}
    for dtype in ("float32", "bfloat16"):
        engine = Engine(registry, Settings(dtype=dtype, cross_examined=0))
        floors[dtype] = engine.measure("llama", [Cell(M), Cell(M, ablate(Head(0, 0)))])[Cell(M)].noise_floor
    assert 0 < floors["float32"] < 1e-5
    assert 1e-3 < floors["bfloat16"] < 0.5


def test_the_cheapest_arithmetic_within_a_tenth_of_the_margin():
    floors = {"bfloat16": 0.03, "float16": 0.002, "float32": 1e-6}
    assert [cheapest(floors.__getitem__, margin) for margin in (1.0, 0.1, 0.01)] == ["bfloat16", "float16", "float32"]


@pytest.mark.parametrize("family", ["gpt2", "mistral", "qwen2", "gpt_neox"])
def test_r_v_moves_with_the_basis_and_its_twin_does_not(registry, family):
    engine = Engine(registry, Settings())
    shape = {"late": 2, "early": 0, "window": 4, "over": "engine_mixed"}
    assert gauge_shift(engine, family, M) < 1e-4
    assert gauge_shift(engine, family, Metric("r_v", **shape)) > 0.01
    assert gauge_shift(engine, family, Metric("r_v_written", **shape)) < 1e-4


def test_the_rewritten_model_says_the_same_and_the_first_is_untouched(registry):
    loaded = Engine(registry, Settings()).loaded("llama")
    ids = torch.tensor([loaded.tokens.prompt("the cat is over the dog", "x")])
    with torch.no_grad():
        before = loaded.hf_model(ids).logits
        other = rewritten(loaded).hf_model(ids).logits
        assert torch.equal(loaded.hf_model(ids).logits, before)
    torch.testing.assert_close(other, before, atol=1e-4, rtol=1e-4)


def test_a_random_write_has_the_norm_of_what_it_replaces(registry):
    from causal_claims.engine.delivery import SiteRun
    from causal_claims.engine.tokens import pad

    loaded = Engine(registry, Settings()).loaded("llama")
    rows = made.mixed()[:2]
    batch = pad([[1, 2, 3], [4, 5]], "cpu")
    run = SiteRun(Head(1, 2), loaded.map, batch, rows, (0, 1), None, None)
    z = torch.randn(2, 3, loaded.map.d_head)
    assert torch.equal(run.random_like(z, 0), z * 0)
    np.testing.assert_allclose(run.extra.norm(dim=-1), (z @ loaded.map.o(1, 2)).norm(dim=-1), rtol=1e-5)
