"""Every claim on every planted variant comes out as it must: the suite goes red on a planted wrong model."""

from collections import Counter
from pathlib import Path

import pytest
from causal_claims.cli.trial import held_to_models, trials
from causal_claims.cli.truth import differences, observed, truths
from causal_claims.cli.truth_page import page
from causal_claims.ledger import read_ledger
from causal_claims.verdicts import Outcome, Verdict

ROOT = Path(__file__).parents[2]
TRUTHS = list(truths(ROOT / "fixtures" / "truth"))


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.slow
@pytest.mark.parametrize("truth", TRUTHS, ids=lambda one: f"{one.family}-{one.variant}-{one.select or 'all'}")
def test_no_claim_is_decided_the_other_way(truth):
    """On few examples; `causal-claims calibrate --planted` takes all of them."""
    found = observed(truth, examples=truth.examples)

    assert differences(truth, found, thin=truth.examples is not None) == []
    undecided = Counter(one.outcome == "INCONCLUSIVE" != truth.expected(one.claim.id, one.model) for one in found)
    assert undecided[True] <= len(found) / 4


@pytest.mark.calibration
@pytest.mark.parametrize("truth", TRUTHS, ids=lambda one: f"{one.family}-{one.variant}-{one.select or 'all'}")
def test_every_claim_comes_out_as_it_must(truth):
    assert differences(truth, observed(truth)) == []


@pytest.mark.slow
def test_a_trial_decides_as_a_run_does(tmp_path, pytester):
    options = ("--claims-stand-in", "-m", "pythia_160m", "--claims-examples", "24", "--claims-reports", str(tmp_path))
    pytester.plugins = []
    done = pytester.runpytest_subprocess(
        "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), *options, str(ROOT / "claims")
    )
    run = {one.id: (one.outcome, one.effect) for one in read_ledger(tmp_path / "claims.json").records}
    trial = {
        one.claim.id: (one.outcome, one.effect)
        for one in trials(held_to_models("claims/suppressor", "pythia_160m"), "suppressor", "in_place", examples=24)
    }

    assert done.ret == 0
    assert trial == run


def test_a_wrong_verdict_would_be_seen():
    truth = TRUTHS[0]
    claim, model = held_to_models(truth.claims, truth.select)[0]
    wrong = next(iter(_as(claim, model, Outcome.ERROR)))

    assert differences(truth, [wrong])[0].startswith(f"{claim.id} on {model}: ERROR, must be ")
    assert differences(truth, [wrong], thin=True)


def test_no_verdict_on_a_claim_of_the_table_would_be_seen():
    assert differences(TRUTHS[0], [])[0].startswith("no verdict on ")


def test_the_page_shows_the_table():
    assert page(TRUTHS) in (ROOT / "docs" / "truth.md").read_text(encoding="utf-8")


def _as(claim, model, outcome):
    from causal_claims.cli.trial import Trial
    from causal_claims.verdicts import Evidence

    yield Trial(claim, model, Verdict(outcome, "", Evidence(None)))
