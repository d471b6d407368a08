"""Every claim on every planted variant comes out as it must: the suite goes red on a planted wrong model."""

from pathlib import Path

import pytest
from causal_claims.cli.truth import differences, observed, truths

TRUTHS = list(truths(Path(__file__).parents[2] / "fixtures" / "truth"))


@pytest.mark.slow
@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: f"{truth.family}-{truth.variant}")
def test_every_claim_comes_out_as_it_must(truth, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    records = observed(truth)

    assert records
    assert differences(truth, records) == []


def test_a_wrong_verdict_would_be_seen():
    truth = TRUTHS[0]
    claim, _ = next(iter(truth.outcomes))
    wrong = {"id": claim, "model": "m", "outcome": "NOT RUN", "line": "", "stand_in": f"{truth.family}/x"}

    assert differences(truth, [wrong])[0].startswith(f"{claim} on m: NOT RUN, must be ")
