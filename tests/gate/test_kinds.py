"""What the gate follows of each kind, and which way is worse."""

from dataclasses import replace

import numpy as np
import pytest
from causal_claims import (
    Head,
    Metric,
    ablate,
    agrees,
    beats,
    below,
    correlates,
    dose,
    effect,
    exactly,
    level,
    lowers,
    negligible,
    raises,
    ranks,
    recovers,
    replicates,
    specific,
)  # fmt: skip
from causal_claims.gate.change import Change
from causal_claims.gate.compare import compare
from causal_claims.measurements import Measurement
from series import run_of

M = Metric("x")
H = [ablate(Head(0, h)) for h in range(8)]
IDS = tuple(f"e{i:03d}" for i in range(80))


def table(sizes, seed=0, sd=0.2):
    """Effects of eight heads; the examples are the same, the noise of measuring is not."""
    data, noise = np.random.default_rng(1), np.random.default_rng(seed + 10)
    base, own = data.normal(1, 0.3, 80), data.normal(0, sd, (8, 80))
    found = [Measurement("toy", "x", "baseline", IDS, IDS, base)]
    sizes = [*sizes, *([0.0] * (8 - len(sizes)))]
    return [
        *found,
        *(
            Measurement("toy", "x", str(H[h]), IDS, IDS, base + sizes[h] + own[h] + noise.normal(0, 0.01, 80))
            for h in range(8)
        ),
    ]


def change(claim, before, after, **options):
    row = compare(run_of(table(before), [claim]), run_of(table(after, 1), [claim])).rows[0]
    return row.change


CASES = {
    "raises": (raises(M, by=H[0], beyond=0.1), [0.8], [0.4], [1.2]),
    "lowers": (lowers(M, by=H[0], beyond=0.1), [-0.8], [-0.4], [-1.2]),
    "negligible": (negligible(M, by=H[0], within=0.1), [0.02], [0.5], None),
    "negligible each": (negligible(M, each=H, within=0.1), [0, 0.02], [0, 0.5], None),
    "specific": (specific(effect(M, by=H[0]), effect(M, by=H[1]), beyond=0.1), [0.8], [0.4], [1.2]),
    "agrees": (agrees(effect(M, by=H[0]), effect(M, by=H[1]), within=0.1), [0.8, 0.78], [0.8, 0.1], None),
    "beats": (beats(M, by=H[0], against=H[1:], way="raises", beyond=0.1), [0.8], [0.4], [1.2]),
    "ranks": (ranks(M, order=H[:3]), [0.9, 0.6, 0.3], [0.5, 0.6, 0.3], [1.3, 0.6, 0.3]),
    "dose": (
        dose(M, at={1: H[0], 2: H[1], 4: H[2]}, way="raises", beyond=0.1),
        [0.1, 0.4, 0.7],
        [0.1, 0.2, 0.3],
        [0.1, 0.7, 1.3],
    ),
    "recovers": (recovers(effect(M, by=H[0]), of=effect(M, by=H[1]), at_least=0.5), [0.8, 1.0], [0.5, 1.0], [1.1, 1.0]),
    "replicates": (replicates(M, by=H[0], reported=0.8, reported_n=80), [0.79], [0.3], None),
    "below": (below(level(M, under=H[0]), 2.0), [0.5], [0.8], [0.2]),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_stays_worsens_and_betters(kind):
    claim, same, worse, better = CASES[kind]

    assert change(claim, same, same) is Change.UNCHANGED
    assert change(claim, same, worse) is Change.REGRESSED
    if better is not None:  # what is at its target cannot come nearer
        assert change(claim, same, better) is Change.IMPROVED


def test_an_effect_that_comes_back_to_its_target_improves():
    assert change(negligible(M, by=H[0], within=0.1), [0.8], [0.0]) is Change.IMPROVED
    assert change(replicates(M, by=H[0], reported=0.8, reported_n=80), [0.2], [0.8]) is Change.IMPROVED


def test_kinds_without_a_number_per_example_are_compared_by_their_verdict():
    scores, outcomes = [effect(M, by=h) for h in H], [level(M, under=h) for h in H]
    claim = correlates(scores, outcomes)
    row = compare(
        run_of(table([0.1 * i for i in range(8)]), [claim]), run_of(table([0.1 * i for i in range(8)], 1), [claim])
    ).rows[0]

    assert (row.change, row.shift) == (Change.UNCHANGED, None)
    assert "by its verdict" in row.reason


def binary(share_before, share_after, n=200):
    """A 0/1 metric: of all examples, these shares are still right under ablation."""
    ids = tuple(f"e{i:03d}" for i in range(n))
    ones = np.ones(n)

    def arm(share):
        values = np.zeros(n)
        values[: round(share * n)] = 1.0
        return values

    claim = [lowers(M, by=H[0], beyond=0.1, id="binary")]
    runs = []
    for share in (share_before, share_after):
        cells = [
            Measurement("toy", "x", "baseline", ids, ids, ones),
            Measurement("toy", "x", str(H[0]), ids, ids, arm(share)),
        ]
        runs.append(run_of(cells, claim))
    return compare(*runs).rows[0]


def test_binary_effects_are_paired_too():
    assert binary(0.3, 0.8).change is Change.REGRESSED
    assert binary(0.3, 0.31).change is Change.UNCHANGED  # two examples changed: decided on the share of changes
    assert binary(0.3, 0.3).change is Change.UNCHANGED


def test_a_binary_shift_that_only_ever_rose_may_still_be_negative_where_nobody_looked():
    row = binary(0.3, 0.32)

    assert row.shift.low < 0 < row.shift.high


def test_exact_claims_follow_their_verdict():
    claim = exactly(effect(M, by=H[0]) - effect(M, by=H[1]), id="exact")
    same = [replace(m, values=m.values.round(1)) for m in table([0.5, 0.5], sd=0)]
    same[2] = replace(same[1], condition=str(H[1]))
    other = [*same[:2], replace(same[1], condition=str(H[1]), values=same[1].values + 1.0), *same[3:]]
    stays, breaks = (compare(run_of(same, [claim]), run_of(now, [claim])).rows[0] for now in (same, other))

    assert stays.change is Change.UNCHANGED
    assert breaks.change is Change.REGRESSED
