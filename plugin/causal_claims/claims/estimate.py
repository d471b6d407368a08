"""An effect's estimate and its decision interval: the one place where a statistical procedure is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from causal_claims.claims.data import Data, Sample
from causal_claims.claims.effects import Effect
from causal_claims.statistics import binary, effect_size, mean, power, proportion, signflip
from causal_claims.statistics.interval import Interval

FEWEST = 8  # examples below which nothing is decided
FEWEST_CHANGED = mean.ENOUGH_NONZERO
FEWEST_EVENTS = 6


@dataclass(frozen=True)
class Estimate:
    """An effect with its interval, and why it may be too thin to decide on."""

    effect: float
    interval: Interval
    narrow: Interval  # at twice the error, for equivalence
    n: int
    unit: str
    method: str
    sd: float
    p_value: float | None = None
    p_floor: float | None = None
    thin: str | None = None
    few_events: str | None = None  # too few events to support an equivalence
    size: float | None = None
    size_name: str | None = None
    companions: Mapping[str, float] = field(default_factory=dict)

    @property
    def smallest_detectable(self) -> float | None:
        return power.mde80(self.sd, self.n) if self.n > 1 and self.sd > 0 else None

    def needed(self, distance: float) -> int | None:
        """Examples with which an effect this far from the margin would be told from it."""
        return power.needed_n(self.sd, abs(distance)) if self.sd > 0 and distance != 0 else None


def estimate(data: Data, effect: Effect) -> Estimate:
    """The decision interval of statistics.md: exact for 0/1 data, else the hull of Student's and Hall's."""
    known: dict[Effect, Estimate] = data.estimates
    if effect not in known:
        samples = [of_sample(sample, data) for sample in data.samples(effect)]
        known[effect] = samples[0] if len(samples) == 1 else _independent(samples)
    return known[effect]


def of_sample(sample: Sample, data: Data) -> Estimate:
    if sample.n < 2:
        return _nothing(sample)
    if sample.is_binary:
        return _paired_binary(sample, data) if sample.arms is not None else _proportion(sample, data)
    return _mean(sample, data)


def contrast(values: np.ndarray, like: Sample, data: Data) -> Estimate:
    """An estimate of a derived number per unit, e.g. a slope."""
    return _mean(Sample(values, None, like.rows, like.unit, None), data)


def _mean(sample: Sample, data: Data) -> Estimate:
    d, narrower = sample.values, 2 * data.confidence - 1
    flips = signflip.sign_flip(d, data.seed)
    few = sample.nonzero < FEWEST_CHANGED
    method, thin = "hull of Student t and Hall", None
    if few and sample.bound is not None:
        wide, narrow = (_by_share(sample, confidence) for confidence in (data.confidence, narrower))
        method = "share of changed examples, exact"
    else:
        wide, narrow = (mean.hull(d, confidence) for confidence in (data.confidence, narrower))
        if few:
            thin = f"only {sample.nonzero} of {sample.n} differences are not zero, at least {FEWEST_CHANGED} are needed"
    if sample.n < FEWEST:
        thin = f"n={sample.n}, at least {FEWEST} are needed"
    events = (
        f"only {sample.events} of {sample.n} examples have any event, at least {FEWEST_EVENTS} are needed"
        if sample.is_discrete and sample.events < FEWEST_EVENTS
        else None
    )
    size, name = _size(sample)
    return Estimate(
        float(np.mean(d)), wide, narrow, sample.n, sample.unit, method, float(np.std(d, ddof=1)),
        flips.p_two_sided, flips.p_floor, thin, events, size, name, _companions(d),
    )  # fmt: skip


def _paired_binary(sample: Sample, data: Data) -> Estimate:
    d = sample.values
    b, c, n = int((d == 1).sum()), int((d == -1).sum()), sample.n
    test = binary.mcnemar(b, c)
    tango = binary.tango(b, c, n, data.confidence)
    return Estimate(
        (b - c) / n,
        binary.melded(b, c, n, data.confidence),
        binary.melded(b, c, n, 2 * data.confidence - 1),
        n,
        sample.unit,
        "Fay-Lumbard melded, exact McNemar",
        float(np.std(d, ddof=1)),
        test.p_exact,
        min(1.0, 2.0 ** (1 - (b + c))),
        f"n={n}, at least {FEWEST} are needed" if n < FEWEST else None,
        f"only {sample.events} of {n} examples have any event" if sample.events < FEWEST_EVENTS else None,
        *_odds(b, c),
        {"gained": b, "lost": c, "mcnemar_mid_p": test.p_mid, "tango_low": tango.low, "tango_high": tango.high},
    )


def _proportion(sample: Sample, data: Data) -> Estimate:
    x, n = int(sample.values.sum()), sample.n
    wilson = proportion.wilson(x, n, data.confidence)
    return Estimate(
        x / n,
        proportion.clopper_pearson(x, n, data.confidence),
        proportion.clopper_pearson(x, n, 2 * data.confidence - 1),
        n,
        sample.unit,
        "Clopper-Pearson",
        float(np.std(sample.values, ddof=1)),
        thin=f"n={n}, at least {FEWEST} are needed" if n < FEWEST else None,
        companions={"wilson_low": wilson.low, "wilson_high": wilson.high},
    )


def _by_share(sample: Sample, confidence: float) -> Interval:
    """Few changes among many examples: the exact interval of the share changed, times the most a change can be."""
    up, down = int((sample.values > 0).sum()), int((sample.values < 0).sum())
    assert sample.bound is not None
    return binary.melded(up, down, sample.n, confidence).scaled(sample.bound)


def _independent(parts: list[Estimate]) -> Estimate:
    """A sum over disjoint sets of examples: square-and-add of each part's own interval (MOVER)."""
    total = sum(part.effect for part in parts)

    def added(pick: str) -> Interval:
        ends = [getattr(part, pick) for part in parts]
        low = total - np.sqrt(sum((part.effect - end.low) ** 2 for part, end in zip(parts, ends, strict=True)))
        high = total + np.sqrt(sum((end.high - part.effect) ** 2 for part, end in zip(parts, ends, strict=True)))
        return Interval(float(low), float(high), ends[0].confidence, "square-and-add")

    n = min(part.n for part in parts)
    return Estimate(
        total,
        added("interval"),
        added("narrow"),
        n,
        parts[0].unit,
        f"square-and-add of independent sets (n = {', '.join(str(part.n) for part in parts)})",
        float(np.sqrt(n * sum(part.sd**2 / part.n for part in parts))),
        thin=next((part.thin for part in parts if part.thin), None),
        few_events=next((part.few_events for part in parts if part.few_events), None),
    )


def _nothing(sample: Sample) -> Estimate:
    value = float(sample.values[0]) if sample.n else float("nan")
    nowhere = Interval(-np.inf, np.inf, 0.95, "none")
    return Estimate(
        value, nowhere, nowhere, sample.n, sample.unit, "none", 0.0, thin=f"n={sample.n}, at least {FEWEST} are needed"
    )


def _size(sample: Sample) -> tuple[float | None, str | None]:
    if float(np.std(sample.values)) == 0:
        return None, None
    if sample.arms is not None:
        g = effect_size.hedges_g_av(*sample.arms)
        return (g, "Hedges g_av") if np.isfinite(g) else (None, None)
    return effect_size.d_z(sample.values), "d_z"


def _odds(b: int, c: int) -> tuple[float | None, str | None]:
    return (b / c, "discordant odds ratio") if c else (None, None)


def _companions(d: np.ndarray) -> dict[str, float]:
    """Student's t beside the decision, as most papers print it; and the share of examples that rise."""
    if float(np.std(d)) == 0:
        return {}
    t = mean.student_t(d)
    error = float(np.std(d, ddof=1)) / np.sqrt(len(d))
    return {
        "t": float(np.mean(d)) / error, "df": float(len(d) - 1), "t_low": t.low, "t_high": t.high,
        "share_rising": float(np.mean(d > 0)), "skew": mean.skew(d),
    }  # fmt: skip
