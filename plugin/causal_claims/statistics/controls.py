"""Is a targeted set of heads special?  Its rank among random sets, and its lead over their mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.mean import hull
from causal_claims.statistics.proportion import clopper_pearson
from causal_claims.statistics.sample import matrix, same_length, vector


class Beats(NamedTuple):
    """A targeted set against N random ones.

    The rank p is exact under any spread of random sets, which a t test against their mean is not: that calls a
    random set special one time in three, the more often the more examples there are.
    """

    estimate: float  # target minus the mean random set
    interval: Interval  # of that, over examples
    rank_p: float  # (1 + #random >= target) / (N + 1)
    p_floor: float  # 1 / (N + 1): what the best possible rank would give
    at_least_as_strong: int
    sets: int
    share: Interval  # of random sets at least as strong
    prediction_t: float  # description only: target as one more draw from a normal law of sets; NaN below 2 sets
    prediction_p: float


def beats(target: ArrayLike, controls: ArrayLike, confidence: float = 0.95, bound: float = 1.0) -> Beats:
    """Compare per-example effects of a target (n) with those of random sets (n x N), larger being stronger."""
    effects = vector(target, name="the target's effects")
    random = matrix(controls, name="the random sets' effects")
    same_length(effects, random, "target and random sets")
    sets = random.shape[1]
    means = random.mean(0)  # N
    stronger = int(np.count_nonzero(means >= effects.mean()))
    lead = effects - random.mean(1)
    spread = float(means.std(ddof=1)) * np.sqrt(1 + 1 / sets) if sets > 1 else np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        t = float(np.float64(effects.mean() - means.mean()) / spread)
    return Beats(
        estimate=float(lead.mean()),
        interval=hull(lead, confidence, bound),
        rank_p=(1 + stronger) / (sets + 1),
        p_floor=1 / (sets + 1),
        at_least_as_strong=stronger,
        sets=sets,
        share=clopper_pearson(stronger, sets, confidence),
        prediction_t=t,
        prediction_p=float(special.stdtr(sets - 1, -t)) if sets > 1 else np.nan,
    )
