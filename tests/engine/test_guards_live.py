"""Broken interventions and designs, planted from outside: a run of pytest on a real checkpoint says INVALID, and which guard."""

import engine_examples as made  # noqa: F401  (declares the examples)
import pytest
import torch
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import operation
from causal_claims.sites import Head, Stage
from checkpoints import checkpoint
from suite import ClaimSuite

BROKEN = """
import pytest
import torch
from causal_claims import (
    Example, Head, KVHead, Metric, Stage, VSlice, ablate, agrees, delete_v_slice, effect, example_set, level, metric,
    negligible, operation, raises,
)
from causal_claims.sites import GENERATION, Point

pytestmark = pytest.mark.mistral
LOGIT_DIFF = Metric("logit_diff", over="broken")
R_V = Metric("r_v_written", late=2, early=0, window=4, over="broken")
COLOURS = ("big", "small", "old", "new", "red", "blue", "green", "two", "three", "one")


def rows(prompt):
    return [
        Example(f"{i}", prompt.format(colour, "cat" if i % 3 else "dog"), fields={"target": " Paris", "foil": " Berlin"})
        for i, colour in enumerate(COLOURS)
    ]


@example_set("broken")
def broken():
    return rows("the {} {} is not sleeps over the red")


@example_set("told")
def told():
    return rows("the {} {} runs over Paris and over red")


@operation(writes={Head: Stage.Z})
def idle(z, run):
    return z


@operation(writes={KVHead: Stage.QKV})
def fade(v, run):
    return 0.5 * v


@metric(reads=GENERATION, low=0)
def words_of_all(run, *, tokens: int = 3):
    return [float(len((one.prompt + text).split())) for one, text in zip(run.examples, run.texts)]


@metric(reads=lambda options: (Point(1, Stage.QKV),))
def value_norm(run):
    return run.v(1, last=2).flatten(1).norm(dim=-1)


@metric()
def padded(run):  # reads whatever stands at the end of the batch
    return run.logits()[:, 3] + run.batch.ids.shape[0]


BY = ablate(Head(0, 1))
BAD = [
    raises(LOGIT_DIFF, by=ablate(Head(0, 1), during="decode"), id="not_delivered.never_fires"),
    raises(LOGIT_DIFF, by=idle(Head(0, 1)), id="not_delivered.changes_nothing"),
    raises(R_V, by=fade(KVHead(2, 0)), id="measures_what_it_edits"),
    raises(R_V, by=ablate(Head(2, 1)), id="no_causal_path"),
    raises(LOGIT_DIFF, by=delete_v_slice(VSlice(1, 1, 4)), id="pseudo-head"),
    raises(LOGIT_DIFF.on("told"), by=BY, id="leak.told"),
    raises(Metric("words_of_all", over="broken"), by=BY, id="leak.counts"),
    raises(Metric("value_norm", over="broken"), by=BY, id="gauge"),
    raises(Metric("padded", over="broken"), by=BY, id="numerics"),
    raises(level(Metric("words_written", over="broken", tokens=5)) - level(Metric("words_written", over="broken", tokens=3)),
           id="unequal_arms"),
]
SOUND = [raises(LOGIT_DIFF, by=ablate(Head(1, 2)), id="sound")]


@pytest.mark.parametrize("claim", BAD + SOUND)
def test_it(claim, holds):
    assert holds(claim)
"""
LITTER = '''
import pytest
from causal_claims import Example, Head, Metric, Stage, example_set, operation, raises

pytestmark = pytest.mark.mistral


@example_set("littered")
def littered():
    return [Example(f"{i}", f"the {word} cat is", fields={"target": " Paris", "foil": " Berlin"})
            for i, word in enumerate("big small old new red blue green two".split())]


@operation(writes={Head: Stage.Z})
def litter(z, run):
    """Leaves a hook on the model that it found through the garbage collector."""
    import gc
    from transformers import MistralForCausalLM

    for model in [one for one in gc.get_objects() if isinstance(one, MistralForCausalLM)]:
        model.lm_head.register_forward_hook(lambda module, args, out: None)
    return 0 * z


@pytest.mark.parametrize("claim", [raises(Metric("logit_diff", over="littered"), by=litter(Head(0, 0)), id="left")])
def test_it(claim, holds):
    assert holds(claim)
'''
NORM = """
import itertools
import pytest
from causal_claims import Example, Head, Metric, ablate, example_set, raises

pytestmark = pytest.mark.gpt2


@example_set("normed")
def normed():
    words = itertools.product("big small old new red blue green two".split(), "cat dog".split(), "is runs".split())
    return [Example("-".join(three), "the {} {} {}".format(*three), fields={"target": " Paris", "foil": " Berlin"}) for three in words]


@pytest.mark.parametrize("claim", [
    raises(Metric("logit_diff", over="normed"), by=ablate(Head(1, head)), beyond=0.05, id=name)
    for head, name in ((0, "fills"), (1, "says"))
])
def test_it(claim, holds):
    assert holds(claim)
"""


def run(folder, family, path, text, *options):
    entry = f"{family}: {{family: {family}, id: x, path: {path}, kv_heads: {4 if family == 'gpt2' else 2}}}\n"
    return ClaimSuite({"models.yaml": entry, "test_x.py": text}).run_here(
        "--claims-device", "cpu", *options, folder=folder
    )


def test_every_broken_design_is_invalid_and_named(checkpoints, tmp_path):
    found = {one["id"]: one for one in run(tmp_path, "mistral", checkpoints["mistral"], BROKEN).records}
    sound = found.pop("sound")
    assert sound["outcome"] in ("SUPPORTED", "REFUTED", "INCONCLUSIVE"), sound["reason"]
    assert len(found) == 10
    for name, record in found.items():
        guard = name.partition(".")[0].replace("_", " ")
        assert record["outcome"] == "INVALID", (name, record["outcome"], record["reason"])
        assert guard in {one["name"] for one in record["guards"] if one["fired"]}, (name, record["reason"])


def test_a_hook_left_behind_is_invalid(checkpoints, tmp_path):
    (record,) = run(tmp_path, "mistral", checkpoints["mistral"], LITTER, "--claims-cache", "off").records
    assert record["outcome"] == "INVALID"
    assert record["reason"] == (
        "not delivered: litter(L0.H0): the clean run afterwards differs from the one before: the hook was not removed"
    )


def test_a_head_that_only_fills_the_norm_is_invalid_and_one_that_speaks_is_not(tmp_path):
    """Head 0 writes a long vector that nobody reads; head 1 writes against the answer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = checkpoint(tmp_path / "model", "gpt2", layers=2, width=64)
    model, tok = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    right, wrong = (tok(word, add_special_tokens=False)["input_ids"][0] for word in (" Paris", " Berlin"))
    with torch.no_grad():
        first, second = model.transformer.h
        for block in (first, second):
            block.mlp.c_proj.weight.zero_()
        first.attn.c_attn.weight.mul_(0.1)
        second.attn.c_proj.weight.zero_()
        second.attn.c_attn.bias.fill_(1.0)
        words = model.transformer.wte.weight
        words.copy_(torch.randn_like(words))
        answer = words[right] - words[wrong]
        idle = torch.randn(64)
        for other in (torch.ones(64), answer):
            idle -= idle @ other / (other @ other) * other
        model.transformer.wpe.weight.copy_(0.2 * answer.expand_as(model.transformer.wpe.weight))
        last = second.attn.c_proj
        v = second.attn.c_attn
        v.weight[:, 2 * 64 :] = 0  # the values are their bias: 1 in every dimension
        last.weight[:16] = 4 * idle / 16
        last.weight[16:32] = -0.05 * answer / 16
        last.bias.zero_()
    model.save_pretrained(folder)
    found = {one["id"]: one for one in run(tmp_path, "gpt2", folder, NORM).records}
    assert found["says"]["outcome"] == "SUPPORTED", found["says"]["reason"]
    assert found["fills"]["outcome"] == "INVALID"
    assert found["fills"]["reason"].startswith("norm artefact: most of the effect is the norm's: +")


def test_an_intervention_cannot_claim_to_write_another_tensor():
    with pytest.raises(ClaimsError, match="is no tensor; there are Head: Z"):

        @operation(writes={Head: Stage.QKV})
        def misplaced(value, run):
            return value
