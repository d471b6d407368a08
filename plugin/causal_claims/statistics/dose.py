"""Dose and response: a slope per example on log dose, Page's trend test, and monotone steps as a claim of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from causal_claims.statistics.conjunction import EveryAbove, every_above
from causal_claims.statistics.interval import Interval
from causal_claims.statistics.mean import hull
from causal_claims.statistics.sample import Array, matrix, vector


class Slope(NamedTuple):
    """The mean change of the response for each unit of log dose (a factor of e)."""

    estimate: float
    interval: Interval
    slopes: Array  # n, one per example


class Page(NamedTuple):
    """Page's L: do the responses rise with the dose, by rank within each example?"""

    L: float
    expected: float
    z: float
    p_rising: float
    p_falling: float


def slope(Y: ArrayLike, doses: ArrayLike, confidence: float = 0.95, bound: float = 1.0) -> Slope:
    """The least-squares slope on log dose of each example (examples x doses), then their mean.

    One number per example keeps the doses of one example from counting as independent observations.
    """
    values = matrix(Y, columns=2, name="the responses")
    x = vector(doses, name="the doses")
    if len(x) != values.shape[1]:
        raise ValueError(f"one dose per column is needed; there are {len(x)} doses and {values.shape[1]} columns.")
    if (x <= 0).any() or len(np.unique(x)) != len(x):
        raise ValueError(f"doses must be different numbers above 0; they are {x.tolist()}.")
    centred = np.log(x) - np.log(x).mean()
    slopes = values @ centred / (centred @ centred)  # n
    return Slope(float(slopes.mean()), hull(slopes, confidence, bound), slopes)


def page(Y: ArrayLike) -> Page:
    """Page's (1963) trend test by its normal approximation, the variance taken from the tied ranks."""
    values = matrix(Y, columns=3, name="the responses")
    n, k = values.shape
    below = (values[:, :, None] > values[:, None, :]).sum(2)
    tied = (values[:, :, None] == values[:, None, :]).sum(2)
    ranks = below + (tied + 1) / 2  # n x k
    place = np.arange(1, k + 1)
    L = float((ranks @ place).sum())
    expected = n * k * (k + 1) ** 2 / 4
    spread = ((ranks - (k + 1) / 2) ** 2).sum() * ((place - (k + 1) / 2) ** 2).sum() / (k - 1)
    z = (L - expected) / float(np.sqrt(spread)) if spread > 0 else 0.0
    return Page(L, expected, z, float(special.ndtr(-z)), float(special.ndtr(z)))


def monotone(Y: ArrayLike, tolerance: float = 0.0, confidence: float = 0.95, bound: float = 1.0) -> EveryAbove:
    """Whether the mean response rises at every step: each successive difference above -tolerance.

    A rising slope does not show it, and sorted means do not either; refuted when one step falls, by Holm.
    """
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be 0 or more; it is {tolerance}.")
    return every_above(np.diff(matrix(Y, columns=2, name="the responses"), axis=1), -tolerance, confidence, bound)
