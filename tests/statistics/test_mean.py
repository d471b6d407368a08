"""The mean of paired differences: theory, symmetry and what happens when nothing varies."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import mean
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

SAMPLES = hnp.arrays(np.float64, st.integers(3, 40), elements=st.integers(-50, 50).map(float)).filter(
    lambda d: d.min() < d.max()
)
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]  # eighths of an inch


def close(interval: object, shift: float = 0) -> object:
    return pytest.approx((interval.low + shift, interval.high + shift), rel=1e-9, abs=1e-9)  # type: ignore[attr-defined]


def test_darwins_maize_has_the_t_that_fisher_printed() -> None:
    """Fisher (1935): t = 2.148, p = .0497 for the 15 pairs."""
    t = mean.t_summary(np.mean(DARWIN), np.std(DARWIN, ddof=1), 15)

    assert pytest.approx(2.148, abs=5e-4) == t.t
    assert pytest.approx(0.0497, abs=5e-5) == t.p_two_sided


@given(SAMPLES, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_student_t_agrees_with_scipy(d: np.ndarray, confidence: float) -> None:
    """A second implementation: scipy.stats.ttest_1samp(d, 0).confidence_interval(confidence)."""
    expected = stats.ttest_1samp(d, 0).confidence_interval(confidence)

    assert close(expected) == (lambda i: (i.low, i.high))(mean.student_t(d, confidence))


@given(SAMPLES)
def test_skew_agrees_with_scipy(d: np.ndarray) -> None:
    """Population moments, the g1 of scipy.stats.skew(d)."""
    assert pytest.approx(stats.skew(d), rel=1e-9, abs=1e-9) == mean.skew(d)


@given(SAMPLES)
def test_halls_interval_is_the_inverse_of_his_cubic(d: np.ndarray) -> None:
    """Hall (1992): at both ends T + g T^2/3 + g^2 T^3/27 + g/(6n), in standard deviations, is a t quantile."""
    n, g, s = len(d), stats.skew(d), np.std(d, ddof=1)
    t = stats.t.ppf(0.975, n - 1) / np.sqrt(n)
    interval = mean.hall(d)
    v = (d.mean() - np.array([interval.low, interval.high])) / s

    assert pytest.approx([t, -t], abs=1e-6) == v + g * v**2 / 3 + g**2 * v**3 / 27 + g / (6 * n)


@pytest.mark.parametrize("method", [mean.student_t, mean.hall, mean.hull])
@given(d=SAMPLES)
def test_mirrored_data_have_a_mirrored_interval(method: object, d: np.ndarray) -> None:
    """The interval of -x is the interval of x with the ends swapped."""
    assert close(method(d).scaled(-1)) == (lambda i: (i.low, i.high))(method(-d))  # type: ignore[operator]


@pytest.mark.parametrize("method", [mean.student_t, mean.hall, mean.hull])
@given(d=SAMPLES, c=st.sampled_from([0.01, 3.0, 1e6, 1e-150, 1e150]), shift=st.integers(-9, 9))
def test_units_and_origin_do_not_matter(method: object, d: np.ndarray, c: float, shift: int) -> None:
    """The interval of c*(x + shift) is that of x, moved and scaled, over 300 orders of magnitude."""
    moved = method((d + shift) * c)  # type: ignore[operator]

    assert close(method(d), shift) == (moved.low / c, moved.high / c)  # type: ignore[operator]


@given(SAMPLES, st.randoms(use_true_random=False))
def test_the_order_of_examples_does_not_matter(d: np.ndarray, random: object) -> None:
    """Up to the last bits of the sums."""
    shuffled = d.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert close(mean.hull(d)) == (lambda i: (i.low, i.high))(mean.hull(shuffled))


@given(SAMPLES)
def test_the_hull_contains_both_intervals(d: np.ndarray) -> None:
    """Never narrower than Student's t nor than Hall's."""
    hull, parts = mean.hull(d), (mean.student_t(d), mean.hall(d))

    assert hull.low <= min(part.low for part in parts)
    assert hull.high >= max(part.high for part in parts)


def test_the_thin_long_tail_gets_its_end_at_99_percent() -> None:
    """n < 16 g1^2: the end on the long side moves out, the other stays; the rule can be switched off."""
    d = np.array([0.1, 0.2, 0.0, 0.3, 0.1, 0.2, 0.1, 3.0])
    plain, ruled, at99 = mean.hull(d, long_tail=False), mean.hull(d), mean.hull(d, 0.99)

    assert 16 * mean.skew(d) ** 2 > len(d)
    assert (plain.low, at99.high) == (ruled.low, ruled.high)
    assert plain.high < ruled.high


@pytest.mark.parametrize(("n", "half"), [(16, 0.206), (70, 0.051)])
def test_all_zero_differences_give_what_was_not_seen(n: int, half: float) -> None:
    """Half width 1 - (alpha/2)^(1/n), times the bound; never an interval of zero width."""
    interval = mean.hull(np.zeros(n))

    assert pytest.approx((-half, half), abs=5e-4) == (interval.low, interval.high)
    assert pytest.approx(interval.width * 3) == mean.hull(np.zeros(n), bound=3).width


def test_equal_differences_are_treated_like_equal_zeros() -> None:
    """0.1 fifty times is not known without error, though its standard deviation is 0."""
    assert close(mean.hull(np.zeros(50)), 0.1) == (lambda i: (i.low, i.high))(mean.hull(np.full(50, 0.1)))
    assert mean.student_t(np.full(50, 0.1)).width == 0


@given(SAMPLES | st.integers(3, 40).map(np.zeros), st.integers(-60, 60))
def test_the_p_value_of_the_hull_agrees_with_the_hull(d: np.ndarray, at: int) -> None:
    """A one-sided p is at most .025 where the 95 % interval leaves the value out on that side."""
    interval, tails = mean.hull(d, bound=7), mean.hull_tails(d, at, bound=7)

    assert (interval.low > at) == (tails.p_greater <= 0.025)
    assert (interval.high < at) == (tails.p_less <= 0.025)


def test_many_samples_at_once_are_the_samples_one_by_one() -> None:
    """The kernel for a matrix of samples is the function for one sample."""
    D = np.random.default_rng(3).lognormal(size=(40, 12))
    low, high = mean.hull_ends(D, 0.9)

    assert [(a, b) for a, b in zip(low, high, strict=True)] == [(i.low, i.high) for i in (mean.hull(d, 0.9) for d in D)]
