"""Whatever a user can get wrong is a sentence; one bad cell fails only itself."""

import json
import shutil

import engine_examples as made
import numpy as np
import pytest
import torch
from causal_claims.claims.effects import Cell
from causal_claims.engine.engine import Engine
from causal_claims.engine.settings import Settings
from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.examples import Example, ExampleSet
from causal_claims.interventions.catalogue import ablate, patch
from causal_claims.measurements import Measurement
from causal_claims.metrics.metric import Metric
from causal_claims.models import ModelSpec, Registry
from causal_claims.sites import Head, Resid
from checkpoints import checkpoint

M = Metric("logit_diff", over="engine_mixed")
QUIET = Settings(cross_examined=0, noise=False)


def load(**spec):
    entry = {"key": "m", "family": "gpt2", "id": "x", **spec}
    return Engine(Registry({"m": ModelSpec(**entry)}), QUIET).loaded("m")


@pytest.fixture
def folder(tmp_path, checkpoints):
    shutil.copytree(checkpoints["gpt2"], tmp_path / "m")
    return tmp_path / "m"


def test_weights_that_are_nowhere(tmp_path):
    with pytest.raises(NotRunError, match="there is no folder"):
        load(path=str(tmp_path / "nowhere"))
    with pytest.raises(NotRunError, match=r"are not on this machine; fetch them with .hf download no/such"):
        load(id="no/such")
    with pytest.raises(NotRunError, match="It is gated"):
        load(id="no/such", gated=True)


def test_a_gated_repository_that_the_hub_refuses_and_one_that_it_does_not_have(monkeypatch):
    import httpx
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    def refuse(kind):
        answer = httpx.Response(403, request=httpx.Request("GET", "https://hub/no/such"))

        def download(*args, **options):
            raise kind("no access", response=answer)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", download)

    refuse(GatedRepoError)
    with pytest.raises(NotRunError, match="m: a/b is gated and this account has no access; accept its licence"):
        load(id="a/b")
    refuse(RepositoryNotFoundError)
    with pytest.raises(NotRunError, match="m: the hub has nothing for a/b: no access"):
        load(id="a/b")


def test_a_shard_that_is_absent_and_an_index_that_is_none(folder):
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index = folder / "model.safetensors.index.json"
    index.write_text(
        json.dumps({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})
    )
    with pytest.raises(NotRunError, match=r"lacks model-00002-of-00002\.safetensors; fetch the checkpoint again"):
        load(path=str(folder))
    index.write_text("{}")
    with pytest.raises(ClaimsError, match="is not a readable index of weights"):
        load(path=str(folder))


def test_several_models_stay_in_memory_where_they_fit(registry, monkeypatch):
    engine = Engine(registry, QUIET)
    first, second = engine.loaded("gpt2"), engine.loaded("llama")
    assert (engine.loaded("gpt2"), engine.loaded("llama")) == (first, second)
    monkeypatch.setattr("causal_claims.engine.room.free", lambda device: [0.0])
    engine.loaded("mistral")
    assert engine.loaded("gpt2") is not first


def test_a_processor_needs_no_device_map(folder, monkeypatch):
    import transformers

    seen = {}

    def pretrained(path, **options):
        seen.update(options)
        raise OSError("no card here")

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", pretrained)
    with pytest.raises(ClaimsError, match="cannot be loaded: no card here"):
        load(path=str(folder), device_map="auto")
    assert "device_map" not in seen  # one processor needs none


def test_quantised_weights_are_refused_and_not_silently_read_as_something_else(folder):
    with pytest.raises(NotRunError, match=r"m: models.yaml says quantisation: 8bit, and only weights in float32"):
        load(path=str(folder), quantisation="8bit")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps({**config, "quantization_config": {"quant_method": "gptq", "bits": 4}})
    )
    with pytest.raises(NotRunError, match=r"is quantised \(gptq\), and only weights in float32"):
        load(path=str(folder))


def test_weights_in_two_places_are_refused(folder, monkeypatch):
    import transformers

    whole = transformers.AutoModelForCausalLM.from_pretrained

    def offloaded(*args, **options):
        model, report = whole(*args, **{**options, "device_map": {"transformer": "cpu", "lm_head": "cpu"}})
        model.transformer.h[2].to_empty(device="meta")  # as a map does whose last layers fit nowhere
        return model, report

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", offloaded)
    monkeypatch.setattr(torch.nn.Module, "to", lambda module, device: module)
    with pytest.raises(
        NotRunError, match=r"put the weights in 2 places \(cpu, offloaded\), and only weights that lie on cards"
    ):
        load(path=str(folder), device_map="auto")


def test_a_truncated_file(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ClaimsError, match="is truncated: its header promises"):
        load(path=str(folder))


def test_pickled_weights_are_not_read(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ClaimsError, match="a pickled file can run any code"):
        load(path=str(folder))


def test_another_architecture(folder):
    with pytest.raises(ClaimsError, match="family 'mistral' and the checkpoint is of architecture 'gpt2'"):
        load(path=str(folder), family="mistral")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(ClaimsError, match="is of architecture 'bert'; the engine knows"):
        load(path=str(folder))


def test_wrong_counts(folder):
    with pytest.raises(ClaimsError, match=r"says layers: 12 and the checkpoint .* has 3"):
        load(path=str(folder), layers=12)


def test_no_tokenizer_and_another_models_tokenizer(folder, tmp_path):
    from transformers import AutoTokenizer

    other = AutoTokenizer.from_pretrained(folder)
    other.add_tokens([f"new{i}" for i in range(50)])
    other.save_pretrained(tmp_path / "other")
    with pytest.raises(ClaimsError, match="another model's tokenizer"):
        load(path=str(folder), tokenizer=str(tmp_path / "other"))
    for path in folder.glob("tokenizer*.json"):
        path.unlink()
    with pytest.raises(ClaimsError, match="no tokenizer can be read"):
        load(path=str(folder))


def test_missing_tensors(folder):
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    state.pop("transformer.h.1.mlp.c_fc.weight")
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ClaimsError, match=r"lacks the weights transformer.h.1.mlp.c_fc.weight"):
        load(path=str(folder))


def test_one_bad_cell_fails_only_itself(registry):
    good = Cell(M, ablate(Head(0, 0)))
    bad = {
        Cell(M, ablate(Head(9, 0))): "has 3 layers",
        Cell(M, ablate(Head(0, 9))): "has 4 query heads",
        Cell(M, patch(Head(0, 0), source="absent")): "has no field 'absent'",
        Cell(Metric("nonsense", over="engine_mixed")): "no metric named 'nonsense'",
        Cell(Metric("r_v", late=2, early=0, window=16, over="engine_mixed")): "needs at least 17",
        Cell(Metric("logit_diff")): "names no examples",
        Cell(Metric("logit_diff", over="nowhere")): "there is no set of examples",
        Cell(M, patch(Resid(1), at="0:40")): "choose a shorter span",
        Cell(Metric("summed_attention", layer=0, head=7, over="engine_mixed")): "out of range",
        Cell(Metric("head_output", layer=0, head=7, over="engine_mixed")): "out of range",
    }
    found = Engine(registry, QUIET).measure("gpt2", [*bad, good])
    assert isinstance(found[good], Measurement)
    for cell, sentence in bad.items():
        assert isinstance(found[cell], ClaimsError)
        assert sentence in str(found[cell])


def measure(registry, monkeypatch, rows, metric=M, condition=None):
    monkeypatch.setattr("causal_claims.engine.engine.examples", lambda name: ExampleSet(name, tuple(rows)))
    cell = Cell(metric) if condition is None else Cell(metric, condition)
    return Engine(registry, QUIET).measure("gpt2", [cell])[cell]


def test_targets_of_several_tokens(registry, monkeypatch):
    row = Example("one", "the cat is", fields={"target": " big cat", "foil": " Berlin"})
    found = measure(registry, monkeypatch, [row])
    assert "' big cat' is 2 tokens" in str(found)


def test_unequal_lengths_are_not_patched_silently(registry, monkeypatch):
    row = Example("one", "the cat is", fields={"target": " Paris", "foil": " Berlin", "corrupt": "the old cat is"})
    found = measure(registry, monkeypatch, [row], condition=patch(Resid(1)))
    assert "has 4 tokens and its 'corrupt' prompt has 5" in str(found)
    last = measure(registry, monkeypatch, [row], condition=patch(Resid(2), at="last"))
    assert isinstance(last, Measurement)


def test_a_prompt_longer_than_the_model_reads(registry, monkeypatch):
    row = Example("one", "the cat " * 100 + "is", fields={"target": " Paris", "foil": " Berlin"})
    assert "reads at most 128" in str(measure(registry, monkeypatch, [row]))


def test_a_last_token_patch_at_the_last_layer_is_the_other_prompts_output(registry):
    """The true last tokens meet, whatever the lengths."""
    cells = [Cell(M, patch(Resid(2), at="last"))]
    found = Engine(registry, QUIET).measure("llama", cells)[cells[0]]
    loaded = Engine(registry, QUIET).loaded("llama")
    import torch

    for one, value in zip(made.mixed(), found.values, strict=True):
        ids = torch.tensor([loaded.tokens.prompt(one.fields["corrupt"], one.id)])
        with torch.no_grad():
            logits = loaded.hf_model(ids).logits[0, -1]
        pair = [loaded.tokens.single(one.fields[name], one.prompt, one.id) for name in ("target", "foil")]
        np.testing.assert_allclose(value, float(logits[pair[0]] - logits[pair[1]]), atol=1e-5)


def test_special_tokens_are_not_doubled(tmp_path):
    path = checkpoint(tmp_path, "llama")
    loaded = load(path=str(path), family="llama")
    assert loaded.tokens.prompt("<s>the cat", "x")[:2] != (0, 0)
    assert loaded.tokens.prompt("the cat", "x")[0] == 0


def test_words_that_the_tokenizer_does_not_know():
    from causal_claims.engine.tokens import Tokens
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.WordLevel({"<unk>": 0, "the": 1, "cat": 2}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    tokens = Tokens(PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="<unk>"), "tokenizer", "m", None)
    assert tokens.prompt("the cat", "x") == (1, 2)
    assert tokens.single("cat", "the", "x") == 2
    with pytest.raises(ClaimsError, match=r"m's tokenizer does not know 'dog', 'dark' and would read <unk>"):
        tokens.prompt("the dog the dark", "x")
    with pytest.raises(ClaimsError, match="does not know 'dog'"):
        tokens.single("dog", "the", "x")
