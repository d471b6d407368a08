"""Bands that hold for all columns at once: the studentised-bootstrap max-t of means."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from causal_claims.statistics.mean import moments
from causal_claims.statistics.sample import Array, count, fraction, matrix, positive

Side = Literal["two", "lower", "upper"]


class Bands(NamedTuple):
    """Simultaneous limits of H means; with one side asked for, the other is infinite."""

    estimate: Array  # H
    low: Array  # H
    high: Array  # H
    critical: float  # in standard errors
    confidence: float
    side: Side


def max_t(
    D: ArrayLike, seed: int, resamples: int = 1999, confidence: float = 0.95, side: Side = "two", bound: float = 1.0
) -> Bands:
    """Simultaneous bands for the column means of D (examples x H) from the largest studentised bootstrap error.

    It takes in the correlation of the columns and their skewness, which Bonferroni with t does not: nominal 95 %
    bands cover 68 % for lognormal data there.  A column without any variation gets the exact limit for
    what was not seen, split over the columns (see `mean.hull`).
    """
    values = matrix(D)
    alpha = 1 - fraction(confidence, "confidence")
    n, columns = values.shape
    m = moments(values.T)
    varies = m.se > 0
    critical = 0.0
    if varies.any():
        errors = _studentised_errors(values[:, varies], m.mean[varies], n, count(resamples, "resamples", 1), seed)
        extremes = {"two": np.abs, "lower": np.positive, "upper": np.negative}[side](errors).max(1)  # B
        critical = float(np.quantile(extremes, confidence, method="higher"))
    unseen = (1 - (alpha / (2 if side == "two" else 1) / columns) ** (1 / n)) * positive(bound, "bound")
    half = np.where(varies, critical * m.se, unseen)
    low = m.mean - half if side != "upper" else np.full(columns, -np.inf)
    high = m.mean + half if side != "lower" else np.full(columns, np.inf)
    return Bands(m.mean, low, high, critical, confidence, side)


def _studentised_errors(values: Array, mean: Array, n: int, resamples: int, seed: int) -> Array:
    """Errors of resampled means in their own standard errors; infinite where a resample has no variation."""
    centred = values - mean
    weights = _weights(n, resamples, seed)  # B x n
    shift = weights @ centred / n  # B x H
    variance = weights @ (centred * centred) / n - shift * shift
    variance = np.where(variance > 1e-12 * (centred * centred).mean(0), variance, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = shift / np.sqrt(variance / (n - 1))
    return np.where(np.isnan(errors), 0.0, errors)


@lru_cache(maxsize=8)
def _weights(n: int, resamples: int, seed: int) -> Array:
    """How often each example is drawn in each resample; shared by every claim of the same n and seed."""
    draws = np.random.default_rng(seed).integers(0, n, size=(resamples, n))
    flat = (draws + np.arange(resamples)[:, None] * n).ravel()
    weights = np.bincount(flat, minlength=resamples * n).reshape(resamples, n).astype(np.float64)
    weights.flags.writeable = False
    return weights
