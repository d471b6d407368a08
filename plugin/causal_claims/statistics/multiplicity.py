"""Adjusted p-values for a family of tests: p adjusted <= alpha rejects."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causal_claims.statistics.sample import Array, vector


def bonferroni(p: ArrayLike) -> Array:
    """p times the number of tests: some true null is rejected at most alpha of the time."""
    values = _probabilities(p)
    return np.minimum(1.0, values * len(values))


def holm(p: ArrayLike) -> Array:
    """Holm's step-down p-values: the same guarantee as Bonferroni, never less power."""
    values = _probabilities(p)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return _restored(np.minimum(1.0, steps), order)


def benjamini_hochberg(p: ArrayLike) -> Array:
    """Step-up p-values (q): the expected share of false rejections among all is at most alpha."""
    values = _probabilities(p)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
    return _restored(np.minimum.accumulate(np.minimum(1.0, scaled)[::-1])[::-1], order)


def _restored(sorted_values: Array, order: NDArray[np.intp]) -> Array:
    values = np.empty_like(sorted_values)
    values[order] = sorted_values
    return values


def _probabilities(p: ArrayLike) -> Array:
    values = vector(p, at_least=1, name="the list of p-values")
    if ((values < 0) | (values > 1)).any():
        raise ValueError(f"p-values lie between 0 and 1; there are {values.min()} to {values.max()}.")
    return values
