"""Adjusted p-values: textbook values, scipy, and their order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from causal_claims.statistics.multiplicity import benjamini_hochberg, bonferroni, holm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_holms_steps_on_four_p_values() -> None:
    """.005 * 4, .01 * 3, then .03 * 2, which holds the last one up."""
    assert pytest.approx([0.03, 0.06, 0.06, 0.02]) == holm([0.01, 0.04, 0.03, 0.005])


@given(P_VALUES)
def test_benjamini_hochberg_agrees_with_scipy(p: list[float]) -> None:
    """A second implementation: scipy.stats.false_discovery_control(p)."""
    assert pytest.approx(stats.false_discovery_control(p)) == benjamini_hochberg(p)


@given(P_VALUES)
def test_stricter_rules_give_larger_p(p: list[float]) -> None:
    """p <= BH <= Holm <= Bonferroni, each test keeping its place."""
    ladder = [np.array(p), benjamini_hochberg(p), holm(p), bonferroni(p)]

    for smaller, larger in pairwise(ladder):
        assert (smaller <= larger + 1e-12).all()


@given(P_VALUES, st.floats(0, 0.99))
def test_holm_is_bonferroni_repeated_on_what_is_left(p: list[float], alpha: float) -> None:
    """A second implementation, as Holm (1979) words it."""
    left, rejected = sorted(p), 0
    while left and left[0] * len(left) <= alpha:
        left, rejected = left[1:], rejected + 1

    assert rejected == (holm(p) <= alpha).sum()
