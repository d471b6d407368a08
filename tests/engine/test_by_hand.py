"""The `model` fixture, and the documentation's own text run as claim files on a small random checkpoint."""

import re
from pathlib import Path

import pytest
from suite import ClaimSuite

DOCS = (Path(__file__).parents[2] / "docs" / "writing-a-claim.md").read_text(encoding="utf-8")
LIVE = """
import pytest
from causal_claims import Head, Metric, ablate, raises
pytestmark = pytest.mark.gpt2

@pytest.mark.parametrize("claim", [raises(Metric("lead", over="capitals"), by=ablate(Head(1, 2)), beyond=0.01, id="live")])
def test_live(claim, holds):
    assert holds(claim)
"""
FREED = """
import gc, weakref
import pytest
SEEN = []

@pytest.mark.gpt2
def test_uses_it(model):
    assert model.spec.key == "gpt2"
    SEEN.append(weakref.ref(model.hf_model.transformer.wte.weight))
    SEEN.append(weakref.ref(model.bridge))
    del model

def test_after_the_last_claim_it_is_gone():
    gc.collect()
    assert [ref() for ref in SEEN] == [None, None]
"""
LITTER = """
import pytest
pytestmark = pytest.mark.gpt2

def test_leaves_a_hook(model):
    model.hf_model.lm_head.register_forward_hook(lambda *args: None)

def test_leaves_a_hook_on_the_bridge(model):
    model.bridge.add_hook("blocks.0.attn.hook_z", lambda z, hook: z * 0)

def test_edits_a_weight(model):
    model.hf_model.transformer.ln_f.bias.data += 1

def test_gets_it_fresh(model):
    assert not model.hf_model.lm_head._forward_hooks
"""


def blocks(title):
    """The Python blocks of a section."""
    section = DOCS.split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def suite(checkpoints):
    entry = f"gpt2: {{family: gpt2, id: x, path: {checkpoints['gpt2']}}}\n"
    return ClaimSuite({"models.yaml": entry})


def run(suite, folder, **files):
    for name, text in files.items():
        suite = suite.with_file(f"{name}.py", text)
    return suite.run_here("--claims-cache", "off", "--claims-device", "cpu", folder=folder)


def test_what_the_documentation_shows_runs_and_agrees_with_a_live_measurement(suite, tmp_path):
    (own,), (by_hand,) = blocks("A metric or an intervention of your own"), blocks("Measuring by hand")
    found = run(suite, tmp_path, test_a_own=own, test_b_by_hand=by_hand, test_c_live=LIVE)
    records = {one["id"]: one for one in found.records}
    turned = next(one for one in found.records if "turn" in one["condition"])
    hand, live = records["by-hand"], records["live"]
    judged = {"SUPPORTED", "REFUTED", "INCONCLUSIVE"}
    assert {one["outcome"] for one in found.records} <= judged, found.text
    assert turned["receipt"]["turn(L1.H2) on capitals"]["fired"] == 16
    assert hand["n"] == live["n"] == 16
    assert hand["effect"] == pytest.approx(live["effect"], abs=1e-5)
    assert (hand["outcome"], hand["level_of_evidence"]) == (live["outcome"], "descriptive")
    assert live["level_of_evidence"] == "causal"


def test_the_memory_is_freed_when_the_last_claim_is_done(suite, tmp_path):
    found = run(suite, tmp_path, test_freed=FREED)
    assert "2 passed" in found.text, found.text


def test_a_model_that_is_given_back_changed_fails_its_test_and_no_other(suite, tmp_path):
    found = run(suite, tmp_path, test_litter=LITTER)
    assert "4 passed, 3 errors" in found.text, found.text
    assert found.text.count("left gpt2 changed") >= 3
    assert "causal_claims/" not in found.text


def test_no_model_is_chosen_or_there(suite, tmp_path):
    away = suite.with_file("models.yaml", "gpt2: {family: gpt2, id: x, path: /nowhere}\n")
    found = run(
        away,
        tmp_path,
        test_x="import pytest\n\n@pytest.mark.gpt2\ndef test_it(model): pass\n\n\ndef test_none(model): pass\n",
    )
    assert "1 skipped, 1 error" in found.text, found.text
    assert "which model?  Mark the test with a key or family" in found.text


def test_somebody_elses_fixture_of_that_name_is_left_alone(suite, tmp_path):
    theirs = "import pytest\n\n@pytest.fixture\ndef model(): return 3\n\n\n@pytest.mark.gpt2\ndef test_it(model): assert model == 3\n"
    assert "1 passed" in run(suite, tmp_path, test_theirs=theirs).text
