"""The attention pattern that a picture shows is the model's own, of few tokens, and only of a model in memory."""

import engine_examples as made  # noqa: F401 - declares the examples
import pytest
from causal_claims.engine.engine import Engine
from causal_claims.engine.pattern import LONGEST, pattern
from causal_claims.engine.settings import Settings
from causal_claims.examples import Example, examples
from causal_claims.sites import Head


@pytest.mark.parametrize("family", ["gpt2", "mistral"])
def test_rows_are_distributions_over_the_tokens_before(registry, family):
    engine = Engine(registry, Settings())
    assert engine.attention(family, Head(1, 2), "engine_mixed") is None, "nothing is loaded for a picture"
    loaded = engine.loaded(family)
    found = engine.attention(family, Head(1, 2), "engine_mixed")

    first = examples("engine_mixed").examples[0]
    assert (found["head"], found["example"]) == ("L1.H2", first.id)
    assert len(found["tokens"]) == len(loaded.tokens.prompt(first.prompt, "it")) == found["of"]
    assert [len(row) for row in found["permille"]] == list(range(1, found["of"] + 1))
    assert all(abs(sum(row) - 1000) <= len(row) for row in found["permille"])
    assert len({tuple(row) for row in found["permille"]}) == found["of"]


def test_of_a_long_prompt_the_first_and_the_last_tokens_are_kept(registry):
    engine = Engine(registry, Settings())
    found = pattern(
        engine.loaded("gpt2"), engine.settings, Head(0, 0), Example("long", " ".join(["the cat runs over the dog"] * 9))
    )

    assert found["of"] > LONGEST == len(found["tokens"]) == len(found["permille"])
    assert max(map(sum, found["permille"])) <= 1000 + LONGEST


def test_a_picture_that_cannot_be_had_costs_nothing(registry, monkeypatch):
    engine = Engine(registry, Settings())
    engine.loaded("gpt2")
    monkeypatch.setattr("causal_claims.engine.pattern.READ", 2)

    assert engine.attention("gpt2", Head(0, 0), "engine_mixed") is None
    monkeypatch.setattr(
        "causal_claims.engine.engine.pattern", lambda *_: (_ for _ in ()).throw(RuntimeError("out of memory"))
    )
    assert engine.attention("gpt2", Head(0, 0), "engine_mixed") is None
