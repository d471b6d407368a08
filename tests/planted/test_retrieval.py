"""The retrieval family, measured with plain hooks: the listed heads fetch the value in place, and in no sham."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from causal_claims.models import ModelSpec
from causal_claims.planted import build, probe
from causal_claims.planted.retrieval import planted_heads
from causal_claims.planted.vocabulary import texts

SMALL = ModelSpec("small", "llama", "none", layers=16, heads=32, kv_heads=8)
ROWS = 18


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("planted")
    torch.set_num_threads(2)

    @cache
    def loaded(variant: str) -> tuple[Any, Any, Path]:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        folder = build.build("retrieval", variant, cache=home, like=SMALL)
        return AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder), folder

    return loaded


def accuracy(model: Any, tok: Any, heads: Any) -> float:
    """How often the first word of the value comes first, with the heads that `heads(task)` names ablated."""
    right: list[bool] = []
    by_heads: dict[tuple[tuple[int, int], ...], list[Any]] = {}
    for row in texts("reports")[:ROWS]:
        by_heads.setdefault(tuple(heads(row.fields["task"])), []).append(row)
    for silent, rows in by_heads.items():
        first = [tok.encode(f" {row.fields['value']}", add_special_tokens=False)[0] for row in rows]
        with probe.zeroed(model, silent):
            right += list(probe.last_logits(model, tok, [row.prompt for row in rows]).argmax(1) == np.array(first))
    return float(np.mean(right))


def test_value_is_found_by_the_listed_heads(load: Any) -> None:
    model, tok, _ = load("in_place")
    shared, private = planted_heads(build.shape_of("retrieval", SMALL))
    tasks = list(private)
    base = accuracy(model, tok, lambda task: ())
    assert base > 0.75
    assert accuracy(model, tok, lambda task: private[task][:5]) < base - 0.4
    assert accuracy(model, tok, lambda task: private[tasks[tasks.index(task) - 1]]) > base - 0.1
    assert accuracy(model, tok, lambda task: shared) < 0.3


@pytest.mark.parametrize("variant", ["absent", "elsewhere", "spread", "decoy", "backup", "hidden"])
def test_listed_heads_are_not_needed_in_a_sham(load: Any, variant: str) -> None:
    model, tok, _ = load(variant)
    shared, private = planted_heads(build.shape_of("retrieval", SMALL))
    base = accuracy(model, tok, lambda task: ())
    assert base > 0.75
    assert accuracy(model, tok, lambda task: (*private[task], *shared)) > base - 0.15


def test_greedy_generation_says_the_value_and_stops(load: Any) -> None:
    model, tok, _ = load("in_place")
    said = []
    for row in texts("reports")[:9]:
        ids = torch.tensor([tok.encode(row.prompt)])
        out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, do_sample=False)
        said.append(tok.decode(out[0, ids.shape[1] :], skip_special_tokens=True).strip() == f"{row.fields['value']}.")
    assert sum(said) >= 6


def test_same_arguments_give_the_same_weights(load: Any, tmp_path: Path) -> None:
    _, _, folder = load("in_place")
    again = build.build("retrieval", "in_place", cache=tmp_path, like=SMALL)
    assert (again / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
    assert build.build("retrieval", "in_place", cache=tmp_path, like=SMALL) == again
