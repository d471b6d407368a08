"""Holm over the claims that may stop a checkpoint: one of many just beyond its margin may be chance."""

import numpy as np
import pytest
from causal_claims import Head, Metric, ablate, lowers
from causal_claims.gate.change import Change
from causal_claims.gate.compare import compare
from causal_claims.measurements import Measurement
from series import run_of

M = Metric("x")
N, CLAIMS, MARGIN = 64, 20, 0.2
IDS = tuple(f"e{i:02d}" for i in range(N))
LEVEL = np.linspace(3, 4, N)
NOISE = np.random.default_rng(0).normal(0, 0.1, N)
NOISE = (NOISE - NOISE.mean()) / NOISE.std(ddof=1) * 0.1


def held(errors, marked=range(CLAIMS)):
    """Two runs of twenty claims; the first one's effect has shrunk by the margin and so many standard errors."""
    suite = [lowers(M, by=ablate(Head(0, h)), beyond=MARGIN, id=f"c{h:02d}", gate=h in marked) for h in range(CLAIMS)]
    old = [Measurement("toy", "x", f"ablate(L0.H{h})", IDS, IDS, LEVEL - 2.0 + NOISE) for h in range(CLAIMS)]
    shift = MARGIN + errors * 0.1 / np.sqrt(N) - NOISE[::-1]
    new = [Measurement("toy", "x", old[0].condition, IDS, IDS, old[0].values + shift), *old[1:]]
    base = Measurement("toy", "x", "baseline", IDS, IDS, LEVEL)
    return compare(run_of([base, *old], suite), run_of([base, *new], suite))


@pytest.mark.parametrize(("errors", "marked", "change", "code"), [
    (2.5, range(CLAIMS), Change.UNDETERMINED, 0),  # of twenty, one may be here by chance
    (2.5, [0], Change.REGRESSED, 10),  # the only gate
    (4.5, range(CLAIMS), Change.REGRESSED, 10),  # beyond what twenty explain
    (1.5, [0], Change.UNDETERMINED, 0),  # not beyond the margin by its own interval
])  # fmt: skip
def test_how_many_gates_there_are_decides_how_far_one_must_go(errors, marked, change, code):
    found = held(errors, marked)

    assert (found.rows[0].change, found.exit_code) == (change, code)
    assert found.family == len(marked)


def test_what_was_held_back_says_how_many_examples_would_settle_it():
    row = held(2.5).rows[0]

    assert "but Holm's p over 20 claims is" in row.reason
    assert N < row.shift.n_needed < 4 * N
    assert f"about n={row.shift.n_needed} would settle it" in row.reason


def test_claims_that_are_no_gates_do_not_count_against_those_that_are():
    """The family is the gates; the others have a family of their own."""
    assert held(2.5, [0, 1]).rows[0].p_holm < held(2.5).rows[0].p_holm
