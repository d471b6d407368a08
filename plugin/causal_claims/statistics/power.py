"""What n examples could have shown, and how many it would take."""

from __future__ import annotations

import numpy as np
from scipy import special

from causal_claims.statistics.mean import t_quantile
from causal_claims.statistics.sample import count, fraction, positive


def mde80(sd: float, n: int) -> float:
    """The smallest effect shown with 80 % power: (t.975 + t.80) sd / sqrt(n); carried by every inconclusive verdict."""
    return float(_reach(count(n, "n", at_least=2)) * _spread(sd))


def needed_n(sd: float, effect: float) -> int:
    """The least n whose smallest detectable effect is at most `effect`."""
    goal = positive(abs(effect), "the effect")
    sd = _spread(sd)
    low, high = 1, 2  # low is too few, high is doubled until it is enough
    while _reach(high) * sd > goal:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _reach(middle) * sd <= goal else (middle, high)
    return high


def power(effect: float, sd: float, n: int, margin: float = 0.0, confidence: float = 0.95) -> float:
    """The probability that the interval's lower end exceeds `margin` when the mean is `effect` (normal data, t)."""
    df = count(n, "n", at_least=2) - 1
    shift = (effect - margin) / positive(sd, "sd") * np.sqrt(n)
    return float(1 - special.nctdtr(df, shift, t_quantile(df, fraction(confidence, "confidence"))))


def _reach(n: int) -> float:
    """In standard deviations."""
    return (t_quantile(n - 1, 0.95) + t_quantile(n - 1, 0.60)) / float(np.sqrt(n))


def _spread(sd: float) -> float:
    if not (np.isfinite(sd) and sd >= 0):
        raise ValueError(f"sd must be 0 or more; it is {sd}.")
    return sd
