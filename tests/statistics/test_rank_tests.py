"""Wilcoxon's signed ranks against scipy and against enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import rank_tests
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

DIFFERENCES = hnp.arrays(np.float64, st.integers(1, 9), elements=st.integers(-9, 9).map(float))


@given(st.integers(0, 300), st.integers(3, 30))
def test_the_exact_test_agrees_with_scipy(seed: int, n: int) -> None:
    """A second implementation: scipy.stats.wilcoxon(d, method="exact"), no ties."""
    d = np.random.default_rng(seed).normal(0.3, 1, n)
    result = rank_tests.wilcoxon(d)

    assert pytest.approx(stats.wilcoxon(d, method="exact").pvalue) == result.p_two_sided
    assert pytest.approx(stats.wilcoxon(d, method="exact", alternative="greater").pvalue) == result.p_greater


@given(DIFFERENCES)
def test_the_exact_test_counts_sign_patterns_of_tied_ranks(d: np.ndarray) -> None:
    """By enumeration: the share of patterns with V at least as large."""
    result = rank_tests.wilcoxon_exact(d)
    ranks = stats.rankdata(np.abs(d[d != 0]))
    sums = (np.arange(2 ** len(ranks))[:, None] >> np.arange(len(ranks)) & 1) @ ranks

    assert pytest.approx(np.mean(sums >= result.V - 1e-9)) == result.p_greater
    assert pytest.approx(np.mean(sums <= result.V + 1e-9)) == result.p_less


def test_large_samples_take_the_normal_approximation() -> None:
    """51 differences and more; near the exact answer there."""
    d = np.random.default_rng(1).normal(0.2, 1, 51)

    assert rank_tests.wilcoxon_normal(d, correct=True) == rank_tests.wilcoxon(d)
    assert pytest.approx(rank_tests.wilcoxon_exact(d).p_two_sided, abs=0.002) == rank_tests.wilcoxon(d).p_two_sided


def test_no_difference_at_all_is_no_evidence() -> None:
    """p = 1, exact or approximate."""
    assert rank_tests.wilcoxon_exact([0, 0]).p_two_sided == rank_tests.wilcoxon_normal([0, 0]).p_two_sided == 1


def test_the_pseudomedian_of_three_is_worked_by_hand() -> None:
    """Averages of all pairs of 1, 2, 6: 1, 1.5, 2, 3.5, 4, 6; their median 2.75."""
    assert rank_tests.hodges_lehmann([1, 2, 6]) == 2.75
