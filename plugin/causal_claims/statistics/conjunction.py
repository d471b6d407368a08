"""Claims about every one of several means: supported when each part is (no correction), refuted when one is
shown false with the family-wise error held."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.mean import hull_ends, hull_tails
from causal_claims.statistics.multiplicity import holm
from causal_claims.statistics.sample import Array, matrix, positive
from causal_claims.statistics.simultaneous import Bands, max_t


class EveryAbove(NamedTuple):
    """Whether all means lie above a floor; the weakest part is the one whose lower end is lowest."""

    supported: bool
    refuted: bool
    weakest: int
    interval: Interval  # of the weakest part
    low: Array  # H, ends of each part's own interval
    high: Array  # H
    p_greater: float  # of the conjunction: the largest of its parts'
    p_below: Array  # H, Holm-adjusted, one-sided


class EveryInside(NamedTuple):
    """Whether all means lie within a margin of 0; the worst part reaches furthest out."""

    supported: bool
    refuted: bool
    worst: int
    interval: Interval  # of the worst part
    low: Array  # H, ends of each part's own interval
    high: Array  # H
    bands: Bands  # simultaneous


def every_above(D: ArrayLike, floor: float = 0.0, confidence: float = 0.95, bound: float = 1.0) -> EveryAbove:
    """All column means of D (examples x H) above `floor`: an intersection-union test (Berger 1982).

    Supported when every column's own interval is above the floor; refuted when some column is below it with its
    Holm-adjusted p at most alpha/2.
    """
    values = matrix(D).T  # H x examples
    low, high = hull_ends(values, confidence, bound)
    tails = hull_tails(values, floor, bound)
    p_below = holm(tails.p_less)
    weakest = int(np.argmin(low))
    return EveryAbove(
        supported=bool(low.min() > floor),
        refuted=bool(p_below.min() <= (1 - confidence) / 2),
        weakest=weakest,
        interval=Interval(float(low[weakest]), float(high[weakest]), confidence, "hull of t and Hall"),
        low=low,
        high=high,
        p_greater=float(tails.p_greater.max()),
        p_below=p_below,
    )


def every_inside(
    D: ArrayLike, margin: float, seed: int, confidence: float = 0.90, bound: float = 1.0, resamples: int = 1999
) -> EveryInside:
    """All column means of D (examples x H) within `margin` of 0.

    Supported when every column's own 90 % interval is inside: no correction is needed, only power would be lost.
    Refuted when the 95 % simultaneous band of some column lies wholly outside.
    """
    values = matrix(D)
    margin = positive(margin, "margin")
    low, high = hull_ends(values.T, confidence, bound)
    bands = max_t(values, seed, resamples, 0.95, "two", bound)
    worst = int(np.argmax(np.maximum(-low, high)))
    return EveryInside(
        supported=bool(low.min() > -margin and high.max() < margin),
        refuted=bool((bands.low > margin).any() or (bands.high < -margin).any()),
        worst=worst,
        interval=Interval(float(low[worst]), float(high[worst]), confidence, "hull of t and Hall"),
        low=low,
        high=high,
        bands=bands,
    )
