"""Looking before the end without paying for it: group-sequential boundaries and confidence sequences.

Boundaries come from the recursive integration of Armitage, McPherson and Rowe (1969) on Gauss-Legendre nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.mean import hull, moments
from causal_claims.statistics.root import root
from causal_claims.statistics.sample import Array, count, fraction, positive, vector

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_FAR = 8.0  # standard deviations beyond which nothing is left


def obrien_fleming_spending(looks: int | Sequence[float], alpha: float = 0.025) -> tuple[float, ...]:
    """Lan and DeMets' O'Brien-Fleming-type boundaries in z, one-sided: little is spent early.

    `looks` is a number of equal looks or the information fractions, ending in 1.
    """
    times = _times(looks)
    fraction(alpha, "alpha")
    z = special.ndtri(1 - alpha / 2)
    return _spending_boundaries(times, tuple(2 * float(special.ndtr(-z / np.sqrt(t))) for t in times))


def hwang_shih_decani(looks: int | Sequence[float], gamma: float, alpha: float = 0.025) -> tuple[float, ...]:
    """Hwang, Shih and DeCani's boundaries in z, one-sided."""
    return _spending_boundaries(_times(looks), hwang_shih_decani_spent(looks, gamma, alpha))


def hwang_shih_decani_spent(looks: int | Sequence[float], gamma: float, alpha: float = 0.025) -> tuple[float, ...]:
    """The error spent up to each look: alpha (1 - exp(-gamma t)) / (1 - exp(-gamma))."""
    fraction(alpha, "alpha")
    times = _times(looks)
    if gamma == 0:
        return tuple(alpha * t for t in times)
    return tuple(float(alpha * np.expm1(-gamma * t) / np.expm1(-gamma)) for t in times)


def obrien_fleming(looks: int, alpha: float = 0.05) -> tuple[float, ...]:
    """The classical O'Brien-Fleming boundaries in z, two-sided: falling with the square root of information."""
    return _shaped(count(looks, "looks", at_least=1), alpha, lambda t: 1 / np.sqrt(t))


def pocock(looks: int, alpha: float = 0.05) -> tuple[float, ...]:
    """Pocock's boundaries in z, two-sided: the same at every look."""
    return _shaped(count(looks, "looks", at_least=1), alpha, np.ones_like)


def crossing_probability(z: Sequence[float], looks: int | Sequence[float], two_sided: bool) -> float:
    """The probability that a true null crosses boundaries z at any look."""
    times = _times(looks)
    if len(z) != len(times):
        raise ValueError(f"one boundary per look is needed; there are {len(z)} and {len(times)}.")
    nodes, mass, before = np.zeros(1), np.ones(1), 0.0
    for boundary, t in zip(z, times, strict=True):
        edge = boundary * np.sqrt(t)
        nodes, mass = _survive(nodes, mass, t - before, -edge if two_sided else -_FAR * np.sqrt(t), edge)
        before = t
    return 1 - float(mass.sum())


def repeated_interval(
    d: ArrayLike, look: int, looks: int | Sequence[float], confidence: float = 0.95, bound: float = 1.0
) -> Interval:
    """The interval to read at a look (counted from 1): all of them together hold with the confidence.

    The boundary's z gives a tail probability, and the decision interval is taken at that.
    """
    boundaries = obrien_fleming_spending(looks, (1 - fraction(confidence, "confidence")) / 2)
    look = count(look, "the look", at_least=1, at_most=len(boundaries))
    interval = hull(d, 1 - 2 * float(special.ndtr(-boundaries[look - 1])), bound)
    return Interval(interval.low, interval.high, confidence, f"repeated, look {look} of {len(boundaries)}")


def mixture_rho(v_opt: float, alpha: float = 0.05) -> float:
    """The mixing variance that makes the normal-mixture bound tightest at intrinsic time v_opt."""
    log = 2 * np.log(1 / fraction(alpha, "alpha"))
    return float(positive(v_opt, "v_opt") / (log + np.log1p(log)))


def mixture_bound(v: float, rho: float, alpha: float = 0.05) -> float:
    """The two-sided normal-mixture bound on a sum at intrinsic time v (Howard et al. 2021), valid at all times."""
    positive(rho, "rho")
    if not v >= 0:
        raise ValueError(f"intrinsic time v must be 0 or more; it is {v}.")
    return float(np.sqrt((v + rho) * (np.log((v + rho) / rho) + 2 * np.log(1 / fraction(alpha, "alpha")))))


def confidence_sequence(d: ArrayLike, n_opt: int, confidence: float = 0.95) -> Interval:
    """An interval of the mean that may be read after every example (asymptotic), tightest near n_opt examples."""
    m = moments(vector(d))
    alpha = 1 - fraction(confidence, "confidence")
    reach = mixture_bound(m.n, mixture_rho(count(n_opt, "n_opt", 1), alpha), alpha) * float(m.se) / np.sqrt(m.n)
    return Interval(float(m.mean - reach), float(m.mean + reach), confidence, "confidence sequence")


def _times(looks: int | Sequence[float]) -> tuple[float, ...]:
    if isinstance(looks, int):
        count(looks, "looks", at_least=1)
        return tuple(k / looks for k in range(1, looks + 1))
    times = tuple(float(t) for t in looks)
    if not times or times[0] <= 0 or any(b <= a for a, b in pairwise(times)) or times[-1] != 1:
        raise ValueError(f"information fractions must rise from above 0 to 1; they are {times}.")
    return times


@lru_cache(maxsize=256)
def _spending_boundaries(times: tuple[float, ...], spent: tuple[float, ...]) -> tuple[float, ...]:
    """One-sided boundaries, each solved so that the error spent up to its look is as given."""
    nodes, mass, before, used = np.zeros(1), np.ones(1), 0.0, 0.0
    boundaries: list[float] = []
    for t, target in zip(times, spent, strict=True):
        edge = _edge(nodes, mass, float(np.sqrt(t - before)), target - used)
        boundaries.append(edge / float(np.sqrt(t)))
        nodes, mass = _survive(nodes, mass, t - before, -_FAR * np.sqrt(t), edge)
        before, used = t, target
    return tuple(boundaries)


def _edge(nodes: Array, mass: Array, step: float, spend: float) -> float:
    """The score that the next increment exceeds with probability `spend`."""
    return root(lambda x: float(mass @ special.ndtr((nodes - x) / step)) - spend, -_FAR, 3 * _FAR)


def _survive(nodes: Array, mass: Array, variance: float, low: float, high: float) -> tuple[Array, Array]:
    """The law of the score after an increment, kept where it lies between low and high: nodes and their mass."""
    low = max(low, -_FAR)
    new = low + (high - low) * (1 + _NODES) / 2
    kernel = np.exp(-((new[:, None] - nodes) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    return new, (kernel @ mass) * _WEIGHTS * (high - low) / 2


def _shaped(looks: int, alpha: float, shape: Callable[[Array], Array]) -> tuple[float, ...]:
    """Two-sided boundaries c * shape(t), with c such that a true null crosses with probability alpha."""
    fraction(alpha, "alpha")
    times = np.arange(1, looks + 1) / looks
    form = shape(times)

    def excess(c: float) -> float:
        return crossing_probability(tuple(c * form), looks, two_sided=True) - alpha

    c = root(excess, 0.1, 7.0, precision=1e-10)
    return tuple(float(z) for z in c * form)
