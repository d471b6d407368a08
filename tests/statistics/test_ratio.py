"""A ratio of paired means: the interval is the set of ratios that the contrast does not reject."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import mean, ratio
from hypothesis import given
from hypothesis import strategies as st


def paired(seed: int, n: int, den: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.normal(den, 1, n)
    return 0.6 * y + rng.exponential(0.5, n) - 0.3, y


@given(st.integers(0, 300), st.sampled_from([-1.5, 0.7, 2.0]), st.floats(-3, 3))
def test_a_ratio_is_left_out_exactly_when_the_contrast_excludes_zero(seed: int, den: float, r: float) -> None:
    """Fieller with t against the t interval of num - r den, the denominator gate open."""
    x, y = paired(seed, 24, den)
    result = ratio.fieller(x, y)

    assert result.defined == mean.student_t(y).excludes(0)
    if result.interval is not None:
        assert result.interval.excludes(r) == mean.student_t(x - r * y).excludes(0)


@given(st.integers(0, 300), st.sampled_from([-3.0, 2.0]))
def test_the_decision_interval_of_a_ratio_ends_where_its_contrast_touches_zero(seed: int, den: float) -> None:
    """A step beyond either end the contrast excludes 0, a step before it does not."""
    x, y = paired(seed, 30, den)
    result = ratio.fieller_hull(x, y)

    assert result.interval is not None
    step = 1e-4 * result.interval.width
    outside = [result.interval.low - step, result.interval.high + step]
    assert [ratio.contrast(x, y, r).excludes(0) for r in outside] == [True, True]
    assert result.interval.low <= result.ratio <= result.interval.high


@given(st.integers(0, 100), st.sampled_from([0.01, -2.0, 50.0]))
def test_the_unit_of_the_denominator_divides_the_ratio(seed: int, c: float) -> None:
    """Ratios to c*den are ratios to den over c, ends swapped for a negative c."""
    x, y = paired(seed, 30, 3.0)
    plain, scaled = ratio.fieller_hull(x, y).interval, ratio.fieller_hull(x, c * y).interval

    assert plain is not None
    assert scaled is not None
    expected = plain.scaled(1 / c)
    assert pytest.approx((expected.low, expected.high), rel=1e-4) == (scaled.low, scaled.high)


def test_a_denominator_that_may_be_zero_leaves_the_ratio_undefined() -> None:
    """No interval, and the denominator's own interval says why."""
    result = ratio.fieller([1, 2, 3, 2], [-1, 1, 2, -1])

    assert not result.defined
    assert not result.denominator.excludes(0)


def test_half_of_everything_is_a_half_without_error() -> None:
    """num = den / 2 in every example."""
    y = np.array([1.0, 2.0, 3.0, 2.5])
    result = ratio.fieller(y / 2, y)

    assert result.interval is not None
    assert pytest.approx((0.5, 0.5), abs=1e-6) == (result.interval.low, result.interval.high)
