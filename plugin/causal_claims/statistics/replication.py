"""Does a reported figure replicate?  Prediction intervals, small telescopes, and the comparison of two estimates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.mean import moments, t_quantile
from causal_claims.statistics.root import root
from causal_claims.statistics.sample import count, fraction, vector


class Comparison(NamedTuple):
    """Two independent estimates compared, and averaged with equal weight."""

    difference: float
    se: float
    z: float
    p_two_sided: float
    interval: Interval  # of the difference
    average: float
    average_interval: Interval


class Telescope(NamedTuple):
    """Whether an effect is too small for the original study to have seen it."""

    d_z: float
    upper: float  # one-sided bound of d_z
    d33: float  # the effect that the original could see one time in three
    undetectable: bool


def prediction_interval(
    d: ArrayLike, n0: int | None = None, confidence: float = 0.95, rounding: float = 0.0
) -> Interval:
    """Where another study of the same effect with n0 examples would put its mean; n0 = n when unknown.

    `rounding` is the half unit in the last digit of the reported figure (.00005 for 0.0612).
    """
    m = moments(vector(d))
    other = m.n if n0 is None else count(n0, "n0", at_least=1)
    if not rounding >= 0:
        raise ValueError(f"rounding must be 0 or more; it is {rounding}.")
    sd = float(m.se) * np.sqrt(m.n)
    reach = t_quantile(m.n - 1, fraction(confidence, "confidence")) * sd * np.sqrt(1 / m.n + 1 / other) + rounding
    return Interval(float(m.mean - reach), float(m.mean + reach), confidence, f"prediction, n0={other}")


def small_telescopes(n0: int, power: float = 1 / 3, groups: int = 1, alpha: float = 0.05) -> float:
    """d33: the standardised effect that a study with n0 examples (a group) had one chance in three to detect."""
    n0 = count(n0, "n0", at_least=2)
    groups = count(groups, "groups", at_least=1, at_most=2)
    fraction(power, "power")
    df, scale = groups * (n0 - 1), np.sqrt(n0 / groups)
    critical = t_quantile(df, 1 - fraction(alpha, "alpha"))

    def shortfall(d: float) -> float:
        shift = d * scale
        far = np.nan_to_num(special.nctdtr(df, shift, -critical))  # NaN where it is too small to compute
        return float(1 - special.nctdtr(df, shift, critical) + far) - power

    if shortfall(0.0) >= 0:
        raise ValueError(f"power must exceed alpha; they are {power} and {alpha}.")
    high = critical / scale
    while shortfall(high) < 0:
        high *= 1.25
    return root(shortfall, 0.0, high, precision=1e-12)


def telescope(d: ArrayLike, n0: int, confidence: float = 0.95) -> Telescope:
    """Whether the one-sided upper bound of our standardised effect lies below the original's d33.

    It says that the original could not have seen the effect, not that there is none.
    """
    m = moments(vector(d))
    if m.se == 0:
        raise ValueError("a standardised effect needs variation; all differences are equal. Measure other examples.")
    t = float(m.mean / m.se)
    upper = float(special.nctdtrinc(m.n - 1, 1 - fraction(confidence, "confidence"), t) / np.sqrt(m.n))
    d33 = small_telescopes(n0)
    return Telescope(t / float(np.sqrt(m.n)), upper, d33, upper < d33)


def compare_estimates(e1: float, se1: float, e2: float, se2: float, confidence: float = 0.95) -> Comparison:
    """Two independent estimates with their standard errors: difference, z, and the average of both."""
    if not (se1 > 0 and se2 > 0):
        raise ValueError(f"both standard errors must be above 0; they are {se1} and {se2}.")
    z_quantile = float(special.ndtri(0.5 + fraction(confidence, "confidence") / 2))
    difference, average, se = e1 - e2, (e1 + e2) / 2, float(np.hypot(se1, se2))
    reach = z_quantile * se
    return Comparison(
        difference=difference,
        se=se,
        z=difference / se,
        p_two_sided=2 * float(special.ndtr(-abs(difference / se))),
        interval=Interval(difference - reach, difference + reach, confidence, "z"),
        average=average,
        average_interval=Interval(average - reach / 2, average + reach / 2, confidence, "z"),
    )


def ratio_interval(interval: Interval, reported: float) -> Interval:
    """The ratio of our effect to a reported figure that comes without an interval: [L/reported, U/reported]."""
    if not (np.isfinite(reported) and reported != 0):
        raise ValueError(f"a ratio needs a reported figure other than 0; it is {reported}. Compare differences.")
    return interval.scaled(1 / reported)
