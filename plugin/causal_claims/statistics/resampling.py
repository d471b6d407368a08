"""Bootstrap intervals of a mean, as companions: percentile and BCa under-cover at n <= 32 even for normal data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.sample import Array, count, fraction, vector

Method = Literal["normal", "basic", "percentile", "BCa"]
BATCH = 2**22  # numbers drawn at a time


def bootstrap(d: ArrayLike, method: Method, seed: int, resamples: int = 1999, confidence: float = 0.95) -> Interval:
    """The normal, basic, percentile or BCa interval of the mean, resampled by scipy."""
    from scipy import stats  # 300 ms to import, and most runs never come here

    values = vector(d)
    result = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=count(resamples, "resamples", at_least=1),
        batch=max(1, BATCH // len(values)),
        confidence_level=fraction(confidence, "confidence"),
        method="percentile" if method == "normal" else method,
        rng=np.random.default_rng(seed),
    )
    low, high = result.confidence_interval
    if method == "normal":
        unbiased = 2 * values.mean() - result.bootstrap_distribution.mean()
        reach = special.ndtri(0.5 + confidence / 2) * result.standard_error
        low, high = unbiased - reach, unbiased + reach
    return Interval(float(low), float(high), confidence, f"bootstrap {method}")


def bootstrap_t(d: ArrayLike, seed: int, resamples: int = 1999, confidence: float = 0.95) -> Interval:
    """The studentised bootstrap interval of the mean; an end is infinite where resamples have no variation."""
    values = vector(d)
    n, tail = len(values), (1 - fraction(confidence, "confidence")) / 2
    se = values.std() / np.sqrt(n)
    if se == 0:
        raise ValueError("a studentised bootstrap needs variation; all differences are equal. Use the hull.")
    draws = _resamples(values, seed, count(resamples, "resamples", at_least=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (draws.mean(1) - values.mean()) / (draws.std(1) / np.sqrt(n))
    t_low, t_high = np.quantile(np.where(np.isnan(t), 0.0, t), [tail, 1 - tail], method="inverted_cdf")
    return Interval(float(values.mean() - t_high * se), float(values.mean() - t_low * se), confidence, "bootstrap t")


def bca_acceleration(samples: list[ArrayLike], statistic: Callable[..., float]) -> float:
    """The acceleration of the BCa interval of a statistic of one or more independent samples, by the jackknife."""
    arrays = [vector(sample) for sample in samples]
    cubes, squares = 0.0, 0.0
    for i, sample in enumerate(arrays):
        n = len(sample)
        without = np.array([statistic(*arrays[:i], np.delete(sample, j), *arrays[i + 1 :]) for j in range(n)])
        influence = (n - 1) * (without.mean() - without)
        cubes += float((influence**3).sum()) / n**3
        squares += float((influence**2).sum()) / n**2
    if squares == 0:
        raise ValueError("an acceleration needs a statistic that varies; leaving examples out changes nothing.")
    return float(cubes / (6 * squares**1.5))


def _resamples(values: Array, seed: int, resamples: int) -> Array:
    return values[np.random.default_rng(seed).integers(0, len(values), size=(resamples, len(values)))]
