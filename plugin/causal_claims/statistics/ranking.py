"""Which head is strongest, and what rank a head may hold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causal_claims.statistics.conjunction import EveryAbove, every_above
from causal_claims.statistics.interval import Interval
from causal_claims.statistics.sample import Array, count, matrix
from causal_claims.statistics.simultaneous import Bands, max_t


class Strongest(NamedTuple):
    """Whether one column has the largest mean of all."""

    supported: bool
    refuted: bool
    rival: int  # the column that the winner is least certain to beat
    gap: Interval  # winner minus rival
    p: float  # one-sided, that the winner beats all
    beaten_by: tuple[int, ...]  # columns shown above the winner
    picked_after: bool


class RankSet(NamedTuple):
    """The ranks a column may hold: 1 is the largest mean."""

    low: int
    high: int
    above: tuple[int, ...]  # columns certainly above
    below: tuple[int, ...]  # columns certainly below
    confidence: float


def strongest(
    D: ArrayLike, winner: int, picked_after: bool, seed: int, resamples: int = 1999, bound: float = 1.0
) -> Strongest:
    """Whether column `winner` of D (examples x H) has the largest mean.

    Supported when it beats every other column in a one-sided paired comparison at .025, or at .0125 if it was
    picked by looking at these data (Hung and Fithian 2019).  Refuted when some column beats it with the
    simultaneous max-t bound at .975 one-sided.
    """
    others, ahead = _against(D, winner)
    named = every_above(ahead, 0.0, 0.975 if picked_after else 0.95, bound)
    bands = max_t(-ahead, seed, resamples, 0.975, "lower", bound)
    beaten_by = tuple(int(h) for h in others[bands.low > 0])
    return Strongest(
        supported=named.supported,
        refuted=bool(beaten_by),
        rival=int(others[named.weakest]),
        gap=named.interval,
        p=named.p_greater,
        beaten_by=beaten_by,
        picked_after=picked_after,
    )


def rank_set(
    D: ArrayLike, head: int, seed: int, resamples: int = 1999, confidence: float = 0.95, bound: float = 1.0
) -> RankSet:
    """The confidence set of one column's rank (Mogstad et al. 2024): 1 + #certainly above to H - #certainly below."""
    others, ahead = _against(D, head)
    bands: Bands = max_t(ahead, seed, resamples, confidence, "two", bound)
    above = tuple(int(h) for h in others[bands.high < 0])
    below = tuple(int(h) for h in others[bands.low > 0])
    return RankSet(1 + len(above), 1 + len(others) - len(below), above, below, confidence)


def ordered(D: ArrayLike, confidence: float = 0.95, bound: float = 1.0) -> EveryAbove:
    """Whether the column means of D fall from left to right: every adjacent difference above 0."""
    values = matrix(D, columns=2)
    return every_above(values[:, :-1] - values[:, 1:], 0.0, confidence, bound)


def _against(D: ArrayLike, head: int) -> tuple[NDArray[np.intp], Array]:
    """The other columns' numbers, and the head's lead over each (examples x H-1)."""
    values = matrix(D, columns=2)
    columns = values.shape[1]
    count(head, "the head's column", at_most=columns - 1)
    others = np.delete(np.arange(columns), head)
    return others, values[:, [head]] - values[:, others]
