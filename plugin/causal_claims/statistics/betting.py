"""An interval for the mean of bounded numbers that holds at any n, by betting (Waudby-Smith and Ramdas 2024)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.sample import Array, fraction, vector

TRUNCATION = 0.5  # no bet stakes more than this share of the wealth


class Bets(NamedTuple):
    """Numbers rescaled to [0, 1] and the stake laid on each before it was seen."""

    x: Array  # n
    stake: Array  # n


def betting(d: ArrayLike, lower: float, upper: float, confidence: float = 0.95) -> Interval:
    """The hedged betting interval of the mean of numbers known to lie in [lower, upper].

    The only interval here whose coverage is guaranteed at small n; 1.6 to 3 times as wide as t at n = 16 to 160.
    It depends on the order of the examples: fix the order before looking.
    """
    bets, alpha = _bets(d, lower, upper, confidence)
    threshold = np.log(2 / alpha)  # half of the wealth is staked on either side
    low = _edge(lambda m: _best_wealth(bets, m) >= threshold)
    mirrored = Bets(1 - bets.x, bets.stake)
    high = 1 - _edge(lambda m: _best_wealth(mirrored, m) >= threshold)
    width = upper - lower
    low, high = min(low, high), max(low, high)
    return Interval(lower + width * low, lower + width * high, confidence, "betting")


def e_value(d: ArrayLike, at: float, lower: float, upper: float, confidence: float = 0.95) -> float:
    """The final wealth of the hedged bet against mean = `at`: the evidence, above 1 / alpha to reject."""
    bets, _ = _bets(d, lower, upper, confidence)
    if not lower <= at <= upper:
        raise ValueError(f"the mean under test must lie in [{lower}, {upper}]; it is {at}.")
    m = (at - lower) / (upper - lower)
    up = _log_wealth(bets, m)[-1]
    down = _log_wealth(Bets(1 - bets.x, bets.stake), 1 - m)[-1]
    return float((np.exp(up) + np.exp(down)) / 2)


def _bets(d: ArrayLike, lower: float, upper: float, confidence: float) -> tuple[Bets, float]:
    values = vector(d)
    if not lower < upper:
        raise ValueError(f"the bounds must be lower < upper; they are {lower} and {upper}.")
    if values.min() < lower or values.max() > upper:
        there = f"{values.min()} to {values.max()}"
        raise ValueError(f"the numbers must lie in [{lower}, {upper}]; they reach from {there}. Widen the bounds.")
    alpha = 1 - fraction(confidence, "confidence")
    x = (values - lower) / (upper - lower)
    seen = np.arange(1, len(x) + 1)
    mean = (0.5 + np.cumsum(x)) / (seen + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (seen + 1)
    before = np.concatenate(([0.25], variance[:-1]))  # predictable: what was known before each example
    return Bets(x, np.sqrt(2 * np.log(2 / alpha) / (len(x) * before))), alpha


def _log_wealth(bets: Bets, m: float) -> Array:
    """Log wealth over time of betting that the mean exceeds m."""
    stake = bets.stake if m == 0 else np.minimum(bets.stake, TRUNCATION / m)
    return np.cumsum(np.log1p(stake * (bets.x - m)))


def _best_wealth(bets: Bets, m: float) -> float:
    return float(_log_wealth(bets, m).max())


def _edge(rejected: Callable[[float], bool]) -> float:
    """The largest m in [0, 1] that is rejected as too small, by bisection: wealth falls as m rises."""
    low, high = 0.0, 1.0
    if not rejected(low):
        return 0.0
    for _ in range(52):
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return low
