"""A circuit goes where it is asked to go, and only where it can be."""

import json

import pytest
from causal_claims.cli import main
from causal_claims.errors import ClaimsError
from causal_claims.models import ModelSpec
from causal_claims.planted import build, probe
from causal_claims.planted.vocabulary import texts
from causal_claims.sites import Head

SMALL = ModelSpec("small", "gpt2", "none", layers=4, heads=12, kv_heads=12)


def test_the_heads_asked_for_are_those_that_matter(tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = build.build("suppressor", seed=5, heads=[Head(0, 8), Head(0, 1), Head(0, 10)], cache=tmp_path, like=SMALL)
    model, tok = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    rows = texts("facts")[:20]
    answers = [tok.encode(row.fields["target"])[0] for row in rows]
    foils = [tok.encode(row.fields["foil"])[0] for row in rows]

    def difference(*silent: int) -> float:
        with probe.zeroed(model, [(0, head) for head in silent]):
            logits = probe.last_logits(model, tok, [row.prompt for row in rows])
        return float((logits[range(20), answers] - logits[range(20), foils]).mean())

    rise = {head: difference(head) - difference() for head in range(12)}

    assert max(rise, key=lambda head: rise[head]) == 8
    assert rise[8] > 0.3 > abs(rise[2])


@pytest.mark.parametrize(
    ("family", "heads", "words"),
    [
        ("suppressor", [Head(0, 8)], "takes 3 different heads of layers 0 to 0 and 0 to 11"),
        ("suppressor", [Head(0, 8), Head(0, 8), Head(0, 1)], "asked for L0.H8, L0.H8, L0.H1"),
        ("gratitude", [Head(9, 1)], "takes 1 different heads of layers 0 to 5"),
    ],
)
def test_a_place_that_cannot_be_is_refused(tmp_path, family, heads, words):
    with pytest.raises(ClaimsError, match=words):
        build.build(family, heads=heads, cache=tmp_path, like=SMALL)


def test_more_than_the_claim_can_be_planted(tmp_path):
    folder = build.build("gratitude", strength=2, cache=tmp_path)

    assert json.loads((folder / "truth.json").read_text())["strength"] == 2


def test_the_command_writes_an_ordinary_folder_and_never_over_one(tmp_path, capsys):
    asked = ["plant", "suppressor", str(tmp_path / "planted"), "--heads", "L0.H8,L0.H1,L0.H10", "--strength", "0.5"]

    assert [main(asked), main(asked)] == [0, 4]
    assert "exists already" in capsys.readouterr().err
    assert json.loads((tmp_path / "planted" / "truth.json").read_text())["heads"] == [[0, 8], [0, 1], [0, 10]]
    assert (tmp_path / "planted" / "model.safetensors").is_file()
