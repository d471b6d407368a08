"""Correlations over heads."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import correlation
from scipy import stats

IQ = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
TELEVISION = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]


def test_iq_and_television_have_the_textbook_rank_correlation() -> None:
    """-29/165, the worked example of the usual introductions to Spearman's rho."""
    assert pytest.approx(-29 / 165) == correlation.spearman(IQ, TELEVISION, seed=1).r


def test_pearson_and_its_interval_agree_with_scipy() -> None:
    """A second implementation: scipy.stats.pearsonr(x, y).confidence_interval()."""
    x, y = np.random.default_rng(1).normal(size=(2, 30))
    expected, result = stats.pearsonr(x, x + y), correlation.pearson(x, x + y, seed=1)

    assert pytest.approx(expected.statistic) == result.r
    assert pytest.approx(tuple(expected.confidence_interval())) == (result.interval.low, result.interval.high)


@pytest.mark.parametrize("method", [correlation.pearson, correlation.spearman])
def test_the_interval_covers_the_true_correlation(method: object) -> None:
    """1,000 normal samples of 40, rho = .6 (Spearman's is 6/pi asin(rho/2))."""
    rng = np.random.default_rng(2)
    truth = 0.6 if method is correlation.pearson else 6 / np.pi * np.arcsin(0.3)
    covered = []
    for _ in range(1000):
        x = rng.normal(size=40)
        y = 0.6 * x + 0.8 * rng.normal(size=40)
        covered.append(not method(x, y, 1, 1).interval.excludes(truth))  # type: ignore[operator]

    assert pytest.approx(0.95, abs=0.025) == np.mean(covered)


def test_unrelated_scores_have_an_even_permutation_p() -> None:
    """400 null samples: a tenth below .1."""
    rng = np.random.default_rng(3)
    p = [correlation.pearson(*rng.normal(size=(2, 20)), seed=i, permutations=199).p_two_sided for i in range(400)]

    assert pytest.approx(0.1, abs=0.05) == np.mean(np.array(p) <= 0.1)


def test_a_perfect_order_reaches_the_floor() -> None:
    """Spearman sees any rising curve as 1, with p at the smallest possible."""
    x = np.arange(30.0)
    result = correlation.spearman(x, np.exp(x), seed=1)

    assert (result.r, result.p_two_sided, result.p_floor) == (1.0, 1 / 2000, 1 / 2000)
    assert result.interval.high == 1


def test_a_correlation_that_hangs_on_one_pair_is_open() -> None:
    """144 heads: one score and one effect stand out, and everything else is noise; Fisher's interval is sure of it."""
    x, y = np.random.default_rng(4).normal(0, 0.01, size=(2, 144))
    x[0], y[0] = 1.0, 1.0
    few, fisher = correlation.pearson_of_few(x, y, seed=1), correlation.pearson(x, y, seed=1)

    assert few.r == fisher.r > 0.95
    assert fisher.interval.low > 0.9
    assert few.interval.low < 0.3


def test_a_correlation_that_many_of_few_carry_is_shown() -> None:
    """Ten of 144 have scores and effects that go together: the values say so, and the ranks of the others drown it."""
    x, y = np.random.default_rng(5).normal(0, 0.005, size=(2, 144))
    x[:10] = np.linspace(0.1, 0.34, 10)
    y[:10] = 0.1 * x[:10]

    assert correlation.pearson_of_few(x, y, seed=1).interval.low > 0.5
    assert correlation.spearman(x, y, seed=1).r < 0.35
