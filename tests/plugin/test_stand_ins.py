"""A stand-in has the counts of its model, and fewer layers where its entry says so."""

import pytest
from causal_claims.errors import ClaimsError
from causal_claims.models import ModelSpec, Registry, load_registry
from causal_claims.pytest_plugin.live import standing_in

ENTRY = "big:\n  family: llama\n  id: someone/big\n  layers: 32\n  heads: 32\n  kv_heads: 8\n  stand_in: retrieval\n"


@pytest.mark.parametrize(("line", "layers"), [("", 32), ("  stand_in_layers: 24\n", 24)])
def test_the_stand_in_has_the_layers_of_its_entry_and_the_model_its_own(tmp_path, line, layers):
    (tmp_path / "models.yaml").write_text(ENTRY + line, encoding="utf-8")
    registry = load_registry(tmp_path / "models.yaml")
    planted = standing_in(registry, "in_place")["big"]

    assert (planted.layers, planted.heads, planted.kv_heads) == (layers, 32, 8)
    assert registry["big"].layers == 32


def test_layers_that_are_none_are_refused(tmp_path):
    (tmp_path / "models.yaml").write_text(ENTRY + "  stand_in_layers: 0\n", encoding="utf-8")
    with pytest.raises(ClaimsError, match="stand_in_layers must be at least 1"):
        load_registry(tmp_path / "models.yaml")


def test_a_model_without_a_stand_in_keeps_its_layers():
    models = {"a": ModelSpec("a", "llama", "x", layers=80), "b": ModelSpec("b", "llama", "y", stand_in="retrieval")}

    assert standing_in(Registry(models), "in_place")["a"].layers == 80
