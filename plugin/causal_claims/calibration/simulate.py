"""One simulator for each table: error rates, in percent, of our procedures on data whose truth is known.

A simulator takes a table row's case, a number of runs and a generator, and gives what the row's columns name.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from causal_claims.calibration.families import FAMILIES, correlated, standardised
from causal_claims.statistics import binary, clusters, controls, mean, ranking, simultaneous
from causal_claims.statistics.interval import Interval

Array = NDArray[np.float64]
Rates = dict[str, float]
Law = dict[int, tuple[list[int], Array]]  # c -> b, and how likely each table is
Simulator = Callable[[dict[str, Any], int, np.random.Generator], Rates]

BLOCK = 2**21  # numbers drawn at a time
HEADS = 32
CHANGES = [  # shares of examples that change one way and the other
    (0.005, 0.005), (0.02, 0.02), (0.1, 0.1), (0.06, 0.02), (0.05, 0.0), (0.3, 0.05), (0.5, 0.0), (0.9, 0.01),
]  # fmt: skip


def intervals_of_the_mean(case: dict[str, Any], runs: int, rng: np.random.Generator) -> Rates:
    """Table 1.1: how often the truth lies below or above t, Hall's interval and their plain hull."""
    tally = Tally()
    truth = FAMILIES[case["data"]].mean
    for D in _samples(case, runs, rng):
        m = mean.moments(D)
        ends = {"t": mean.t_ends(m, 0.95), "hall": mean.hall_ends(m, 0.95), "hull": _plain_hull(D)}
        for name, (low, high) in ends.items():
            tally.add(f"{name} below", low > truth)
            tally.add(f"{name} above", high < truth)
    return tally.percent()


def verdicts(case: dict[str, Any], runs: int, rng: np.random.Generator) -> Rates:
    """Table 1.2: verdicts by t and by the decision interval with its guards, truth at 0 and half an sd."""
    tally = Tally()
    truth, half = FAMILIES[case["data"]].mean, FAMILIES[case["data"]].sd / 2
    for D in _samples(case, runs, rng):
        decidable = (D != 0).sum(1) >= mean.ENOUGH_NONZERO
        rules = {
            "t": (mean.t_ends(mean.moments(D), 0.95), np.ones_like(decidable)),
            "decision": (mean.hull_ends(D, 0.95), decidable),
        }
        for name, ((low, high), verdict) in rules.items():
            low, high = low - truth, high - truth
            tally.add(f"wrong supported: {name}", verdict & (low > 0))
            tally.add(f"wrong refuted: {name}", verdict & (high < 0))
            tally.add(f"power at .5 sd: {name}", verdict & (low + half > 0))
            tally.add(f"within .5 sd, truth 0: {name}", verdict & (low > -half) & (high < half))
            tally.add(f"wrong within, truth .5 sd: {name}", verdict & (low + half > -half) & (high + half < half))
    return tally.percent()


def paired_binary(case: dict[str, Any], runs: int, rng: np.random.Generator) -> Rates:
    """Table 1.4, from the trinomial law itself: the worst of eight scenarios for each interval."""
    n = case["n"]
    methods = {"t": _t_of_table, "Bonett-Price": binary.bonett_price, "Tango": binary.tango, "melded": binary.melded}
    intervals = {name: cache(partial(method, n=n)) for name, method in methods.items()}
    worst: Rates = {f"{name} worst miss": 0.0 for name in methods}
    lowest: Rates = {f"{name} lowest coverage": 100.0 for name in methods}
    for p, q in CHANGES:
        likely = _likely_tables(n, p, q)
        for name, interval in intervals.items():
            below, above = missed(interval, likely, p - q)
            worst[f"{name} worst miss"] = max(worst[f"{name} worst miss"], below, above)
            lowest[f"{name} lowest coverage"] = min(lowest[f"{name} lowest coverage"], 100 - below - above)
    return worst | lowest


def missed(interval: Callable[[int, int], Interval], likely: Law, truth: float) -> tuple[float, float]:
    """How often, in percent, the interval lies above the truth and below it.

    With as many changes one way, more of the other only move an interval: where it begins to miss is found by halving.
    """
    above = below = 0.0
    for c, (changed, chances) in likely.items():
        first = bisect_left(changed, True, key=lambda b: interval(b, c).low > truth)
        last = bisect_left(changed, True, key=lambda b: interval(b, c).high >= truth)
        above, below = above + chances[first:].sum(), below + chances[:last].sum()
    return 100 * above, 100 * below


def documents(case: dict[str, Any], runs: int, rng: np.random.Generator) -> Rates:
    """Table 1.6: a true null tested on rows of documents, and on the documents' means."""
    tally = Tally()
    G, rows, icc = case["documents"], case["rows"], case["icc"]
    for block in _blocks(runs, G * rows):
        equal = np.repeat(np.arange(G), rows)
        unequal = np.repeat(np.arange(G), rng.integers(1, 2 * rows, G))
        tally.add("rows as independent", _rejected(_rows(rng, equal, icc, block).T))
        means = clusters.cluster_means(_rows(rng, equal, icc, block), equal).means
        tally.add("per-document mean", _rejected(means.T))
        means = clusters.cluster_means(_rows(rng, unequal, icc, block), unequal).means
        tally.add("per-document mean, unequal sizes", _rejected(means.T))
    return tally.percent()


def recovery(case: dict[str, Any], runs: int, rng: np.random.Generator) -> Rates:
    """Table 1.7: Fieller's interval holds a true ratio of .8 when the contrast at .8 does not exclude 0."""
    tally = Tally()
    n, z, truth = case["n"], case["z"], 0.8
    for block in _blocks(runs, 2 * n):
        den = z / np.sqrt(n) + standardised(case["data"], rng, (block, n))
        num = truth * z / np.sqrt(n) + standardised(case["data"], rng, (block, n))
        low, high = _plain_hull(num - truth * den)
        tally.add("Fieller hull", (low <= 0) & (high >= 0))
        tally.add("Fieller t", ~_rejected(num - truth * den))
    return tally.percent()


def many_heads(case: dict[str, Any], runs: int, rng: np.random.Generator) -> Rates:
    """Table 2.1: all of 32 heads within a margin, each by its own interval or by bands that hold at once."""
    tally = Tally()
    margin, sd = 0.02, 0.03
    one = np.zeros(HEADS)
    one[0] = margin
    for _ in range(runs):
        D = sd * correlated(case["data"], rng, case["n"], HEADS, rho=0.3)
        m = mean.moments(D.T)
        bands = simultaneous.max_t(D, seed=int(rng.integers(2**31)), resamples=499)
        rules = {
            "each t": mean.t_ends(m, 0.95),
            "max-t": (bands.low, bands.high),
            "Bonferroni t": mean.t_ends(m, 1 - 0.05 / HEADS),
        }
        for name, (low, high) in rules.items():
            wrong = (low + one > -margin).all() and (high + one < margin).all()
            tally.add(f"wrong all within: {name}", wrong)
            tally.add(f"all within, truth 0: {name}", (low > -margin).all() and (high < margin).all())
            tally.add(f"false one beyond: {name}", (low > 0).any())
    return tally.percent()


def strongest_head(case: dict[str, Any], runs: int, rng: np.random.Generator) -> Rates:
    """Table 2.3: a head tied with one other, or with all, called strongest or refuted."""
    tally = Tally()
    lead = np.zeros(HEADS)
    if case["truth"] == "two tied":
        lead[:2] = 2.0
    for _ in range(runs):
        D = lead + correlated("normal", rng, case["n"], HEADS, rho=0.3)
        seed = int(rng.integers(2**31))
        named = ranking.strongest(D, 0, picked_after=False, seed=seed, resamples=499)
        tally.add("supported", named.supported)
        tally.add("refuted", named.refuted)
        top = int(np.argmax(D.mean(0)))
        picked = ranking.strongest(D, top, picked_after=False, seed=seed, resamples=1)
        tally.add("supported, picked after, at .025", picked.supported)
    return tally.percent()


def random_sets(case: dict[str, Any], runs: int, rng: np.random.Generator) -> Rates:
    """Table 3: the target is one more random set; how often is it called special?"""
    tally = Tally()
    examples, sets = 70, case["sets"]
    for _ in range(runs):
        effects = 0.5 * standardised(case["data"], rng, (sets + 1,)) + rng.standard_normal((examples, sets + 1))
        target, random = effects[:, 0], effects[:, 1:]
        result = controls.beats(target, random)
        tally.add("t against the mean set", mean.student_t(target - random.mean(1)).low > 0)
        tally.add("prediction t", result.prediction_p <= 0.025)
        tally.add("rank p <= .025", result.rank_p <= 0.025)
        tally.add("rank p <= .05", result.rank_p <= 0.05)
    return tally.percent()


SIMULATORS: dict[str, Simulator] = {
    "1.1": intervals_of_the_mean,
    "1.2": verdicts,
    "1.4": paired_binary,
    "1.6": documents,
    "1.7": recovery,
    "2.1": many_heads,
    "2.3": strongest_head,
    "3": random_sets,
}
EXACT = {"1.4"}  # no Monte-Carlo error of its own


class Tally:
    """Counts of events by name."""

    def __init__(self) -> None:
        self.hits: dict[str, int] = {}
        self.tries: dict[str, int] = {}

    def add(self, name: str, happened: Any) -> None:
        self.hits[name] = self.hits.get(name, 0) + int(np.count_nonzero(happened))
        self.tries[name] = self.tries.get(name, 0) + int(np.size(happened))

    def percent(self) -> Rates:
        return {name: 100 * hits / self.tries[name] for name, hits in self.hits.items()}


def _blocks(runs: int, size: int) -> Iterator[int]:
    """Runs split so that a block of runs x size numbers fits in memory."""
    step = max(1, BLOCK // size)
    for start in range(0, runs, step):
        yield min(step, runs - start)


def _samples(case: dict[str, Any], runs: int, rng: np.random.Generator) -> Iterator[Array]:
    """Blocks of samples, runs x n."""
    for block in _blocks(runs, case["n"]):
        yield FAMILIES[case["data"]].draw(rng, (block, case["n"]))


def _plain_hull(D: Array) -> mean.Ends:
    """The hull without its long-tail rule, and [0, 0] for samples of zeros, as the tables had it."""
    low, high = mean.hull_ends(D, 0.95, long_tail=False)
    constant = D.max(1) == D.min(1)
    return np.where(constant, D[:, 0], low), np.where(constant, D[:, 0], high)


def _rejected(D: Array) -> NDArray[np.bool_]:
    """Whether the 95 % t interval excludes 0."""
    low, high = mean.t_ends(mean.moments(D), 0.95)
    return np.asarray((low > 0) | (high < 0))


def _rows(rng: np.random.Generator, labels: NDArray[np.intp], icc: float, runs: int) -> Array:
    """Null rows x runs, the rows of one document alike."""
    shared = rng.standard_normal((labels.max() + 1, runs))[labels]
    return np.asarray(np.sqrt(icc) * shared + np.sqrt(1 - icc) * rng.standard_normal((len(labels), runs)))


def _likely_tables(n: int, p: float, q: float) -> Law:
    """The likeliest tables (b, c) of the trinomial law, all but 1e-5 of it: for each c its b in order, and how likely each is."""
    b, c = (grid.ravel() for grid in np.indices((n + 1, n + 1)))
    b, c = b[b + c <= n], c[b + c <= n]
    log = special.gammaln(n + 1) - special.gammaln(b + 1) - special.gammaln(c + 1) - special.gammaln(n - b - c + 1)
    law = np.exp(log + special.xlogy(b, p) + special.xlogy(c, q) + special.xlogy(n - b - c, 1 - p - q))
    order = np.argsort(-law)
    likely = np.sort(order[: 1 + np.searchsorted(np.cumsum(law[order]), 1 - 1e-5)])  # as in the grid: by b
    b, c, law = b[likely], c[likely], law[likely]
    return {int(one): (b[c == one].tolist(), law[c == one]) for one in np.unique(c)}


def _t_of_table(b: int, c: int, n: int) -> Interval:
    """Student's t on the differences +1, -1 and 0: the naive method."""
    average = (b - c) / n
    return mean.t_summary(average, float(np.sqrt(((b + c) - n * average**2) / (n - 1))), n).interval
