"""Slow drift: small steps, none of which the gate would stop, that add up to more than the margin.

Two things must hold, each with error control.  The checkpoints must follow a line better than checkpoints in any
order would (the t test of the slope over their means, which takes in what retraining alone does), and the
paired change along that line, example by example, must lie beyond the margin.  The p-value is the larger of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from causal_claims.statistics import mean
from causal_claims.statistics.multiplicity import holm

Array = NDArray[np.float64]
FEWEST = 5  # checkpoints: with fewer the t test of a slope has at most two degrees of freedom
ALPHA = 0.025


@dataclass(frozen=True)
class Drift:
    """How an effect went over a series: per step, and in all, with the interval of the whole change."""

    steps: int
    slope: float
    change: float
    low: float
    high: float
    margin: float
    largest_step: float
    p_line: float | None  # that checkpoints in no order would follow such a line; None with too few
    p: float | None
    p_holm: float | None = None

    @property
    def beyond(self) -> bool:
        return self.low > self.margin or self.high < -self.margin

    @property
    def drifting(self) -> bool:
        p = self.p_holm if self.p_holm is not None else self.p
        return self.beyond and p is not None and p <= ALPHA


def drift(effects: Array, margin: float, confidence: float = 0.95) -> Drift:
    """Of one claim, from its effect on every example at every checkpoint.  # units x checkpoints"""
    T = effects.shape[1]
    at = np.arange(T) - (T - 1) / 2
    slopes = effects @ at / (at @ at)  # units
    change = slopes * (T - 1)
    ends = mean.hull(change, confidence)
    means = effects.mean(axis=0)
    slope = float(slopes.mean())
    p_line = _p_line(means, at) if T >= FEWEST else None
    tails = mean.hull_tails(change, np.sign(slope) * margin)
    p_change = float(tails.p_greater if slope > 0 else tails.p_less)
    p = None if p_line is None else max(p_line, p_change)
    return Drift(
        T,
        slope,
        float(change.mean()),
        ends.low,
        ends.high,
        margin,
        float(np.abs(np.diff(means)).max(initial=0.0)),
        p_line,
        p,
    )


def corrected(found: Sequence[Drift]) -> list[Drift]:
    """Holm over all claims of the history."""
    tested = [one.p for one in found if one.p is not None]
    adjusted = iter(map(float, holm(tested))) if tested else iter(())
    return [one if one.p is None else replace(one, p_holm=next(adjusted)) for one in found]


def _p_line(means: Array, at: Array) -> float:
    """Two-sided, of a slope as steep as this one."""
    slope = float(at @ means / (at @ at))
    rest = means - means.mean() - slope * at
    spread = float(np.sqrt(rest @ rest / (len(at) - 2) / (at @ at)))
    if spread == 0:
        return 1.0 if slope == 0 else 0.0
    return 2 * float(special.stdtr(len(at) - 2, -abs(slope / spread)))
