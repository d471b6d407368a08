"""How large an effect is in units that travel: standardised, and as the share of examples that moved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.mean import moments
from causal_claims.statistics.proportion import wilson
from causal_claims.statistics.sample import Array, count, same_length, vector


class Share(NamedTuple):
    """A share of examples with its Wilson interval."""

    share: float
    interval: Interval


def hedges_g_av(condition: ArrayLike, baseline: ArrayLike) -> float:
    """Hedges' g_av: the paired mean difference over the arms' average standard deviation, bias removed.

    Unlike d_z it does not grow as the arms become more alike, so it compares across designs.
    """
    x, y = vector(condition, name="the condition"), vector(baseline, name="the baseline")
    same_length(x, y, "condition and baseline")
    return g_av_summary(float(x.mean()), float(y.mean()), float(x.std(ddof=1)), float(y.std(ddof=1)), len(x))


def g_av_summary(m1: float, m2: float, sd1: float, sd2: float, n: int) -> float:
    """Hedges' g_av from two arms' means and standard deviations (Lakens 2013)."""
    n = count(n, "n", at_least=2)
    if not sd1 + sd2 > 0:
        raise ValueError("a standardised effect needs variation; both arms are constant. Report the raw difference.")
    return (m1 - m2) / ((sd1 + sd2) / 2) * unbiasing(2 * (n - 1))


def unbiasing(df: int) -> float:
    """Hedges' exact factor J that takes the small-sample bias out of a standardised mean."""
    return float(np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def d_z(d: ArrayLike) -> float:
    """The mean difference over the standard deviation of differences: for planning, not for comparing."""
    m = moments(vector(d))
    if m.se == 0:
        raise ValueError("d_z needs variation; all differences are equal. Report the raw difference.")
    return float(m.mean / (m.se * np.sqrt(m.n)))


def share_positive(d: ArrayLike, confidence: float = 0.95) -> Share:
    """The share of examples with a difference above 0: how common the effect is, whatever its mean."""
    values = vector(d, at_least=1)
    above = int(np.count_nonzero(values > 0))
    return Share(above / len(values), wilson(above, len(values), confidence))


def rank_biserial(d: ArrayLike) -> float:
    """The matched-pairs rank-biserial correlation: the share of rank sum above 0 less that below; 0 if all are 0."""
    values: Array = vector(d, at_least=1)
    values = values[values != 0]
    if len(values) == 0:
        return 0.0
    ranks = midranks(np.abs(values))
    return float((np.sign(values) * ranks).sum() / ranks.sum())


def midranks(values: Array) -> Array:
    """Ranks from 1, ties sharing their average."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])
