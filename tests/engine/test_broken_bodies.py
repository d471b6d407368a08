"""Bodies that break the rules in the middle of many sound ones: each is caught, and does no harm to its neighbours."""

import json

import engine_examples as made  # noqa: F401  (declares the examples)
import numpy as np
import pyarrow.parquet as pq
import pytest
from suite import ClaimSuite

HEAD = """
import engine_examples
import pytest
import torch
from causal_claims import Head, Metric, Stage, ablate, metric, negligible, operation, patch, raises
from causal_claims.sites import Point

pytestmark = pytest.mark.mistral
DIFF, LOSS = Metric("logit_diff", over="engine_many"), Metric("loss", over="engine_mixed")
EVERY = [ablate(Head(layer, head)) for layer in range(3) for head in range(4)]
"""
TEST = """

@pytest.mark.parametrize("claim", CLAIMS)
def test_it(claim, holds):
    assert holds(claim)
"""
BATCH = """
def edited(z, rows):
    z[rows] = 0
    return z


@operation(writes={Head: Stage.Z})
def first_half(z, run):
    return edited(z, slice(0, len(z) // 2))


@operation(writes={Head: Stage.Z})
def last_half(z, run):
    return edited(z, slice(len(z) // 2, None))


@operation(writes={Head: Stage.Z})
def first_row(z, run):
    return edited(z, slice(0, 1))


@operation(writes={Head: Stage.Z})
def halved_digits(z, run):
    return z.half()


@operation(writes={Head: Stage.Z})
def more_digits(z, run):
    return 0 * z.double()


CLAIMS = [
    *(raises(DIFF, by=one, beyond=0.01) for one in EVERY),
    *(raises(DIFF, by=body(Head(0, 1)), beyond=0.01, id=body.name)
      for body in (first_half, last_half, first_row, halved_digits, more_digits)),
]
"""
IN_PLACE = """
@operation(writes={Head: Stage.Z})
def scribbles(z, run):
    run.batch.ids.zero_(), run.batch.mask.zero_()
    run.live.values(1).zero_(), run.live.pattern(1).zero_()
    return z.zero_()


@operation(writes={Head: Stage.Z})
def means(z, run, *, how: str = "mean"):
    found = run.mean()
    wanted = found.clone()
    found.zero_()
    return wanted


@metric(reads=lambda options: (Point(1, Stage.QKV), Point(1, Stage.Z), Point(1, Stage.RESID_POST)))
def greedy(run):
    inside = run.batch.mask[:, :, None]
    found = sum((one.flatten(2) * inside).flatten(1).norm(dim=1) for one in (run.v(1), run.z(1), run.resid(1)))
    run.v(1).zero_(), run.z(1).zero_(), run.resid(1).zero_(), run.batch.lengths.zero_()
    return found


SCRIBBLES, MEANS = scribbles(Head(1, 0), Head(2, 1)), means(Head(1, 0), how="mean")
CLAIMS = [
    negligible(Metric("greedy", over="engine_many"), each=[SCRIBBLES, MEANS, EVERY[0], EVERY[7]], within=0.1),
    negligible(DIFF, each=[MEANS, ablate(Head(1, 0), how="mean"), SCRIBBLES, ablate(Head(1, 0), Head(2, 1)), EVERY[7]], within=0.1),
]
"""
LITTER = """
@operation(writes={Head: Stage.Z})
def litter(z, run):
    import gc
    from transformers import MistralForCausalLM

    for model in [one for one in gc.get_objects() if isinstance(one, MistralForCausalLM)]:
        LEFT
    return 0 * z


CLAIMS = [
    raises(DIFF, by=litter(Head(0, 1)), beyond=0.01, id="litters"),
    raises(LOSS, by=EVERY[5], beyond=0.01, id="comes_after"),
]
"""
LEFT = {
    "a hook on another layer": "model.model.layers[2].input_layernorm.register_forward_hook(lambda m, args, out: 1.01 * out)",
    "a weight that no token of the witness meets": "model.model.embed_tokens.weight[41].zero_()",
}


def run(folder, checkpoints, text, cache="off"):
    entry = f"mistral: {{family: mistral, id: x, path: {checkpoints['mistral']}}}\n"
    found = ClaimSuite({"models.yaml": entry, "test_x.py": HEAD + text + TEST}).run_here(
        "--claims-device", "cpu", "--claims-cache", cache, folder=folder
    )
    assert (folder / "reports" / "claims.json").is_file(), found.text
    return {one["id"]: one for one in found.records}


def test_what_edits_some_rows_of_a_batch_or_drops_digits_gets_no_verdict(checkpoints, tmp_path):
    found = run(tmp_path, checkpoints, BATCH)
    for name in ("first_half", "last_half", "first_row"):
        assert found[name]["outcome"] == "INVALID", (name, found[name]["reason"])
        assert "numerics" in {one["name"] for one in found[name]["guards"] if one["fired"]}, found[name]["reason"]
    assert found["halved_digits"]["outcome"] == "ERROR"
    assert "its body returned float16 for float32" in found["halved_digits"]["reason"]
    assert found["more_digits"]["outcome"] in ("SUPPORTED", "REFUTED", "INCONCLUSIVE"), found["more_digits"]["reason"]


def test_what_is_written_on_what_a_body_was_given_reaches_nobody(checkpoints, tmp_path):
    run(tmp_path, checkpoints, IN_PLACE)
    values = {}
    for row in pq.read_table(tmp_path / "reports" / "measurements.parquet").to_pylist():
        at = row["metric"].partition(" ")[0], row["condition"].partition(" on ")[0]
        values.setdefault(at, []).append(row["value"])
    same = {
        "means(L1.H0)": "ablate(L1.H0, how=mean)",
        "scribbles(L1.H0, L2.H1)": "ablate(L1.H0, L2.H1)",
    }
    for broken, sound in same.items():
        np.testing.assert_allclose(values["logit_diff", broken], values["logit_diff", sound], atol=1e-5)
    assert all(np.abs(one).min() > 0.1 for (metric, _), one in values.items() if metric == "greedy")
    reasons = json.dumps(json.loads((tmp_path / "reports" / "claims.json").read_text()))
    assert "by the reference path" not in reasons


@pytest.mark.parametrize("left", LEFT)
def test_damage_makes_all_that_is_measured_after_it_invalid(checkpoints, tmp_path, left):
    for one in run(tmp_path, checkpoints, LITTER.replace("LEFT", LEFT[left])).values():
        assert one["outcome"] == "INVALID", one["reason"]
        fired = {guard["name"] for guard in one["guards"] if guard["fired"]}
        assert fired & {"not delivered", "numerics"}, one["reason"]
