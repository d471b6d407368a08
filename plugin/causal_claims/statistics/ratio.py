"""A fraction of one effect by another (recovery, share explained): Fieller's interval of a ratio of paired means."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.mean import hull, student_t, t_quantile
from causal_claims.statistics.root import root
from causal_claims.statistics.sample import Array, same_length, vector


class Fieller(NamedTuple):
    """A ratio of means with its interval, or none when the denominator may be 0."""

    ratio: float
    interval: Interval | None
    denominator: Interval

    @property
    def defined(self) -> bool:
        """A ratio has a bounded interval only if the denominator's excludes 0."""
        return self.interval is not None


def fieller(num: ArrayLike, den: ArrayLike, confidence: float = 0.95) -> Fieller:
    """Fieller's interval with Student's t: the r at which the t interval of num - r*den contains 0."""
    x, y = _pair(num, den)
    denominator = student_t(y, confidence)
    if not denominator.excludes(0.0):
        return Fieller(_over(x, y), None, denominator)
    n = len(x)
    t2n = t_quantile(n - 1, confidence) ** 2 / n
    covariance = np.cov(x, y)  # 2 x 2
    a = y.mean() ** 2 - t2n * covariance[1, 1]
    b = x.mean() * y.mean() - t2n * covariance[0, 1]
    c = x.mean() ** 2 - t2n * covariance[0, 0]
    half = np.sqrt(max(b * b - a * c, 0.0))
    interval = Interval(float((b - half) / a), float((b + half) / a), confidence, "Fieller t")
    return Fieller(_over(x, y), interval, denominator)


def fieller_hull(num: ArrayLike, den: ArrayLike, confidence: float = 0.95) -> Fieller:
    """Fieller's interval with the decision interval: the r at which `contrast` contains 0, searched outwards."""
    x, y = _pair(num, den)
    denominator = hull(y, confidence)
    ratio = _over(x, y)
    if not denominator.excludes(0.0):
        return Fieller(ratio, None, denominator)
    return Fieller(ratio, fieller_search(lambda r: contrast(x, y, r, confidence), ratio, float(y.mean())), denominator)


def fieller_search(contrast_at: Callable[[float], Interval], ratio: float, whole: float) -> Interval:
    """Fieller's interval for any way of bounding num - r*den: every r whose contrast does not exclude 0."""
    sign = 1.0 if whole > 0 else -1.0
    at = contrast_at(ratio)
    step = max(at.width / abs(whole), 1e-9 * (1 + abs(ratio)))
    low = _crossing(lambda r: contrast_at(r).scaled(sign).low, ratio, -step)
    high = _crossing(lambda r: contrast_at(r).scaled(sign).high, ratio, step)
    return Interval(low, high, at.confidence, "Fieller hull")


def contrast(num: ArrayLike, den: ArrayLike, r: float, confidence: float = 0.95) -> Interval:
    """The decision interval of mean(num - r*den): above 0 says that the ratio exceeds r, if the denominator is > 0."""
    x, y = _pair(num, den)
    return hull(x - r * y, confidence)


def _crossing(end: Callable[[float], float], ratio: float, step: float) -> float:
    """Where an end of the contrast reaches 0, beyond the ratio in the direction of step."""
    if end(ratio) * step <= 0:
        return ratio  # the data fix the ratio to the last digit
    far = ratio + step
    for _ in range(60):
        if end(far) * step < 0:
            return root(end, min(ratio, far), max(ratio, far), precision=1e-10 * (1 + abs(ratio)))
        far = ratio + 2 * (far - ratio)
    return float(np.copysign(np.inf, step))


def _pair(num: ArrayLike, den: ArrayLike) -> tuple[Array, Array]:
    x, y = vector(num, name="the numerator"), vector(den, name="the denominator")
    same_length(x, y, "numerator and denominator")
    return x, y


def _over(x: Array, y: Array) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(x.mean() / y.mean())
