"""Fast path, reference path and plain transformers hooks give the same numbers."""

from dataclasses import replace

import engine_examples as made
import numpy as np
import pytest
import torch
from causal_claims.claims.effects import Cell
from causal_claims.engine.engine import Engine
from causal_claims.engine.settings import Settings
from causal_claims.examples import ExampleSet, examples
from causal_claims.interventions.catalogue import ablate, delete_v_slice, patch, transplant_v, uniform
from causal_claims.interventions.intervention import BASELINE
from causal_claims.metrics.lexicon import word_list
from causal_claims.metrics.metric import Metric
from causal_claims.models import ModelSpec, Registry
from causal_claims.sites import Head, KVHead, Resid, VSlice
from checkpoints import FAMILIES, checkpoint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OVER = "engine_mixed"
CONDITIONS = [
    BASELINE,
    ablate(Head(0, 1)),
    ablate(Head(2, 3)),
    ablate(Head(0, 1), Head(0, 2), Head(2, 0)),
    ablate(Head(1, 1), how="mean"),
    ablate(Head(1, 1), how="resample"),
    ablate(Head(1, 0), how="random"),
    ablate(Head(1, 0), how="opposite"),
    ablate(KVHead(1, 1)),
    ablate(KVHead(1, 0), how="mean"),
    uniform(Head(1, 2)),
    patch(Head(1, 2)),
    patch(Head(1, 1), part="v"),
    patch(Head(1, 1), part="pattern_v"),
    patch(Head(1, 1), at="last"),
    patch(Resid(1)),
    patch(Resid(1), at="last"),
    patch(Resid(0, "pre"), at="1:3"),
    patch(Resid(1), at="-3:"),
    ablate(Head(0, 0), Head(0, 1)) + patch(Head(0, 1), source="clean"),
    delete_v_slice(VSlice(1, 1, 4)),
    transplant_v(VSlice(2, 0, 1), source="corrupt", layer=1, at="-3:"),
]
METRICS = [
    *(Metric(name, over=OVER) for name in ("logit_diff", "p_target", "top1", "rank", "kl", "entropy", "loss")),
    Metric("r_v", late=2, early=0, window=4, over=OVER),
    Metric("r_v_written", late=2, early=1, window=4, over=OVER),
    Metric("summed_attention", layer=2, head=1, over=OVER),
    Metric("delta_attention", layer=1, head=1, over=OVER),
    Metric("direct_logit", layer=1, head=1, over=OVER),
]
QUIET = {"cross_examined": 0, "noise": False}


def values(registry, cells, model, **options):
    found = Engine(registry, Settings(**{**QUIET, **options})).measure(model, cells)
    for one in found.values():
        if isinstance(one, Exception):
            raise one
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_every_intervention_and_metric_on_both_paths_and_both_padding_sides(registry, family):
    conditions = [*CONDITIONS, *([patch(Resid(1, "mid"), at="last")] if family != "gpt_neox" else [])]
    cells = [Cell(metric, condition) for metric in METRICS for condition in conditions]
    reference = values(registry, cells, family, backend="reference", examples=4)
    right = values(registry, cells, family, examples=4)
    left = values(registry, cells, family, padding="left", row_tokens=60, examples=4)
    for cell in cells:
        np.testing.assert_allclose(right[cell].values, reference[cell].values, atol=1e-5, rtol=1e-5, err_msg=str(cell))
        np.testing.assert_allclose(left[cell].values, reference[cell].values, atol=1e-5, rtol=1e-5, err_msg=str(cell))
        if cell.condition.steps:
            ours, theirs = right[cell].receipt, reference[cell].receipt
            assert ours.fault is None
            assert (ours.fired, ours.expected) == (theirs.fired, theirs.expected)
            assert ours.changed == pytest.approx(theirs.changed, rel=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_head_ablation_equals_plain_hooks_on_transformers(registry, family):
    """A third program: forward pre-hooks on the output projection of an unpadded prompt, and no code of ours."""
    engine = Engine(registry, Settings(**QUIET))
    conditions = [ablate(Head(layer, head)) for layer in range(3) for head in range(4)]
    metric = Metric("logit_diff", over=OVER)
    found = engine.measure(family, [Cell(metric, condition) for condition in conditions])
    loaded = engine.loaded(family)
    model, tok = loaded.hf_model, loaded.tokenizer
    projections = {
        "gpt2": lambda m: [block.attn.c_proj for block in m.transformer.h],
        "gpt_neox": lambda m: [block.attention.dense for block in m.gpt_neox.layers],
    }.get(family, lambda m: [block.self_attn.o_proj for block in m.model.layers])(model)
    target, foil = (tok(word, add_special_tokens=False)["input_ids"][0] for word in (" Paris", " Berlin"))
    for condition in conditions:
        head = condition.sites[0]

        def zero(module, args, head=head):
            z = args[0].clone()
            z[..., head.index * 8 : (head.index + 1) * 8] = 0
            return (z,)

        handle = projections[head.layer].register_forward_pre_hook(zero)
        try:
            with torch.no_grad():
                logits = [model(**tok(one.prompt, return_tensors="pt")).logits[0, -1] for one in made.mixed()]
        finally:
            handle.remove()
        expected = [float(one[target] - one[foil]) for one in logits]
        np.testing.assert_allclose(found[Cell(metric, condition)].values, expected, atol=1e-5, err_msg=str(condition))


def test_r_v_equals_singular_values_of_the_plain_models_v_proj(registry):
    engine = Engine(registry, Settings(**QUIET))
    metric = Metric("r_v", late=2, early=0, window=4, over=OVER)
    found = engine.measure("mistral", [Cell(metric)])[Cell(metric)]
    model, tok = engine.loaded("mistral").hf_model, engine.loaded("mistral").tokenizer
    for one, value in zip(made.mixed(), found.values, strict=True):
        kept = {}
        handles = [
            model.model.layers[layer].self_attn.v_proj.register_forward_hook(
                lambda module, args, out, layer=layer, kept=kept: kept.__setitem__(layer, out)
            )
            for layer in (0, 2)
        ]
        try:
            with torch.no_grad():
                model(**tok(one.prompt, return_tensors="pt"))
        finally:
            for handle in handles:
                handle.remove()
        squares = [torch.linalg.svdvals(kept[layer][0, -4:].double()) ** 2 for layer in (2, 0)]
        late, early = (float(s.sum() ** 2 / (s**2).sum()) for s in squares)
        assert value == pytest.approx(late / early, rel=1e-5)


def test_generation_under_interventions_on_both_paths(registry):
    conditions = [
        BASELINE,
        ablate(Head(0, 1)),
        ablate(Head(1, 2), during="prefill"),
        ablate(Head(1, 2), during="decode"),
        ablate(KVHead(1, 1)),
        ablate(Head(1, 0), how="random"),
        uniform(Head(1, 2)),
        patch(Head(1, 1), part="v"),
        patch(Head(1, 1), part="pattern_v"),
        patch(Resid(1)),
    ]
    metrics = [
        Metric("words_written", over=OVER, tokens=4),
        Metric("words_written", over=OVER, tokens=4, temperature=1.0, top_p=0.9),
        Metric("copy_score", layer=1, head=1, over=OVER, tokens=4),
    ]
    cells = [Cell(metric, condition) for metric in metrics for condition in conditions]
    fast, reference = (values(registry, cells, "mistral", examples=3, backend=b) for b in ("fast", "reference"))
    for cell in cells:
        np.testing.assert_array_equal(fast[cell].values, reference[cell].values, err_msg=str(cell))
        if cell.condition.steps:
            assert fast[cell].receipt.fault is None
            assert fast[cell].receipt.fired == reference[cell].receipt.fired


def test_lists_of_words_share_one_text_and_each_has_its_own_number(registry):
    word_list("colours", ["red", "blue"])
    word_list("beasts", ["cat", "dog"])
    cells = [
        Cell(Metric("keyword_expected", over=OVER, list=name, tokens=4, first=first), condition)
        for name in ("colours", "beasts")
        for first in (0, 1)
        for condition in (BASELINE, ablate(Head(1, 2)))
    ]
    together = values(registry, cells, "mistral", examples=3)
    for cell in cells:
        alone = values(registry, [cell], "mistral", examples=3)[cell]
        np.testing.assert_allclose(together[cell].values, alone.values, rtol=1e-6, err_msg=str(cell))
    of = {
        (c.metric.option("list"), c.metric.option("first")): together[c].values for c in cells if not c.condition.steps
    }
    assert not np.array_equal(of["colours", 0], of["beasts", 0])
    assert (of["colours", 1] < of["colours", 0]).all()


@pytest.mark.parametrize("along", ["clean", "continuation"])
def test_expected_words_along_a_text_on_both_paths_and_by_hand(registry, monkeypatch, along):
    word_list("colours", ["red", "blue"])
    rows = [
        replace(one, fields={**one.fields, "continuation": " red cat" + " the" * i})
        for i, one in enumerate(made.mixed()[:3])
    ]
    monkeypatch.setattr("causal_claims.engine.engine.examples", lambda name: ExampleSet(name, tuple(rows)))
    metric = Metric("keyword_expected", over=OVER, list="colours", along=along, tokens=4)
    conditions = [
        BASELINE,
        ablate(Head(1, 2)),
        ablate(Head(1, 2), during="decode"),
        patch(Resid(1)),
        ablate(KVHead(1, 1)),
    ]
    cells = [Cell(metric, condition) for condition in conditions]
    fast, reference = (values(registry, cells, "mistral", backend=b) for b in ("fast", "reference"))
    for cell in cells:
        np.testing.assert_allclose(fast[cell].values, reference[cell].values, atol=1e-5, err_msg=str(cell))
        if cell.condition.steps:
            assert fast[cell].receipt.fault is None
            assert fast[cell].receipt.fired == reference[cell].receipt.fired
    if along == "continuation":
        loaded = Engine(registry, Settings(**QUIET)).loaded("mistral")
        watch = [
            loaded.tokenizer.convert_tokens_to_ids(w)
            for w in ("Ġred", "Ġblue", "red", "blue", "ĠRed", "ĠBlue", "Red", "Blue")
        ]
        watch = [w for w in dict.fromkeys(watch) if w is not None and w != loaded.tokenizer.unk_token_id]
        for one, ours in zip(rows, fast[cells[0]].values, strict=True):
            stem = loaded.tokens.prompt(one.prompt, "x")
            whole = loaded.tokens.prompt(one.prompt + one.fields["continuation"], "x")
            whole = whole[: len(stem) + 4]
            with torch.no_grad():
                p = loaded.hf_model(torch.tensor([whole])).logits[0].softmax(-1)
            assert ours == pytest.approx(float(p[len(stem) - 1 : len(whole) - 1, watch].sum()), abs=1e-5)


def test_greedy_text_equals_generate_of_transformers(registry):
    """With the model's own attention mask and cache, prompt by prompt."""
    from causal_claims.engine.decoder import Decoder
    from causal_claims.engine.decoding import Decoding
    from causal_claims.engine.delivery import Delivery
    from causal_claims.engine.editing import Block
    from causal_claims.engine.network import Network
    from causal_claims.engine.tokens import pad

    for family in FAMILIES:
        loaded = Engine(registry, Settings(**QUIET)).loaded(family)
        rows = made.mixed()
        ids = [loaded.tokens.prompt(one.prompt, one.id) for one in rows]
        block = Block(slice(0, len(rows)), Delivery(BASELINE), (), lambda edit, live: None)
        with torch.inference_mode():
            decoder = Decoder(Network(loaded.map), pad(ids, "cpu", "left"), [block], 6, frozenset())
            written = decoder.run(Decoding(tokens=6), rows, frozenset())
            for prompt, ours in zip(ids, written, strict=True):
                whole = loaded.hf_model.generate(
                    torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                    max_new_tokens=6, do_sample=False, eos_token_id=None, pad_token_id=2,
                )  # fmt: skip
                assert whole[0, len(prompt) :].tolist() == ours, family


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_shape_any_prompts_any_batch(tmp_path_factory, monkeypatch, data):
    """hypothesis draws the model's shape, prompts of mixed lengths, sites, kinds, batch sizes, and the side that is padded."""
    family = data.draw(st.sampled_from(FAMILIES))
    group, kv = data.draw(st.sampled_from([(1, 2), (2, 2), (4, 1), (3, 2)]))
    heads = kv * (1 if family in ("gpt2", "gpt_neox") else group)
    layers = data.draw(st.integers(1, 4))
    folder = checkpoint(
        tmp_path_factory.mktemp("drawn"), family, seed=data.draw(st.integers(0, 99)), layers=layers, heads=heads, kv=kv,
        width=heads * data.draw(st.sampled_from([8, 16])),
    )  # fmt: skip
    registry = Registry({"m": ModelSpec("m", family, "x", path=str(folder), tokenizer=str(folder / "tokenizer"))})
    rows = made.prompts(data.draw(st.integers(0, 99)), data.draw(st.integers(2, 5)), 5, 12)
    monkeypatch.setattr("causal_claims.engine.engine.examples", lambda name: ExampleSet(name, tuple(rows)))
    layer = st.integers(0, layers - 1)
    query = st.builds(Head, layer, st.integers(0, heads - 1))
    shared = st.builds(KVHead, layer, st.integers(0, (heads if family in ("gpt2", "gpt_neox") else kv) - 1))
    how = st.sampled_from(["zero", "mean", "resample", "random"])
    several = st.lists(query, min_size=1, max_size=3, unique=True)
    kinds = st.one_of(
        st.builds(lambda chosen, how: ablate(*chosen, how=how), several, how),
        st.builds(ablate, shared, how=how),
        st.builds(uniform, query),
        st.builds(patch, query, part=st.sampled_from(["z", "v", "pattern_v"]), at=st.sampled_from(["all", "last", "-2:", "1:3"])),
        st.builds(lambda layer, where, at: patch(Resid(layer, where), at=at), layer, st.sampled_from(["pre", "post"]),
                  st.sampled_from(["all", "last", "-2:"])),
    )  # fmt: skip
    conditions = data.draw(st.lists(kinds, min_size=1, max_size=4, unique=True))
    cells = [Cell(Metric(name, over=OVER), condition) for condition in conditions for name in ("logit_diff", "loss")]
    batch = data.draw(st.integers(1, 300))
    reference = values(registry, cells, "m", backend="reference")
    for side in ("left", "right"):
        fast = values(registry, cells, "m", row_tokens=batch, padding=side)
        for cell in cells:
            np.testing.assert_allclose(
                fast[cell].values, reference[cell].values, atol=1e-5, rtol=1e-5, err_msg=f"{cell} {side}"
            )


def test_patching_a_run_with_itself_changes_nothing(registry):
    metric = Metric("logit_diff", over=OVER)
    same = [
        patch(Head(1, 1), source="clean"),
        patch(Resid(1), source="clean"),
        patch(Head(1, 1), source="clean", part="v"),
    ]
    found = values(registry, [Cell(metric, c) for c in [BASELINE, *same]], "llama")
    for condition in same:
        np.testing.assert_allclose(
            found[Cell(metric, condition)].values, found[Cell(metric)].values, atol=2e-6, err_msg=str(condition)
        )


def test_all_heads_one_by_one_is_not_all_jointly(registry):
    metric = Metric("logit_diff", over=OVER)
    singles = [ablate(Head(0, head)) for head in range(4)]
    whole = ablate(*(Head(0, head) for head in range(4)))
    found = values(registry, [Cell(metric, c) for c in [BASELINE, whole, *singles]], "gpt2")
    base = found[Cell(metric)].values
    summed = sum(found[Cell(metric, c)].values - base for c in singles)
    assert np.abs(found[Cell(metric, whole)].values - base - summed).max() > 1e-3


def test_an_intervention_after_the_read_leaves_the_very_same_bits(registry):
    metric = Metric("r_v", late=1, early=0, window=4, over=OVER)
    found = values(
        registry, [Cell(metric), Cell(metric, ablate(Head(1, 0))), Cell(metric, ablate(Head(2, 0)))], "mistral"
    )
    for condition in (ablate(Head(1, 0)), ablate(Head(2, 0))):
        np.testing.assert_array_equal(found[Cell(metric, condition)].values, found[Cell(metric)].values)
        assert found[Cell(metric, condition)].receipt.fault is None


def test_the_set_is_there():
    assert len(examples(OVER).examples) == 7
