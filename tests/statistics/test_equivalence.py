"""Two one-sided tests: the interval and the p-values say the same, and failing to show is never showing."""

from __future__ import annotations

import numpy as np
from causal_claims.statistics import equivalence, mean
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(0, 400), st.floats(0.05, 2))
def test_the_classical_p_agrees_with_the_90_percent_t_interval(seed: int, margin: float) -> None:
    """Both one-sided p below .05 exactly when the interval is inside the margin."""
    d = np.random.default_rng(seed).normal(0.1, 1, 20)

    assert mean.student_t(d, 0.90).inside(-margin, margin) == (equivalence.tost(d, margin).tests.p < 0.05)


@given(st.integers(0, 400), st.floats(0.05, 2))
def test_within_and_beyond_exclude_each_other(seed: int, margin: float) -> None:
    """And the decision interval is never more easily within than t."""
    d = np.random.default_rng(seed).exponential(1, 20)
    result = equivalence.tost(d, margin)

    assert not (result.within and result.beyond)
    assert not result.within or result.tests.p < 0.05


def test_a_wide_interval_is_neither_within_nor_beyond() -> None:
    """Four noisy examples decide nothing."""
    result = equivalence.tost([-3, 4, -2, 2], margin=0.5)

    assert (result.within, result.beyond) == (False, False)


def test_two_equal_summaries_without_error_meet_at_the_bounds() -> None:
    """A standard error of 0 is allowed: the tests are then certain."""
    assert equivalence.tost_summary(0.1, 0, 9, -0.5, 0.5).p == 0
    assert equivalence.tost_summary(0.9, 0, 9, -0.5, 0.5).p == 1
    assert equivalence.tost_summary(0.5, 0, 9, -0.5, 0.5).p == 0.5
