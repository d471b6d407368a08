"""Successive elimination: rivals that are clearly weaker are dropped at the looks, so that they get fewer examples.

Whether one column has the largest mean of all is a question about each of its leads.  Each lead is tested by its own
group-sequential boundary at alpha.  "Beats all" needs every lead shown, so no correction is due (Berger 1982): it is
wrongly supported with probability at most alpha, however many rivals there are and whenever each of them was dropped.
"Is beaten" needs only one, and takes alpha over the number of rivals (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from causal_claims.statistics.mean import hull_ends, moments, thin_tail
from causal_claims.statistics.sample import Array, fraction
from causal_claims.statistics.sequential import obrien_fleming_spending

MOST_LOOKS = 5
FIRST_LOOK = 32  # examples below which no look is taken: early looks lean on the tails
Ahead = Callable[[float, Sequence[int]], Array]


class Eliminated(NamedTuple):
    """How the leads of one column over its rivals came out."""

    supported: bool  # it leads every rival
    beaten_by: tuple[int, ...]  # rivals shown above it
    look: int  # the last one taken, from 1
    looks: int
    n: tuple[int, ...]  # examples that each rival was compared on
    low: Array  # rivals: ends of the repeated intervals of the leads, as they were last read
    high: Array
    lead: Array  # rivals: mean leads, as they were last read

    @property
    def open(self) -> tuple[int, ...]:
        """Rivals that it was not shown to lead."""
        return tuple(int(h) for h in np.flatnonzero(self.low <= 0))


def looks_for(units: int) -> tuple[float, ...]:
    """The shares of the examples at which to look: at most five, equal, the first on at least 32 units."""
    count = max(1, min(MOST_LOOKS, units // FIRST_LOOK))
    return tuple(k / count for k in range(1, count + 1))


def confidences(shares: Sequence[float], confidence: float = 0.95) -> tuple[float, ...]:
    """The confidence of each look's interval such that all of them together hold with the one asked for."""
    alpha = (1 - fraction(confidence, "confidence")) / 2
    return tuple(1 - 2 * float(special.ndtr(-z)) for z in obrien_fleming_spending(shares, alpha))


def eliminate(
    ahead: Ahead, rivals: int, shares: Sequence[float], confidence: float = 0.95, bound: float = 1.0
) -> Eliminated:
    """Look at the leads over the rivals that are left, at growing shares of the examples.

    `ahead(share, left)` gives the leads over those rivals on that share of the examples.  # examples x len(left)
    """
    each = confidences(shares, confidence)
    shown = confidences(shares, 1 - (1 - confidence) / rivals)  # for "is beaten"
    low, high, lead = np.full(rivals, -np.inf), np.full(rivals, np.inf), np.zeros(rivals)
    n = [0] * rivals
    left, look = list(range(rivals)), 0
    while left and look < len(shares):
        D = np.asarray(ahead(shares[look], left), dtype=np.float64).T  # left x examples
        m = moments(D)
        low[left], high[left] = hull_ends(D, each[look], bound)
        beaten = hull_ends(D, shown[look], bound)[1] < 0
        lead[left] = m.mean
        for h in left:
            n[h] = m.n
        look += 1
        trusted = ~thin_tail(m) | (look == len(shares))  # a long tail that is thinly sampled waits for the last look
        if (beaten & trusted).any():
            worse = tuple(int(left[i]) for i in np.flatnonzero(beaten & trusted))
            return Eliminated(False, worse, look, len(shares), tuple(n), low, high, lead)
        left = [h for i, h in enumerate(left) if not (low[h] > 0 and trusted[i])]
    return Eliminated(not left, (), look, len(shares), tuple(n), low, high, lead)
