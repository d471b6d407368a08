"""Paired 0/1 outcomes: b examples changed one way, c the other, n in all; the claim is about (b - c) / n."""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy import special

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.proportion import clopper_pearson, wilson
from causal_claims.statistics.root import root
from causal_claims.statistics.sample import Array, count, fraction

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(100)


class McNemar(NamedTuple):
    """Two-sided p-values of McNemar's test; the exact one decides, the mid-p shows the cost of exactness."""

    p_exact: float
    p_mid: float
    p_asymptotic: float
    p_corrected: float


class OddsRatio(NamedTuple):
    """The odds of changing one way rather than the other, with an exact and a mid-p interval."""

    estimate: float
    exact: Interval
    mid_p: Interval


def melded(b: int, c: int, n: int, confidence: float = 0.95) -> Interval:
    """The melded interval of (b - c) / n (Fay and Lumbard 2021): excludes 0 exactly when exact McNemar rejects.

    The difference is pi (2 phi - 1): the share pi of examples that changed times a function of the share phi of
    those that changed the first way.  Their Clopper-Pearson confidence distributions are melded, for each end the
    pair that puts it further out.
    """
    b, c, n = _table(b, c, n)
    tail = (1 - fraction(confidence, "confidence")) / 2
    return Interval(_melded_low(b, c, n, tail), -_melded_low(c, b, n, tail), confidence, "melded")


def mcnemar(b: int, c: int) -> McNemar:
    """McNemar's test: are changes one way as likely as changes the other way?  1 when nothing changed."""
    b, c = count(b, "b"), count(c, "c")
    changed, fewer = b + c, min(b, c)
    if changed == 0:
        return McNemar(1.0, 1.0, 1.0, 1.0)
    exact = min(1.0, 2 * float(special.bdtr(fewer, changed, 0.5)))
    ways = special.gammaln(changed + 1) - special.gammaln(b + 1) - special.gammaln(c + 1)  # log
    point = float(np.exp(ways - changed * np.log(2)))
    mid = 1 - point / 2 if b == c else exact - point
    chi2 = (b - c) ** 2 / changed
    corrected = max(abs(b - c) - 1, 0) ** 2 / changed
    return McNemar(exact, mid, float(special.chdtrc(1, chi2)), float(special.chdtrc(1, corrected)))


def tango(b: int, c: int, n: int, confidence: float = 0.95) -> Interval:
    """Tango's (1998) score interval of (b - c) / n: shown next to the melded one."""
    b, c, n = _table(b, c, n)
    z2 = float(special.chdtri(1, 1 - fraction(confidence, "confidence")))
    estimate = (b - c) / n

    def excess(delta: float) -> float:
        middle = (2 * n - b + c) * delta - b - c
        spread = sqrt(max(middle * middle + 8 * n * c * delta * (1 - delta), 0.0))
        variance = n * (2 * (spread - middle) / (4 * n) + delta * (1 - delta))
        return (b - c - n * delta) ** 2 - z2 * max(variance, 0.0)

    step = 1e-9  # at the estimate itself the variance may be 0, a spurious root
    low = -1.0 if excess(-1.0) <= 0 else root(excess, -1.0, estimate - step, precision=1e-13)
    high = 1.0 if excess(1.0) <= 0 else root(excess, estimate + step, 1.0, precision=1e-13)
    return Interval(float(low), float(high), confidence, "Tango")


def newcombe10(n11: int, n12: int, n21: int, n22: int, confidence: float = 0.95) -> Interval:
    """Newcombe's (1998) method 10: square-and-add Wilson with a corrected phi, of (n12 - n21) / n."""
    n = n11 + n12 + n21 + n22
    first, second = n11 + n12, n11 + n21
    one, two = wilson(first, n, confidence), wilson(second, n, confidence)
    p1, p2 = first / n, second / n
    margins = first * (n - first) * second * (n - second)
    cross = n11 * n22 - n12 * n21
    cross_corrected = cross if cross < 0 else max(cross - n / 2, 0.0)
    phi = 0.0 if margins == 0 else cross_corrected / sqrt(margins)

    def reach(a: float, b: float) -> float:
        return sqrt(max(a * a - 2 * phi * a * b + b * b, 0.0))

    low = p1 - p2 - reach(p1 - one.low, two.high - p2)
    high = p1 - p2 + reach(one.high - p1, p2 - two.low)
    return Interval(low, high, confidence, "Newcombe 10")


def bonett_price(b: int, c: int, n: int, confidence: float = 0.95) -> Interval:
    """Bonett and Price's (2012) adjusted Wald interval of (b - c) / n; its centre is (b - c) / (n + 2)."""
    b, c, n = _table(b, c, n)
    p, q = (b + 1) / (n + 2), (c + 1) / (n + 2)
    half = float(special.ndtri(0.5 + fraction(confidence, "confidence") / 2)) * sqrt((p + q - (p - q) ** 2) / (n + 2))
    return Interval(max(p - q - half, -1.0), min(p - q + half, 1.0), confidence, "Bonett-Price")


def conditional_odds_ratio(b: int, c: int, confidence: float = 0.95) -> OddsRatio:
    """The conditional odds ratio b / c: intervals of b / (b + c) carried to the odds."""
    b, c = count(b, "b"), count(c, "c")
    if b + c == 0:
        raise ValueError("an odds ratio needs a changed example; b and c are both 0. Report the difference instead.")
    tail = (1 - fraction(confidence, "confidence")) / 2
    exact = clopper_pearson(b, b + c, confidence)
    mid_low = 0.0 if b == 0 else _mid_p_low(b, b + c, tail)
    mid_high = 1.0 if c == 0 else 1 - _mid_p_low(c, b + c, tail)
    return OddsRatio(
        estimate=_odds(b / (b + c)),
        exact=Interval(_odds(exact.low), _odds(exact.high), confidence, "Clopper-Pearson odds"),
        mid_p=Interval(_odds(mid_low), _odds(mid_high), confidence, "mid-p odds"),
    )


@lru_cache(maxsize=4096)
def _melded_low(b: int, c: int, n: int, tail: float) -> float:
    changed = b + c
    if b == 0:  # phi's lower distribution sits at 0: minus the upper end of pi
        return -1.0 if changed == n else -float(special.betaincinv(changed + 1, n - changed, 1 - tail))
    positive = special.betainc(b, c + 1, 0.5) <= tail  # exact McNemar, one-sided
    alpha, beta = (changed, n - changed + 1) if positive else (changed + 1, n - changed)
    if beta == 0:  # every example changed: pi is 1 and only phi is left
        return 2 * float(special.betaincinv(b, c + 1, tail)) - 1
    first = float(special.betaincinv(alpha, beta, 1e-12))
    last = float(special.betainccinv(alpha, beta, 1e-12))
    log_beta = special.betaln(alpha, beta)

    def nodes(start: float) -> tuple[Array, Array]:
        """Where pi is looked at from `start` on, and its density there times the weights."""
        half = (last - start) / 2
        pi = start + half * (1 + _NODES)
        density = np.exp((alpha - 1) * np.log(pi) + (beta - 1) * np.log1p(-pi) - log_beta)
        return pi, half * _WEIGHTS * density

    whole = nodes(first)

    def below(delta: float) -> float:
        """P(pi (2 phi - 1) <= delta); where pi < |delta| the answer is 1 above zero and 0 below it."""
        start = max(first, abs(delta))
        pi, weights = whole if start == first else nodes(start)
        inner = float(np.dot(weights, special.betainc(b, c + 1, (1 + delta / pi) / 2)))
        return inner + (float(special.betainc(alpha, beta, start)) if positive else 0.0)

    def beyond(delta: float) -> float:
        """How far below(delta) is from the tail, as normal deviates: nearly a straight line."""
        return float(special.ndtri(min(1 - 1e-15, max(1e-300, below(delta))))) - aim

    aim = float(special.ndtri(tail))
    low, high = (0.0, last) if positive else (-last, 0.0)
    return root(beyond, low, high, precision=1e-12)


def _mid_p_low(x: int, n: int, tail: float) -> float:
    def upper_tail(p: float) -> float:
        at_least = special.betainc(x, n - x + 1, p)
        beyond = special.betainc(x + 1, n - x, p) if x < n else 0.0
        return float(at_least + beyond) / 2 - tail

    return root(upper_tail, 0.0, 1.0, precision=1e-14)


def _odds(p: float) -> float:
    return float("inf") if p == 1 else p / (1 - p)


def _table(b: int, c: int, n: int) -> tuple[int, int, int]:
    n = count(n, "n", at_least=1)
    b, c = count(b, "b"), count(c, "c")
    if b + c > n:
        raise ValueError(f"b + c cannot exceed n; b={b}, c={c}, n={n}. n counts all examples, changed or not.")
    return b, c, n
