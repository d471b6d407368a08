"""One proportion or one rate: Clopper-Pearson decides, Wilson is shown, Poisson counts events over an exposure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.sample import count, fraction, positive


class BinomialP(NamedTuple):
    """Exact p-values of a proportion against a fixed one; the two-sided one doubles the smaller tail."""

    p_two_sided: float
    p_greater: float
    p_less: float


def clopper_pearson(x: int, n: int, confidence: float = 0.95) -> Interval:
    """The exact interval of a proportion: each end misses at most alpha/2 of the time, whatever the proportion."""
    x, n, tail = _checked(x, n, confidence)
    low = 0.0 if x == 0 else float(special.betaincinv(x, n - x + 1, tail))
    high = 1.0 if x == n else float(special.betaincinv(x + 1, n - x, 1 - tail))
    return Interval(low, high, confidence, "Clopper-Pearson")


def wilson(x: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion: narrower than the exact one, right on average only."""
    x, n, tail = _checked(x, n, confidence)
    z = float(special.ndtri(1 - tail))
    centre = (x + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(x * (n - x) / n + z * z / 4)
    low = 0.0 if x == 0 else float(centre - half)
    high = 1.0 if x == n else float(centre + half)
    return Interval(low, high, confidence, "Wilson")


def binomial_p(x: int, n: int, at: float) -> BinomialP:
    """The exact binomial test of a proportion; agrees with Clopper-Pearson about which proportions are excluded."""
    x, n, _ = _checked(x, n, 0.95)
    fraction(at, "the proportion under test")
    greater = 1.0 if x == 0 else float(special.betainc(x, n - x + 1, at))
    less = 1.0 if x == n else float(special.betaincc(x + 1, n - x, at))
    return BinomialP(min(1.0, 2 * min(greater, less)), greater, less)


def poisson_rate(events: int, exposure: float, confidence: float = 0.95) -> Interval:
    """The exact interval of a rate: events over an exposure (tokens, documents, hours)."""
    events = count(events, "events")
    exposure = positive(exposure, "exposure")
    tail = (1 - fraction(confidence, "confidence")) / 2
    low = 0.0 if events == 0 else float(special.gammaincinv(events, tail))
    high = float(special.gammainccinv(events + 1, tail))
    return Interval(low / exposure, high / exposure, confidence, "exact Poisson")


def _checked(x: int, n: int, confidence: float) -> tuple[int, int, float]:
    n = count(n, "n", at_least=1)
    return count(x, "x", at_most=n), n, (1 - fraction(confidence, "confidence")) / 2
