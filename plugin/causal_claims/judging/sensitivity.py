"""Would the outcome flip: at another confidence, with half or twice the margin, or without one example."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np

from causal_claims.claims.data import Data, Sample
from causal_claims.claims.estimate import FEWEST_CHANGED, Estimate, estimate, of_sample
from causal_claims.claims.kinds.of_one import OfOne
from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError
from causal_claims.measurements import Measurement
from causal_claims.statistics import mean
from causal_claims.statistics.interval import Interval
from causal_claims.verdicts import Decision, Outcome

Probe = Mapping[str, object]
AnyRule = TypeVar("AnyRule", bound=Rule)
MOST_EFFECTS = 64  # a sweep is not decided again six times


def sensitivity(rule: Rule, data: Data, outcome: Outcome) -> tuple[Probe, ...]:
    """What was varied, to what, and the outcome then.

    `without` names the units whose absence flips it, and `any` where none does.  A rule that is one interval is asked
    about every unit; one over several effects about the two most extreme of its first.
    """
    if outcome not in (Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE):
        return ()
    if isinstance(rule, OfOne) and len(samples := data.samples(rule.what)) == 1:
        return tuple(_of_one(rule, data, samples[0], outcome))
    if len(rule.effects()) > MOST_EFFECTS:
        return ()
    return tuple(_of_many(rule, data, outcome))


def _of_one(rule: OfOne, data: Data, sample: Sample, outcome: Outcome) -> Iterable[Probe]:
    if sample.n < 3:
        return
    found = estimate(data, rule.what)
    for level, wide, narrow in _intervals(sample, data):
        yield _probe("confidence", level, rule.on(replace(found, interval=wide, narrow=narrow)).outcome)
    yield from _margins(rule, lambda other: other.on(found))
    flips = []
    for i, less in _without_each(sample, data, found):
        if (other := rule.on(less).outcome) is not outcome:
            flips.append((sample.labels[i], other))
    yield from _left_out(flips, outcome)


def _of_many(rule: Rule, data: Data, outcome: Outcome) -> Iterable[Probe]:
    def decided(what: Rule, where: Data) -> Outcome | None:
        try:
            return what.decide(where).outcome
        except (ClaimsError, ValueError, ZeroDivisionError):
            return None

    for level in levels(data.confidence):
        if (other := decided(rule, data.at(level))) is not None:
            yield _probe("confidence", level, other)
    try:
        yield from _margins(rule, lambda other: other.decide(data))
        samples = data.samples(rule.effects()[0])
    except (ClaimsError, ValueError, ZeroDivisionError):
        return
    if len(samples) != 1 or samples[0].n < 9 or not samples[0].labels:
        return
    values, labels = samples[0].values, samples[0].labels
    extremes = dict.fromkeys((labels[int(values.argmax())], labels[int(values.argmin())]))
    flips = []
    for unit in extremes:
        other = decided(rule, without(data, unit))
        if other is not None and other is not outcome:
            flips.append((unit, other))
    if flips:
        yield from _left_out(flips, outcome)
    else:
        yield _probe("without", " or ".join(extremes), outcome)


def levels(confidence: float) -> tuple[float, ...]:
    """Twice the error, and a fifth of it: 0.90 and 0.99 beside 0.95; at half or less an equivalence has no interval."""
    error = 1 - confidence
    return tuple(one for one in (round(1 - 2 * error, 6), round(1 - error / 5, 6)) if one > 0.5)


def without(data: Data, unit: str) -> Data:
    """The data without the rows of one unit."""
    cells, units = {}, {}
    for cell, found in data.cells.items():
        names = data.units(cell)
        rows = [i for i, name in enumerate(names) if name != unit]
        units[cell.metric.over] = tuple(names[i] for i in rows)
        cells[cell] = _rows(found, rows)
    return Data(cells, seed=data.seed, confidence=data.confidence, units=units)


def _rows(found: Measurement, rows: list[int]) -> Measurement:
    return replace(
        found,
        examples=tuple(found.examples[i] for i in rows),
        clusters=tuple(found.clusters[i] for i in rows),
        values=found.values[rows],
    )


def _margins(rule: AnyRule, decide: Callable[[AnyRule], Decision]) -> Iterable[Probe]:
    """Half the margin and twice, where there is one that can be changed."""
    margin = rule.margin()
    if not margin or rule.kind in ("above", "below"):
        return
    for factor in (0.5, 2.0):
        try:
            other = rule.with_margin(factor * margin)
        except ClaimsError:
            return
        yield _probe("margin", factor * margin, decide(other).outcome)


def _without_each(sample: Sample, data: Data, found: Estimate) -> Iterable[tuple[int, Estimate]]:
    """The estimates without one unit that reach farthest to either side; others cannot flip what these do not."""
    if sample.is_binary or sample.nonzero <= FEWEST_CHANGED or not sample.labels:
        for i in dict.fromkeys((int(sample.values.argmin()), int(sample.values.argmax()))):
            if sample.labels:
                yield i, of_sample(_less(sample, i), data)
        return
    left = mean.moments_without_each(sample.values)
    ends = [mean.hull_ends_of(left, level) for level in (data.confidence, 2 * data.confidence - 1)]
    picked = dict.fromkeys(int(pick(end)) for pair in ends for end in pair for pick in (np.argmin, np.argmax))
    for i in picked:
        (low, high), (inner_low, inner_high) = [(float(a[i]), float(b[i])) for a, b in ends]
        yield i, replace(
            found, effect=float(left.mean[i]), n=sample.n - 1,
            interval=replace(found.interval, low=low, high=high), narrow=replace(found.narrow, low=inner_low, high=inner_high),
        )  # fmt: skip


def _less(sample: Sample, i: int) -> Sample:
    keep = np.arange(sample.n) != i
    arms = (sample.arms[0][keep], sample.arms[1][keep]) if sample.arms is not None else None
    return replace(sample, values=sample.values[keep], arms=arms, rows=sample.rows - 1, labels=())


def _intervals(sample: Sample, data: Data) -> Iterable[tuple[float, Interval, Interval]]:
    """At each other confidence, the decision interval and the narrower one of equivalence."""
    if sample.is_binary or sample.nonzero < FEWEST_CHANGED:
        for level in levels(data.confidence):
            yield level, of_sample(sample, data.at(level)).interval, of_sample(sample, data.at(2 * level - 1)).interval
        return
    known = mean.moments(sample.values)
    for level in levels(data.confidence):
        yield level, _hull(known, level), _hull(known, 2 * level - 1)


def _hull(known: mean.Moments, confidence: float) -> Interval:
    low, high = mean.hull_ends_of(known, confidence)
    return Interval(float(low), float(high), confidence, "hull of t and Hall")


def _left_out(flips: list[tuple[str, Outcome]], outcome: Outcome) -> Iterable[Probe]:
    for unit, other in flips[:3]:
        yield _probe("without", unit, other)
    if not flips:
        yield _probe("without", "any", outcome)


def _probe(vary: str, to: float | str, outcome: Outcome) -> Probe:
    return {"vary": vary, "to": to, "outcome": str(outcome)}
