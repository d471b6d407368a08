"""Does one number per head go with another?  Pearson and Spearman, with an interval and a permutation p."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from causal_claims.statistics.effect_size import midranks
from causal_claims.statistics.interval import Interval
from causal_claims.statistics.sample import Array, count, fraction, same_length, vector


class Correlation(NamedTuple):
    """A correlation over n pairs; the smallest p that these permutations could give is its floor."""

    r: float
    interval: Interval
    p_two_sided: float
    p_floor: float
    n: int


def pearson(x: ArrayLike, y: ArrayLike, seed: int, permutations: int = 1999, confidence: float = 0.95) -> Correlation:
    """Pearson's r with Fisher's z interval."""
    a, b = _pair(x, y)
    r, p = _permuted(a, b, seed, permutations)
    return Correlation(r, _fisher(r, len(a), 1.0, confidence, "Fisher z"), p, 1 / (permutations + 1), len(a))


def spearman(x: ArrayLike, y: ArrayLike, seed: int, permutations: int = 1999, confidence: float = 0.95) -> Correlation:
    """Spearman's rank correlation with Bonett and Wright's (2000) interval."""
    a, b = _pair(x, y)
    r, p = _permuted(midranks(a), midranks(b), seed, permutations)
    interval = _fisher(r, len(a), 1 + r * r / 2, confidence, "Bonett-Wright")
    return Correlation(r, interval, p, 1 / (permutations + 1), len(a))


def pearson_of_few(
    x: ArrayLike, y: ArrayLike, seed: int, resamples: int = 1999, confidence: float = 0.95
) -> Correlation:
    """Pearson's r where a few pairs carry it: the hull of Fisher's interval and of the pairs resampled.

    Fisher's believes in normal pairs; where one head does nearly everything r hangs on that head, and resampling says so.
    A resample without variation on a side shows nothing and counts as 0.
    """
    a, b = _pair(x, y)
    found = pearson(a, b, seed, confidence=confidence)
    rows = np.random.default_rng(seed).integers(0, len(a), size=(count(resamples, "resamples", at_least=1), len(a)))
    u, v = (one[rows] - one[rows].mean(1, keepdims=True) for one in (a, b))  # resamples x n
    scale = np.sqrt((u * u).sum(1) * (v * v).sum(1))
    drawn = np.divide((u * v).sum(1), scale, out=np.zeros(resamples), where=scale > 0)
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    wide = Interval(
        min(found.interval.low, float(low)), max(found.interval.high, float(high)), confidence, "Fisher and bootstrap"
    )
    return found._replace(interval=wide)


def _permuted(x: Array, y: Array, seed: int, permutations: int) -> tuple[float, float]:
    """The correlation, and the share of permutations at least as far from 0, the observed one counted in."""
    count(permutations, "permutations", at_least=1)
    a, b = _standard(x), _standard(y)
    r = float(np.clip(a @ b, -1.0, 1.0))
    shuffled = np.random.default_rng(seed).permuted(np.tile(b, (permutations, 1)), axis=1)  # permutations x n
    as_far = int(np.count_nonzero(np.abs(shuffled @ a) >= abs(r) - 1e-12))
    return r, (1 + as_far) / (permutations + 1)


def _fisher(r: float, n: int, inflation: float, confidence: float, method: str) -> Interval:
    reach = float(special.ndtri(0.5 + fraction(confidence, "confidence") / 2)) * np.sqrt(inflation / (n - 3))
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    return Interval(float(np.tanh(z - reach)), float(np.tanh(z + reach)), confidence, method)


def _standard(values: Array) -> Array:
    centred = values - values.mean()
    return np.asarray(centred / np.sqrt(centred @ centred))


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    a, b = vector(x, at_least=4, name="x"), vector(y, at_least=4, name="y")
    same_length(a, b, "x and y")
    for name, values in (("x", a), ("y", b)):
        if values.min() == values.max():
            raise ValueError(f"a correlation needs variation; all of {name} is {values[0]}. Choose another score.")
    return a, b
