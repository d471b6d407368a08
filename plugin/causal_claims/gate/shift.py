"""The paired shift: what one example's effect is now minus what it was, its mean, and the interval that decides."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect
from causal_claims.claims.estimate import Estimate, estimate, of_sample
from causal_claims.gate.cells import NEW, OLD, Joined, Tracked, joined
from causal_claims.gate.followed import Followed
from causal_claims.gate.run import Run

_SMALLEST_P = 1e-12


class Where(StrEnum):
    """Where the interval of the shift lies against the margin."""

    BELOW = "below"
    INSIDE = "inside"
    ABOVE = "above"
    ACROSS = "across"


@dataclass(frozen=True)
class Margin:
    """How far a shift may go, and why that far."""

    size: float
    source: str


@dataclass(frozen=True)
class Shift:
    """The mean paired shift with its decision interval against a margin."""

    mean: float
    low: float
    high: float
    n: int
    unit: str
    sd: float
    before: float
    now: float
    margin: float
    margin_from: str
    where: Where
    identical: bool = False  # every number is the same to the last bit
    thin: str | None = None
    p: float | None = None  # one-sided, that it lies beyond the margin; only where the interval already does
    n_needed: int | None = None
    of: str | None = None  # which of several effects, where a claim says the same of many


def paired_shift(old: Run, new: Run, what: Followed, margin: Margin, confidence: float = 0.95) -> Shift:
    """The shift of what is followed; of several effects the one that says most against `unchanged`."""
    found = [
        _one(joined((OLD, old, one), (NEW, new, one)), one, margin, confidence, len(what.what)) for one in what.what
    ]
    order = {Where.BELOW: 2, Where.ABOVE: 2, Where.ACROSS: 1, Where.INSIDE: 0}
    worst = max(found, key=lambda one: (order[one.where], abs(one.mean)))
    return replace(worst, identical=all(one.identical for one in found))


def mean_shift(old: Run, new: Run, what: Followed) -> float:
    """The largest mean shift of what is followed, as a size: what an A/A run is asked for."""
    found = []
    for one in what.what:
        both = joined((OLD, old, one), (NEW, new, one))
        found.append(abs(_mean(both.data(), both.effects[1]) - _mean(both.data(), both.effects[0])))
    return max(found)


def spread(run: Run, what: Followed) -> float:
    """The standard deviation of what is followed over examples, in one run."""
    found = []
    for one in what.what:
        both = joined((OLD, run, one))
        values = [sample.values for sample in both.data().samples(both.effects[0]) if sample.n > 1]
        found.append(max((float(np.std(v, ddof=1)) for v in values), default=0.0))
    return max(found)


def decided(data: Data, effect: Effect) -> Estimate:
    """The decision interval; 0/1 metrics that nobody declared get the bound that their values show."""
    samples = data.samples(effect)
    if len(samples) > 1:
        return estimate(data, effect)
    sample = samples[0]
    if sample.bound is None and all(np.isin(data.cells[cell].values, (0.0, 1.0)).all() for cell in effect.cells):
        up, down = (sum(max(sign * weight, 0.0) for weight, _ in effect.terms) for sign in (1, -1))
        sample = replace(sample, bound=max(up, down))
    return of_sample(sample, data)


def _one(both: Joined, what: Tracked, margin: Margin, confidence: float, family: int) -> Shift:
    """One effect's shift; where a claim is about many, each goes beyond the margin at its share of the error only."""
    data, (before, now) = both.data(confidence), both.effects
    effect = now - before
    found = decided(data, effect)
    wide = found if family == 1 else decided(both.data(1 - (1 - confidence) / family), effect)
    identical = not any(sample.values.any() for sample in data.samples(effect))
    where = Where.INSIDE if identical else _where(found, wide, margin.size)
    beyond = where in (Where.BELOW, Where.ABOVE)
    shown = found if where is Where.INSIDE else wide
    return Shift(
        found.effect, *((0.0, 0.0) if identical else (shown.interval.low, shown.interval.high)),
        found.n, found.unit, found.sd, _mean(data, before), _mean(data, now), margin.size, margin.source, where, identical,
        None if identical else found.thin,
        min(1.0, family * _p_beyond(both, effect, margin.size, where)) if beyond else None,
        found.needed(abs(found.effect) - margin.size) if where is Where.ACROSS else None,
        what.terms[0][2] if family > 1 else None,
    )  # fmt: skip


def _where(found: Estimate, wide: Estimate, margin: float) -> Where:
    """Inside by its own interval (all of many inside needs no correction), beyond by the wide one."""
    if found.thin:
        return Where.ACROSS
    if wide.interval.high < -margin:
        return Where.BELOW
    if wide.interval.low > margin:
        return Where.ABOVE
    return Where.INSIDE if found.interval.inside(-margin, margin) else Where.ACROSS


def _p_beyond(both: Joined, effect: Effect, margin: float, where: Where) -> float:
    """The error at which the decision interval would just reach the margin, by bisection of its logarithm."""
    worst, best = math.log(0.025), math.log(_SMALLEST_P)
    for _ in range(12):
        middle = (worst + best) / 2
        found = decided(both.data(1 - 2 * math.exp(middle)), effect)
        beyond = found.interval.high < -margin if where is Where.BELOW else found.interval.low > margin
        worst, best = (middle, best) if beyond else (worst, middle)
    return math.exp(worst)


def _mean(data: Data, effect: Effect) -> float:
    return float(sum(sample.values.mean() for sample in data.samples(effect)))
