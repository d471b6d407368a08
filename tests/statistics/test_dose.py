"""Slopes, Page's trend and monotone steps."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import mean
from causal_claims.statistics.dose import monotone, page, slope
from scipy import stats

DOSES = [1, 2, 5, 10, 20]


def responses(seed: int, curve: list[float], n: int = 30) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 1)) + rng.normal(size=(n, len(curve))) * 0.5 + np.array(curve)


def test_each_example_has_its_least_squares_slope() -> None:
    """A second implementation: numpy.polyfit(log k, y, 1)[0] per example."""
    Y = responses(1, [0, 0, 0, 0, 0])
    result = slope(Y, DOSES)

    assert pytest.approx([np.polyfit(np.log(DOSES), y, 1)[0] for y in Y]) == result.slopes
    assert mean.hull(result.slopes) == result.interval


def test_a_line_in_log_dose_has_its_own_slope() -> None:
    """y = 3 + 2 log k in every example, each with its own level."""
    Y = 3 + 2 * np.log(DOSES) + np.arange(9.0)[:, None]

    assert pytest.approx(2) == slope(Y, DOSES).estimate


@pytest.mark.parametrize("ties", [False, True])
def test_pages_l_agrees_with_scipy(ties: bool) -> None:
    """A second implementation: scipy.stats.page_trend_test(Y, method="asymptotic"), whose variance ignores ties."""
    Y = responses(2, [0, 0.1, 0.2, 0.3, 0.4])
    if ties:
        Y = np.round(Y)
    expected, result = stats.page_trend_test(Y, method="asymptotic"), page(Y)

    assert pytest.approx(expected.statistic) == result.L
    if not ties:
        assert pytest.approx(expected.pvalue) == result.p_rising


def test_responses_without_any_order_have_no_trend() -> None:
    """Everything tied: z is 0."""
    assert page(np.ones((5, 4))).z == 0


def test_page_keeps_its_level_with_and_without_ties() -> None:
    """2,000 null studies, a tenth of them expected below .1."""
    rng = np.random.default_rng(3)
    smooth = [page(rng.normal(size=(15, 5))).p_rising < 0.1 for _ in range(1000)]
    tied = [page(rng.poisson(0.5, size=(15, 5))).p_rising < 0.1 for _ in range(1000)]

    assert 0.07 < np.mean(smooth) < 0.13
    assert 0.07 < np.mean(tied) < 0.13


def test_a_slope_is_not_monotone() -> None:
    """Up and then down: a rising slope, and a refuted monotone claim; a tolerance forgives the fall."""
    Y = responses(4, [0, 0.5, 1.5, 2.5, 1.5])

    assert slope(Y, DOSES).interval.low > 0
    assert monotone(Y).refuted
    assert not monotone(Y, tolerance=2).refuted


def test_clear_steps_are_monotone() -> None:
    """Every step two standard deviations."""
    result = monotone(responses(5, [0, 2, 4, 6, 8]))

    assert (result.supported, result.refuted) == (True, False)
