"""The noise floor, the gauge, and the control for the norm."""

import engine_examples as made
import numpy as np
import pytest
import torch
from causal_claims.claims.effects import Cell
from causal_claims.engine.engine import Engine
from causal_claims.engine.gauge import rewritten
from causal_claims.engine.loading import load
from causal_claims.engine.precision import by_margin, cheapest, cheapest_first
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


@pytest.mark.parametrize(("room", "loads"), [(64.0, 1), (0.5, 3)])
def test_the_model_in_float32_is_loaded_once_where_there_is_room_for_both(registry, monkeypatch, room, loads):
    seen = []
    monkeypatch.setattr("causal_claims.engine.noise.free", lambda device: [room])
    monkeypatch.setattr("causal_claims.engine.noise.load", lambda *given: seen.append(given) or load(*given))
    engine = Engine(registry, Settings(dtype="bfloat16", cross_examined=0))
    for name in ("logit_diff", "loss", "kl"):
        assert engine.measure("llama", [Cell(cell := Metric(name, over="engine_mixed"))])[Cell(cell)].noise_floor >= 0
    assert len(seen) == loads


def test_the_cheapest_arithmetic_within_a_tenth_of_the_margin():
    floors = {"bfloat16": 0.03, "float16": 0.002, "float32": 1e-6}
    margins = (1.0, 0.1, 0.01, 0.0)
    assert [cheapest(tuple(floors), floors.__getitem__, one) for one in margins] == [
        "bfloat16",
        "float16",
        "float32",
        "float32",
    ]
    assert cheapest(("float32", "bfloat16"), floors.__getitem__, 1.0) == "float32"  # where fewer bits are slower
    assert sorted(cheapest_first(torch.device("cpu"))) == sorted(floors)


def test_arms_that_are_compared_share_their_arithmetic():
    a, b, c = (Cell(Metric(name, over="engine_mixed")) for name in ("logit_diff", "kl", "loss"))
    assert by_margin([a, b, c], [([a], 0.5), ([a, b], 0.2), ([c], 0.3)]) == [([a, b], 0.2), ([c], 0.3)]
    assert by_margin([a, b], []) == [([a], 0.0), ([b], 0.0)]


def test_auto_takes_few_bits_where_the_margin_is_wide_and_many_where_it_is_narrow(registry, monkeypatch):
    monkeypatch.setattr("causal_claims.engine.engine.cheapest_first", lambda device: ("bfloat16", "float16", "float32"))
    wide, narrow = (Cell(Metric(name, over="engine_mixed"), ablate(Head(0, 0))) for name in ("logit_diff", "loss"))
    engine = Engine(registry, Settings(dtype="auto", cross_examined=0))
    found = engine.measure("llama", [wide, narrow], margins=[([wide], 20.0), ([narrow], 1e-4)])
    assert found[wide].facts["dtype"] == "bfloat16"
    assert 0 < found[wide].noise_floor <= 2.0
    assert found[narrow].facts["dtype"] == "float32"
    assert found[narrow].noise_floor <= 1e-5


@pytest.mark.parametrize("family", ["gpt2", "mistral", "qwen2", "gpt_neox"])
def test_r_v_moves_with_the_basis_and_its_twin_does_not(registry, family):
    settings = Settings(cross_examined=0, noise=False, examples=4)
    shape = {"late": 2, "early": 0, "window": 4, "over": "engine_mixed"}
    cells = [Cell(M), Cell(Metric("r_v", **shape)), Cell(Metric("r_v_written", **shape))]
    found = Engine(registry, settings).measure(family, cells)
    logits, basis, written = (found[cell].facts.get("gauge") for cell in cells)
    assert logits is None  # it reads no values
    assert basis.startswith("moves by ")
    assert written.startswith("unmoved: ")


def test_the_rewritten_model_says_the_same_and_the_first_is_untouched(registry):
    loaded = Engine(registry, Settings()).loaded("llama")
    ids = torch.tensor([loaded.tokens.prompt("the cat is over the dog", "x")])
    with torch.no_grad():
        before = loaded.hf_model(ids).logits
        other = rewritten(loaded, (0, 2)).hf_model(ids).logits
        assert torch.equal(loaded.hf_model(ids).logits, before)
    torch.testing.assert_close(other, before, atol=1e-4, rtol=1e-4)


def test_a_random_write_has_the_norm_of_what_it_replaces(registry):
    from causal_claims.engine.site_run import SiteRun
    from causal_claims.engine.tokens import pad

    loaded = Engine(registry, Settings()).loaded("llama")
    rows = made.mixed()[:2]
    batch = pad([[1, 2, 3], [4, 5]], "cpu")
    run = SiteRun(Head(1, 2), loaded.map, batch, rows, (0, 1), None, None)
    z = torch.randn(2, 3, loaded.map.d_head)
    assert torch.equal(run.random_like(z, 0), z * 0)
    np.testing.assert_allclose(run.extra.norm(dim=-1), (z @ loaded.map.o(1, 2)).norm(dim=-1), rtol=1e-5)
    run.random_like(z, 0, -1.0)
    assert not run.extra.any()  # its opposite takes it away
