"""A checkpoint gated as a training team does it: kept with a scan, then another in its place, no claim about other heads."""

import json
from pathlib import Path

import pytest
from causal_claims.planted.series import LATER, LIKE, SERIES
from causal_claims.recorded import read_measurements
from causal_claims.sites import Head
from shop import Shop

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PLACES = {"PYTHONPATH": f"{ROOT}:{ROOT}/plugin"}
CLAIM = """
import pytest
from causal_claims import Head, Metric, ablate, raises

pytestmark = pytest.mark.small

@pytest.mark.parametrize("claim", [
    raises(Metric("logit_diff", over="facts"), by=ablate(Head(0, 2)), beyond=0.15, gate=True, id="main"),
])
def test_it(claim, holds):
    assert holds(claim)
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A repository whose baseline was kept with every head of layers 0 and 1."""
    found = Shop.open(tmp_path_factory.mktemp("live"))
    (found.folder / "claims/test_circuit.py").write_text(CLAIM)
    (found.folder / "conftest.py").write_text('pytest_plugins = ["fixtures.prompts", "fixtures.pairs"]')
    entry = f"family: gpt2, id: a/b, layers: {LIKE.layers}, heads: {LIKE.heads}, kv_heads: {LIKE.kv_heads}"
    (found.folder / "models.yaml").write_text(f"small: {{{entry}}}")
    done = run(found, "base", "--claims-save main --claims-scan 0-1")
    assert done.code == 0, done.text
    return found


def run(shop, name, options):
    path = SERIES[name](shop.folder / name)
    return shop.sh(f"pytest -q claims --claims-model small={path} {options}", **PLACES)


def test_a_scan_keeps_each_head_once(shop):
    table = read_measurements(shop.folder / "reports/baselines/main/measurements.parquet")

    assert len(table) == 3 + 2 * LIKE.heads  # the baseline, the claim's two controls for the norm, and every head


def test_a_gate_measures_the_same_heads_where_a_claim_regressed_and_names_the_one(shop):
    """With workers, so that the scan is made where no claim was measured."""
    done = run(shop, "moved_later", "-n 1 --claims-gate --claims-baseline main")
    (row,) = json.loads((shop.folder / "reports/claims.json").read_text())["run"]["gate"]["rows"]

    assert done.code == 10, done.text
    assert (row["cause"]["word"], row["cause"]["heads"]) == ("mechanism moved", [str(Head(*LATER))])
    assert row["line"] in done.text


def test_a_good_checkpoint_costs_no_scan(shop):
    done = run(shop, "unchanged", "--claims-gate --claims-baseline main --claims-reports good")

    assert done.code == 0, done.text
    assert len(read_measurements(shop.folder / "good/measurements.parquet")) == 4


@pytest.mark.parametrize(("options", "words"), [
    ("--claims-scan 3-x", "write all, or layers as 0-3,25"),
    ("--claims-scan --claims-measurements t.csv", "with --claims-measurements nothing is measured"),
])  # fmt: skip
def test_a_scan_that_cannot_be_is_a_sentence(shop, options, words):
    done = shop.sh(f"pytest -q claims {options}", **PLACES)

    assert done.code == 4
    assert words in done.text
