"""Is an effect negligible?  Two one-sided tests, decided by the 90 % interval lying inside the margin."""

from __future__ import annotations

from typing import NamedTuple

from numpy.typing import ArrayLike
from scipy import special

from causal_claims.statistics.interval import Interval
from causal_claims.statistics.mean import hull, moments
from causal_claims.statistics.sample import count, positive, vector


class OneSidedPair(NamedTuple):
    """The classical two one-sided t tests against a lower and an upper bound."""

    estimate: float
    se: float
    df: int
    t_lower: float
    p_lower: float
    t_upper: float
    p_upper: float

    @property
    def p(self) -> float:
        """The larger of the two: equivalence is shown only if both bounds are."""
        return max(self.p_lower, self.p_upper)


class Equivalence(NamedTuple):
    """Whether a mean is shown within the margin, or shown beyond it, or neither."""

    margin: float
    interval: Interval  # decides `within`
    wider: Interval  # 95 %, decides `beyond`
    tests: OneSidedPair  # Student's t: the classical p-values
    within: bool
    beyond: bool


def tost(d: ArrayLike, margin: float, confidence: float = 0.90, bound: float = 1.0) -> Equivalence:
    """Equivalence of a mean to 0: within when the 90 % decision interval is inside (-margin, margin).

    Beyond only when the 95 % interval lies wholly outside; not being shown within is never enough.
    """
    margin = positive(margin, "margin")
    values = vector(d)
    interval, wider = hull(values, confidence, bound), hull(values, 0.95, bound)
    m = moments(values)
    return Equivalence(
        margin=margin,
        interval=interval,
        wider=wider,
        tests=tost_summary(float(m.mean), float(m.se), m.n - 1, -margin, margin),
        within=interval.inside(-margin, margin),
        beyond=wider.low > margin or wider.high < -margin,
    )


def tost_summary(estimate: float, se: float, df: int, low: float, high: float) -> OneSidedPair:
    """The two one-sided t tests from an estimate, its standard error and degrees of freedom."""
    count(df, "df", at_least=1)
    if not low < high:
        raise ValueError(f"the lower bound must be below the upper; they are {low} and {high}.")
    above, below = estimate - low, estimate - high
    t_lower = above / se if se > 0 else _infinite(above)
    t_upper = below / se if se > 0 else _infinite(below)
    p_lower, p_upper = float(special.stdtr(df, -t_lower)), float(special.stdtr(df, t_upper))
    return OneSidedPair(estimate, se, df, t_lower, p_lower, t_upper, p_upper)


def _infinite(distance: float) -> float:
    return float("inf") if distance > 0 else float("-inf") if distance < 0 else 0.0
