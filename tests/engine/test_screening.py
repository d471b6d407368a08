"""The score of all heads at once is what the metrics say of each head alone."""

import engine_examples  # noqa: F401  (declares the sets of examples)
import numpy as np
import pytest
from causal_claims import BASELINE, Metric
from causal_claims.claims.effects import Cell
from causal_claims.claims.picked import Pick
from causal_claims.engine.engine import Engine
from causal_claims.engine.screening import screen
from causal_claims.engine.settings import Settings

PLACES = [(0, 0), (1, 3), (2, 2)]


@pytest.mark.parametrize("family", ["llama", "gpt2", "mistral"])
@pytest.mark.parametrize("score", ["summed_attention", "copy_score"])
def test_all_heads_at_once_agree_with_the_metric(registry, family, score):
    engine = Engine(registry, Settings(cache=None, cross_examined=0, noise=False))
    found = screen(engine.loaded(family), engine.settings, score, "engine_mixed")
    cells = [Cell(Metric(score, layer=layer, head=head, over="engine_mixed"), BASELINE) for layer, head in PLACES]
    measured = engine.measure(family, cells)
    for cell, (layer, head) in zip(cells, PLACES, strict=True):
        assert np.allclose(found[:, layer, head], measured[cell].values, atol=1e-5)
    assert found.std() > 0 or score == "copy_score"


def test_the_lists_are_in_order_of_the_score(registry):
    engine = Engine(registry, Settings(cache=None))
    heads = engine.heads("llama", Pick("summed_attention", over="engine_mixed", top=5))
    scores = [score for _, score in heads.lists["all"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
