"""The mean of paired differences: Student's t, Hall's skew-corrected t, and the hull of both, which decides.

The kernels (`moments`, `t_ends`, `hall_ends`, `hull_ends`, `hull_tails`) work along the last axis, so a thousand
simulated samples or 31 comparisons cost one call; the functions for one sample use the same kernels.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.sample import Array, Bools, count, fraction, positive, vector

Ends = tuple[Array, Array]

ENOUGH_NONZERO = 6  # with 5 the exact two-sided sign-flip p cannot reach .05: 2 / 2**5 = .0625
LONG_TAIL_CONFIDENCE = 0.99
LONG_TAIL_RULE = 16.0  # the long tail is thinly sampled when n < 16 * skew**2


class Moments(NamedTuple):
    """What the intervals need to know of a sample."""

    n: int
    mean: Array
    se: Array  # exactly 0 when all values are equal
    skew: Array  # g1 = m3 / m2^1.5 with population moments, as in Hall (1992)


class Summary(NamedTuple):
    """Student's t from a mean, a standard deviation and n."""

    mean: float
    se: float
    t: float
    df: int
    p_two_sided: float
    interval: Interval


class Tails(NamedTuple):
    """One-sided p-values of the decision interval."""

    p_greater: Array
    p_less: Array


def moments(D: Array) -> Moments:
    """Mean, standard error and skewness along the last axis."""
    D = np.ascontiguousarray(D)  # sums then have the same last bits for one sample and for many
    n = D.shape[-1]
    constant = D.max(-1) == D.min(-1)
    mean = np.where(constant, D[..., 0], D.mean(-1))
    centred = D - mean[..., None]  # ... x n
    scale = np.abs(centred).max(-1)
    scale = np.where(scale > 0, scale, 1.0)
    centred /= scale[..., None]  # no power of a tiny or huge metric under- or overflows
    squares = centred * centred
    m2 = squares.mean(-1)
    m3 = (squares * centred).mean(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        skew = np.where(constant, 0.0, m3 / m2**1.5)
    return Moments(n, mean, scale * np.sqrt(m2 / (n - 1)), skew)


def moments_without_each(d: Array) -> Moments:
    """Of a sample without its first value, without its second, and so on, in time proportional to n."""
    n = len(d)
    whole = float(d.mean())
    scale = float(np.abs(d - whole).max()) or 1.0
    c = (d - whole) / scale
    mean = -c / (n - 1)
    squares, cubes = (c * c).sum() - c * c, (c * c * c).sum() - c * c * c
    m2 = np.maximum(squares / (n - 1) - mean**2, 0.0)
    m3 = cubes / (n - 1) - 3 * mean * squares / (n - 1) + 2 * mean**3
    m2 = np.where(m2 < 1e-14, 0.0, m2)
    with np.errstate(invalid="ignore", divide="ignore"):
        skew = np.where(m2 == 0, 0.0, m3 / m2**1.5)
    return Moments(n - 1, whole + scale * mean, scale * np.sqrt(m2 / (n - 2)), skew)


@lru_cache(maxsize=4096)
def t_quantile(df: int, confidence: float) -> float:
    """Half the width of a central t interval, in standard errors."""
    return float(special.stdtrit(df, 0.5 + confidence / 2))


def t_ends(m: Moments, confidence: float) -> Ends:
    """Ends of Student's t interval."""
    half = t_quantile(m.n - 1, confidence) * m.se
    return m.mean - half, m.mean + half


def hall_ends(m: Moments, confidence: float) -> Ends:
    """Ends of Hall's (1992) interval: the t quantiles go back through a monotone cubic that takes out the skewness."""
    t = t_quantile(m.n - 1, confidence)
    return m.mean - _hall_inverse(t, m) * m.se, m.mean - _hall_inverse(-t, m) * m.se


def hull_ends(D: Array, confidence: float = 0.95, bound: float = 1.0, long_tail: bool = True) -> Ends:
    """Ends of the decision interval along the last axis; see `hull`."""
    return hull_ends_of(moments(D), confidence, bound, long_tail)


def hull_ends_of(m: Moments, confidence: float, bound: float = 1.0, long_tail: bool = True) -> Ends:
    """The same, of samples of which only the moments are known."""
    low, high = _union(m, confidence)
    if long_tail and confidence < LONG_TAIL_CONFIDENCE and (thin := thin_tail(m)).any():
        low_far, high_far = _union(m, LONG_TAIL_CONFIDENCE)
        low = np.where(thin & (m.skew < 0), low_far, low)
        high = np.where(thin & (m.skew > 0), high_far, high)
    unseen = (1 - ((1 - confidence) / 2) ** (1 / m.n)) * bound
    low = np.where(m.se == 0, m.mean - unseen, low)
    high = np.where(m.se == 0, m.mean + unseen, high)
    return low, high


def hull_tails(D: Array, at: float = 0.0, bound: float = 1.0, long_tail: bool = True) -> Tails:
    """One-sided p-values of mean = `at` along the last axis: p <= .025 where the 95 % decision interval excludes it.

    The larger of the t and the Hall p-value; five times that on a thinly sampled long tail, where .005 is asked.
    """
    m = moments(D)
    distance = m.mean - at
    with np.errstate(invalid="ignore", divide="ignore"):
        w = distance / m.se
        v = w / np.sqrt(m.n)  # the mean in standard deviations
        cubic = v + m.skew * v**2 / 3 + m.skew**2 * v**3 / 27 + m.skew / (6 * m.n)
        hall = np.sqrt(m.n) * cubic
    greater = np.maximum(special.stdtr(m.n - 1, -w), special.stdtr(m.n - 1, -hall))
    less = np.maximum(special.stdtr(m.n - 1, w), special.stdtr(m.n - 1, hall))
    if long_tail:
        factor = np.where(thin_tail(m), 0.05 / (1 - LONG_TAIL_CONFIDENCE), 1.0)
        greater = np.minimum(1.0, np.where(m.skew < 0, factor, 1.0) * greater)
        less = np.minimum(1.0, np.where(m.skew > 0, factor, 1.0) * less)
    unseen = np.clip(1 - np.abs(distance) / bound, 0, 1) ** m.n
    greater = np.where(m.se == 0, np.where(distance > 0, unseen, 1.0), greater)
    less = np.where(m.se == 0, np.where(distance < 0, unseen, 1.0), less)
    return Tails(greater, less)


def thin_tail(m: Moments) -> Bools:
    """Whether the long tail is too thinly sampled for its 95 % end to be trusted: n < 16 g1^2."""
    return np.asarray(m.n < LONG_TAIL_RULE * m.skew**2)


def student_t(d: ArrayLike, confidence: float = 0.95) -> Interval:
    """Student's t interval of the mean; of zero width when all differences are equal (see `hull`)."""
    return _interval(t_ends(moments(vector(d)), fraction(confidence, "confidence")), confidence, "t")


def hall(d: ArrayLike, confidence: float = 0.95) -> Interval:
    """Hall's (1992) skew-corrected t interval of the mean."""
    return _interval(hall_ends(moments(vector(d)), fraction(confidence, "confidence")), confidence, "Hall")


def hull(d: ArrayLike, confidence: float = 0.95, bound: float = 1.0, long_tail: bool = True) -> Interval:
    """The decision interval: from the lower of the t and Hall lower ends to the higher of the upper ends.

    Where the long tail is thinly sampled (n < 16 g1^2) its end is taken at 99 %; `long_tail=False` switches that
    off.  Differences that are all equal say nothing of the examples not seen: a share of them up to
    1 - (alpha/2)^(1/n) may differ, each by at most `bound`, the most that the metric's range allows.
    """
    ends = hull_ends(vector(d), fraction(confidence, "confidence"), positive(bound, "bound"), long_tail)
    return _interval(ends, confidence, "hull of t and Hall")


def t_summary(mean: float, sd: float, n: int, confidence: float = 0.95) -> Summary:
    """Student's t when only a mean, a standard deviation and n are known."""
    n = count(n, "n", at_least=2)
    if not sd >= 0:
        raise ValueError(f"sd must be 0 or more; it is {sd}.")
    se = sd / np.sqrt(n)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.float64(mean) / se
    half = t_quantile(n - 1, fraction(confidence, "confidence")) * se
    p = 2 * float(special.stdtr(n - 1, -abs(t)))
    return Summary(float(mean), float(se), float(t), n - 1, p, Interval(mean - half, mean + half, confidence, "t"))


def paired_summary(m1: float, m2: float, sd1: float, sd2: float, r: float, n: int, confidence: float = 0.95) -> Summary:
    """Student's t of a paired difference from the two arms' summaries and their correlation."""
    if not -1 <= r <= 1:
        raise ValueError(f"r is a correlation between -1 and 1; it is {r}.")
    return t_summary(m1 - m2, float(np.sqrt(sd1**2 + sd2**2 - 2 * r * sd1 * sd2)), n, confidence)


def skew(d: ArrayLike) -> float:
    """Skewness g1 of a sample; 0 when all values are equal."""
    return float(moments(vector(d)).skew)


def _hall_inverse(q: float, m: Moments) -> Array:
    a = q - np.sqrt(m.n) * m.skew / (6 * m.n)
    root = np.cbrt(1 + m.skew * a / np.sqrt(m.n))
    return np.asarray(3 * a / (root * root + root + 1))  # 3/g (root - 1) without the division by g


def _union(m: Moments, confidence: float) -> Ends:
    t_low, t_high = t_ends(m, confidence)
    hall_low, hall_high = hall_ends(m, confidence)
    return np.minimum(t_low, hall_low), np.maximum(t_high, hall_high)


def _interval(ends: Ends, confidence: float, method: str) -> Interval:
    return Interval(float(ends[0]), float(ends[1]), confidence, method)
