"""measurements.parquet of a whole run of pytest against a program that shares no code with the package, example by example."""

import engine_examples as made
import pyarrow.parquet as pq
import pytest
import torch
from checkpoints import checkpoint
from plain_hooks import Plain, entropy, kl, logit_diff, loss, p_target, participation
from suite import ClaimSuite

SHAPES = {  # none of these is named elsewhere
    "gpt2_sevens": ("gpt2", {"heads": 7, "width": 42, "layers": 2}),
    "gpt2_untied": ("gpt2", {"heads": 5, "width": 30, "layers": 3, "tie_word_embeddings": False}),
    "llama_thirds": ("llama", {"heads": 9, "kv": 3, "width": 45, "head_dim": 10, "layers": 2}),
    "llama_tied": ("llama", {"heads": 3, "kv": 1, "width": 36, "layers": 2, "tie_word_embeddings": True}),
    "mistral_narrow": ("mistral", {"heads": 6, "kv": 2, "width": 30, "head_dim": 12, "layers": 3, "sliding_window": 4}),
    "qwen2_fives": ("qwen2", {"heads": 5, "kv": 1, "width": 40, "layers": 2, "tie_word_embeddings": True}),
    "neox_parallel": ("gpt_neox", {"heads": 5, "width": 40, "layers": 2, "rotary_pct": 0.5}),
    "neox_serial": ("gpt_neox", {"heads": 3, "width": 36, "layers": 3, "rotary_pct": 0.34, "use_parallel_residual": False}),
}  # fmt: skip
CLAIMS = """
import engine_examples
import pytest
import torch
from causal_claims import Head, KVHead, Metric, Resid, ablate, negligible, patch, uniform

pytestmark = pytest.mark.odd
NAMES = ("logit_diff", "p_target", "entropy", "kl", "loss")
METRICS = [*(Metric(name, over="engine_mixed") for name in NAMES), Metric("r_v", late=1, early=0, window=3, over="engine_mixed")]
CONDITIONS = [
    ablate(Head(0, 2)),
    ablate(Head(0, 1), Head(1, 1)),
    ablate(Head(1, 0), how="mean"),
    ablate(KVHead(0, 0)),
    patch(Head(1, 1)),
    patch(Resid(0)),
    patch(Resid(1), at="last"),
    uniform(Head(0, 0)),
]


@pytest.mark.parametrize("claim", [negligible(metric, each=CONDITIONS, within=0.1) for metric in METRICS])
def test_it(claim, holds):
    assert holds(claim)


def test_afterwards(model):
    with torch.no_grad():
        torch.save(model.hf_model(torch.tensor([[0, 11, 12, 13, 14, 15]])).logits, f"{model.spec.key}.pt")
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Every shape in one run; values by model, condition, metric and example."""
    root = tmp_path_factory.mktemp("independent")
    entries = []
    for seed, (key, (family, shape)) in enumerate(SHAPES.items()):
        folder = checkpoint(root / key, family, seed=seed, **shape)
        entries.append(
            f"{key}: {{family: {family}, id: x, path: {folder}, tokenizer: {folder / 'tokenizer'}, markers: [odd]}}\n"
        )
    run = ClaimSuite({"models.yaml": "".join(entries), "test_odd.py": CLAIMS}).run_here(
        "--claims-device", "cpu", "--claims-examples", "4", folder=root
    )
    table = pq.read_table(root / "reports" / "measurements.parquet").to_pylist()
    errors = {one["id"]: one["reason"] for one in run.records if one["outcome"] in ("ERROR", "NOT RUN")}
    assert not errors, errors
    numerics = [
        one["reason"] for one in run.records if any(g["fired"] and g["name"] == "numerics" for g in one["guards"])
    ]
    assert not numerics, numerics
    values = {}
    for row in table:
        at = (row["model"], row["condition"].removesuffix(" on engine_mixed"), row["metric"].partition("(")[0])
        values.setdefault(at, {})[row["example"]] = row["value"]
    return root, values


def by_plain_hooks(plain):
    """condition -> metric -> example -> value"""
    rows = made.mixed()[:4]
    target, foil = plain.word(" Paris"), plain.word(" Berlin")
    every_z = torch.cat([plain.z(one.prompt, 1)[0] for one in rows])
    mean = every_z.double().mean(0).float()[plain.columns(0)]

    def uniform(one):
        v = plain.values(one.prompt, 0)[:, 0]
        window = getattr(plain.model.config, "sliding_window", None) or len(v)
        mixed = torch.stack([v[max(0, i + 1 - window) : i + 1].mean(0) for i in range(len(v))])
        return plain.put_head(0, 0, mixed)

    def last_only(one):
        theirs = plain.keep(one.fields["corrupt"], plain.blocks[1], "post")

        def put(out):
            resid = (out[0] if isinstance(out, tuple) else out).clone()
            resid[:, -1] = theirs[:, -1]
            return (resid, *out[1:]) if isinstance(out, tuple) else resid

        return [(plain.blocks[1], "post", put)]

    conditions = {
        "baseline": lambda one: [],
        "ablate(L0.H2)": lambda one: plain.zero_head(0, 2),
        "ablate(L0.H1, L1.H1)": lambda one: plain.zero_head(0, 1) + plain.zero_head(1, 1),
        "ablate(L1.H0, how=mean)": lambda one: plain.put_head(1, 0, mean),
        "ablate(L0.KV0)": lambda one: plain.zero_kv(0, 0),
        "patch(L1.H1)": lambda one: plain.put_head(1, 1, plain.z(one.fields["corrupt"], 1)[..., plain.columns(1)]),
        "patch(L0.resid_post)": lambda one: plain.put_stream(
            0, plain.keep(one.fields["corrupt"], plain.blocks[0], "post")
        ),
        "patch(L1.resid_post, at=last)": last_only,
        "uniform(L0.H0)": uniform,
    }
    found = {}
    for one in rows:
        clean = plain.logits(one.prompt)
        for name, edits_for in conditions.items():
            edits = edits_for(one)
            logits = plain.logits(one.prompt, edits)
            v = [plain.values(one.prompt, layer, edits)[-3:] for layer in (1, 0)]
            row = {
                "logit_diff": logit_diff(logits, target, foil), "p_target": p_target(logits, target), "entropy": entropy(logits),
                "kl": kl(logits, clean), "loss": loss(logits, plain.ids(one.prompt)),
                "r_v": participation(v[0]) / participation(v[1]),
            }  # fmt: skip
            for metric, value in row.items():
                found.setdefault(name, {}).setdefault(metric, {})[one.id] = value
    return found


@pytest.mark.parametrize("key", SHAPES)
def test_every_number_equals_that_of_plain_hooks(measured, key):
    root, values = measured
    expected = by_plain_hooks(Plain(root / key, root / key / "tokenizer"))
    compared = 0
    for condition, metrics in expected.items():
        for metric, examples in metrics.items():
            ours = values[key, condition, metric]
            assert ours.keys() == examples.keys()
            for example, value in examples.items():
                assert ours[example] == pytest.approx(value, abs=2e-5, rel=2e-5, nan_ok=True), (
                    condition,
                    metric,
                    example,
                )
                compared += 1
    assert compared == 9 * 6 * 4


@pytest.mark.parametrize("key", SHAPES)
def test_after_all_of_it_the_model_is_bit_equal_to_plain_transformers(measured, key):
    from transformers import AutoModelForCausalLM

    root, _ = measured
    plain = AutoModelForCausalLM.from_pretrained(root / key).eval()
    with torch.no_grad():
        logits = plain(torch.tensor([[0, 11, 12, 13, 14, 15]])).logits
    assert torch.equal(torch.load(root / f"{key}.pt"), logits)
