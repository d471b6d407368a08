"""Standardised effects: the worked example of Lakens (2013), and the share of examples that moved."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import effect_size, proportion
from scipy import stats


def test_two_rated_movies_have_the_g_av_of_lakens() -> None:
    """Lakens (2013): means 8.7 and 7.7, sd .82 and .95, ten raters: d_av = 1.13, g_av = 1.08."""
    g = effect_size.g_av_summary(8.7, 7.7, 0.82, 0.95, 10)

    assert pytest.approx(1.08, abs=0.005) == g
    assert pytest.approx(1.13, abs=0.005) == g / effect_size.unbiasing(18)


def test_most_of_the_bias_is_gone_on_average() -> None:
    """20,000 studies of 8 pairs of independent arms, a true difference of one standard deviation: 8 % becomes 2 %."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(1, 1, (20_000, 8)), rng.normal(0, 1, (20_000, 8))
    d = (x.mean(1) - y.mean(1)) / ((x.std(1, ddof=1) + y.std(1, ddof=1)) / 2)

    assert pytest.approx(1.08, abs=0.01) == d.mean()
    assert pytest.approx(1.02, abs=0.01) == d.mean() * effect_size.unbiasing(14)


def test_raw_arms_and_their_summaries_agree() -> None:
    """And exchanging the arms changes the sign."""
    x, y = np.random.default_rng(2).normal(size=(2, 12))
    g = effect_size.hedges_g_av(x, y)

    assert effect_size.g_av_summary(x.mean(), y.mean(), x.std(ddof=1), y.std(ddof=1), 12) == g
    assert -g == effect_size.hedges_g_av(y, x)


def test_d_z_is_t_over_root_n() -> None:
    """A second implementation: scipy.stats.ttest_1samp(d, 0).statistic / sqrt(n)."""
    d = np.random.default_rng(3).normal(0.3, 1, 25)

    assert pytest.approx(stats.ttest_1samp(d, 0).statistic / 5) == effect_size.d_z(d)


def test_a_zero_is_no_positive_difference() -> None:
    """Two of five examples rose."""
    share = effect_size.share_positive([0, 1, 2, -1, 0])

    assert (0.4, proportion.wilson(2, 5)) == (share.share, share.interval)


def test_rank_biserial_is_one_when_all_rise_and_zero_when_nothing_moves() -> None:
    """Ranks 1 and 3 up, 2 down: (1 + 3 - 2) / 6."""
    assert effect_size.rank_biserial([1, 2, 0]) == 1
    assert effect_size.rank_biserial([0, 0]) == 0
    assert pytest.approx(1 / 3) == effect_size.rank_biserial([1, -2, 3])
