"""What can run here."""

import json
from dataclasses import replace

import pytest
from causal_claims.cli import main
from causal_claims.engine.doctor import Device, devices, ready
from causal_claims.models import ModelSpec, Registry

SMALL = (Device("cpu", "2 threads", 8.0, 6.0),)


def test_this_machine_has_a_processor():
    assert devices()[0].name == "cpu"
    assert devices()[0].memory_gb > 0


def test_weights_that_are_here_and_fit(checkpoints):
    found = ready(ModelSpec("m", "llama", "x", path=str(checkpoints["llama"])), SMALL)
    assert found.runs
    assert "fits cpu" in found.why


def test_weights_that_are_here_and_do_not_fit(checkpoints):
    found = ready(ModelSpec("m", "llama", "x", path=str(checkpoints["llama"]), min_memory_gb=150), SMALL)
    assert not found.runs
    assert "needs 150 GB while no device has more than 8 GB" in found.why


def test_a_small_checkpoint_in_a_large_models_place_needs_little(checkpoints):
    large = Registry({"m": ModelSpec("m", "llama", "x", dtype="bfloat16", min_memory_gb=150)})
    spec = large.override(f"m={checkpoints['llama']}")["m"]
    assert ready(spec, SMALL).runs
    assert large.override("m=some/hub-id")["m"].min_memory_gb == 150


def test_weights_that_several_cards_hold_together(checkpoints):
    cards = (*SMALL, Device("cuda:0", "a card", 80.0, 79.0), Device("cuda:1", "a card", 80.0, 79.0))
    spec = ModelSpec("m", "llama", "x", path=str(checkpoints["llama"]), min_memory_gb=150, device_map="auto")
    found = ready(spec, cards)
    assert found.runs
    assert "fits 2 cards together" in found.why
    alone = ready(replace(spec, device_map=None), cards)
    assert not alone.runs
    assert "no device has more than 80 GB, and 2 cards together 152 GB beside passes" in alone.why
    assert "device_map: auto in models.yaml" in alone.advice
    assert not ready(replace(spec, min_memory_gb=170), cards).runs


@pytest.mark.parametrize("gated", [False, True])
def test_weights_that_are_not_here(gated, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    found = ready(ModelSpec("m", "llama", "nobody/nothing", gated=gated, stand_in="retrieval"), SMALL)
    assert not found.runs
    assert "not on this machine" in found.why
    assert "hf download nobody/nothing" in found.advice
    assert "--claims-stand-in" in found.advice
    assert ("accept its licence" in found.advice) == gated


def test_the_command(checkpoints, tmp_path, capsys):
    registry = tmp_path / "models.yaml"
    registry.write_text(
        f"here: {{family: llama, id: x/y, path: {checkpoints['llama']}}}\ngone: {{family: gpt2, id: x/y, path: /no/where}}\n"
    )
    assert main(["doctor", "--models", str(registry)]) == 0
    text = capsys.readouterr().out
    assert "yes here" in text
    assert "no  gone" in text
    assert main(["doctor", "--models", str(registry), "--json"]) == 0
    assert [one["runs"] for one in json.loads(capsys.readouterr().out)["models"]] == [True, False]
    assert main(["doctor", "--models", str(tmp_path / "none.yaml")]) == 4
