"""Are the members of a set (of tokens) ranked above the rest by a score?"""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from causal_claims.statistics.effect_size import midranks
from causal_claims.statistics.interval import Interval
from causal_claims.statistics.root import root
from causal_claims.statistics.sample import Array, count, fraction, vector


class Enrichment(NamedTuple):
    """The AUC: the probability that a member outscores a non-member, ties counted half."""

    auc: float
    interval: Interval
    p_greater: float  # enriched
    p_less: float  # depleted
    p_two_sided: float
    p_floor: float
    members: int
    others: int


def enrichment(
    scores: ArrayLike, members: ArrayLike, seed: int, permutations: int = 1999, confidence: float = 0.95
) -> Enrichment:
    """AUC of the scores at `members` (indices) against all the rest, with a permutation p over sets of that size."""
    values = vector(scores, name="the scores")
    chosen = np.asarray(members)
    size, n = len(chosen), len(values)
    if chosen.ndim != 1 or not np.issubdtype(chosen.dtype, np.integer):
        raise ValueError(f"members must be a vector of indices; it is {chosen.dtype} of shape {chosen.shape}.")
    if len(np.unique(chosen)) != size or size == 0 or size == n or chosen.min() < 0 or chosen.max() >= n:
        raise ValueError(f"members must be different indices of 0..{n - 1}, some but not all; there are {size}.")
    count(permutations, "permutations", at_least=1)
    ranks = midranks(values)
    observed = ranks[chosen].sum()
    draws = _sums(ranks.tobytes(), size, seed, permutations)
    centre = size * (n + 1) / 2
    total = permutations + 1
    auc = float((observed - size * (size + 1) / 2) / (size * (n - size)))
    return Enrichment(
        auc=auc,
        interval=auc_interval(auc, size, n - size, confidence),
        p_greater=(1 + np.count_nonzero(draws >= observed)) / total,
        p_less=(1 + np.count_nonzero(draws <= observed)) / total,
        p_two_sided=(1 + np.count_nonzero(np.abs(draws - centre) >= abs(observed - centre))) / total,
        p_floor=1 / total,
        members=size,
        others=n - size,
    )


@lru_cache(maxsize=64)  # the same ranks are looked at again at other confidences and margins
def _sums(ranks: bytes, size: int, seed: int, permutations: int) -> Array:
    """The rank sums of random sets."""
    values, rng = np.frombuffer(ranks), np.random.default_rng(seed)
    drawn = (rng.choice(len(values), size, replace=False, shuffle=False) for _ in range(permutations))
    return np.array([values[one].sum() for one in drawn])


def auc_interval(auc: float, members: int, others: int, confidence: float = 0.95) -> Interval:
    """Newcombe's (2006) score interval of an AUC: Hanley and McNeil's variance at the end point itself."""
    members, others = count(members, "members", 1), count(others, "others", 1)
    if not 0 <= auc <= 1:
        raise ValueError(f"an AUC lies between 0 and 1; it is {auc}.")
    z = float(special.ndtri(0.5 + fraction(confidence, "confidence") / 2))
    pairs = (members + others) / 2 - 1

    def excess(theta: float) -> float:
        variance = theta * (1 - theta) * (1 + pairs * ((1 - theta) / (2 - theta) + theta / (1 + theta)))
        return abs(auc - theta) - z * sqrt(variance / (members * others))

    step = 1e-9  # at 0 and 1 the variance is 0, a spurious root
    low = 0.0 if auc <= step else root(excess, 0.0, auc - step, precision=1e-13)
    high = 1.0 if auc >= 1 - step else root(excess, auc + step, 1.0, precision=1e-13)
    return Interval(float(low), float(high), confidence, "Newcombe AUC")
