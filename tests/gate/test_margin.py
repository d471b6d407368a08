"""The margin is the largest of the claim's own, three A/A shifts, and the noise floor."""

from dataclasses import replace

import numpy as np
import pytest
from causal_claims import Head, Metric, ablate, lowers
from causal_claims.gate.change import Change
from causal_claims.gate.compare import compare
from series import BASE, run_of

M = Metric("x")
TIGHT = [lowers(M, by=ablate(Head(5, 0)), beyond=0.01, id="tight")]
FREE = [lowers(M, by=ablate(Head(5, 0)), id="free")]


def biased(by, suite, seed=50):
    """The same checkpoint on another kernel: every ablated run is off by this much."""
    found = replace(BASE, seed=seed).measurements()
    return run_of([replace(m, values=m.values - (by if m.condition != "baseline" else 0.0)) for m in found], suite)


def test_a_bias_of_the_instrument_is_no_regression_once_it_was_measured():
    new = biased(-0.05, TIGHT)
    blind = compare(BASE.run(TIGHT), new).rows[0]
    seeing = compare(BASE.run(TIGHT), new, again=biased(-0.05, TIGHT, seed=51)).rows[0]

    assert blind.change is Change.REGRESSED
    assert blind.shift.margin_from == "the claim's margin"
    assert seeing.change is Change.UNCHANGED
    assert seeing.shift.margin_from == "three times the A/A shift"
    assert seeing.shift.margin == pytest.approx(0.15, abs=0.02)


def test_a_claim_without_a_margin_may_shift_by_a_quarter_of_its_spread():
    old = BASE.run(FREE)
    row = compare(old, biased(-0.05, FREE)).rows[0]
    spread = np.std(old.recorded.some([("toy", "x", "ablate(L5.H0)")])["toy", "x", "ablate(L5.H0)"].values
                    - old.recorded.some([("toy", "x", "baseline")])["toy", "x", "baseline"].values, ddof=1)  # fmt: skip

    assert row.change is Change.UNCHANGED
    assert row.shift.margin == pytest.approx(spread / 4)


def test_the_noise_floor_of_either_run_widens_a_margin():
    old, new = BASE.run(TIGHT), biased(-0.05, TIGHT)
    new.ledger.records[0].noise_floor = 0.08
    row = compare(old, new).rows[0]

    assert (row.change, row.shift.margin_from) == (Change.UNCHANGED, "the noise floor")


def test_without_an_a_a_run_the_comparison_says_so():
    assert "no A/A run" in compare(BASE.run(TIGHT), BASE.run(TIGHT)).notes[0]
