"""Every claim on every planted variant comes out as it must: the suite goes red on a planted wrong model."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from causal_claims.cli.trial import held_to_models, trials
from causal_claims.cli.truth import Seen, differences, observed, truths
from causal_claims.cli.truth_page import page
from causal_claims.ledger import read_ledger

ROOT = Path(__file__).parents[2]
TRUTHS = list(truths(ROOT / "fixtures" / "truth"))


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.chdir(ROOT)


# a whole run takes a minute
FEW = [one for one in TRUTHS if not one.whole or one.variant in ("in_place", "absent", "decoy")]


@pytest.mark.slow
@pytest.mark.parametrize("truth", FEW, ids=lambda one: f"{one.family}-{one.variant}-{one.select or 'all'}")
def test_no_claim_is_decided_the_other_way(truth):
    """On few examples, or some variants; `causal-claims calibrate --planted` and `-m calibration` take all."""
    found = observed(truth, examples=truth.examples)

    assert differences(truth, found, thin=truth.examples is not None) == []
    undecided = Counter(one.outcome == "INCONCLUSIVE" != truth.expected(one.id, one.model) for one in found)
    assert undecided[True] <= len(found) / 4


@pytest.mark.calibration
@pytest.mark.parametrize("truth", TRUTHS, ids=lambda one: f"{one.family}-{one.variant}-{one.select or 'all'}")
def test_every_claim_comes_out_as_it_must(truth):
    assert differences(truth, observed(truth)) == []


@pytest.mark.slow
def test_a_trial_decides_as_a_run_does(tmp_path):
    asked = ["claims/suppressor", "-m", "pythia_160m", "--claims-stand-in", "--claims-examples", "24"]
    where = ["--claims-reports", str(tmp_path), "--claims-cache", "off", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *asked, *where], cwd=ROOT, capture_output=True, text=True, check=False
    )
    run = {one.id: one for one in read_ledger(tmp_path / "claims.json").records}
    chosen = held_to_models("claims/suppressor", "pythia_160m")
    trial = {one.claim.id: one for one in trials(chosen, "suppressor", "in_place", examples=24)}

    assert {name: one.outcome for name, one in trial.items()} == {name: one.outcome for name, one in run.items()}, (
        done.stdout
    )
    for name, one in trial.items():  # a cell measured in another batch differs in its last digits
        assert one.effect == pytest.approx(run[name].effect, abs=1e-5)


def test_a_wrong_verdict_would_be_seen():
    truth = TRUTHS[0]
    claim, _ = next(iter(truth.outcomes))
    wrong = Seen(claim, "m", "ERROR", "")

    assert differences(truth, [wrong])[0].startswith(f"{claim} on m: ERROR, must be ")
    assert differences(truth, [wrong], thin=True)


def test_no_verdict_on_a_claim_of_the_table_would_be_seen():
    assert differences(TRUTHS[0], [])[0].startswith("no verdict on ")


def test_the_page_shows_the_table():
    assert page(TRUTHS) in (ROOT / "docs" / "truth.md").read_text(encoding="utf-8")


def test_the_findings_tell_what_comes_out_in_place():
    """By the tags under each finding, which `causal-claims prose` holds to a ledger, and by the words that are read."""
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    table = {claim: out for one in TRUTHS if one.variant == "in_place" for (claim, _), out in one.outcomes.items()}
    told = {}
    for finding in re.split(r"\n##+ ", text)[1:]:
        tags = re.findall(r"\[claim:([^\s@]+)(?:@\S+)? ([a-z-]+)", finding)
        here = {claim: word.upper().replace("-", " ") for claim, word in tags}
        words = re.findall(r"([A-Z]{5,}|NOT RUN)(?:, as expected)?: ", " ".join(finding.split()) if tags else "")
        assert {*words} == {*here.values()}, finding
        told |= here

    assert {claim: told.get(claim) for claim in table} == table
