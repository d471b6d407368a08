"""The strongest head and the ranks a head may hold."""

from __future__ import annotations

import numpy as np
from causal_claims.statistics import mean
from causal_claims.statistics.ranking import ordered, rank_set, strongest

SEED = 5


def heads(seed: int, *effects: float, n: int = 60) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 1)) + rng.normal(size=(n, len(effects))) * 0.5 + np.array(effects)


def test_a_head_far_above_the_others_is_strongest() -> None:
    """And the head far below is refuted, with the name of what beats it."""
    D = heads(1, 0, 0, 1, 0, 0)
    best, worst = strongest(D, 2, False, SEED), strongest(D, 0, False, SEED)

    assert (best.supported, best.refuted) == (True, False)
    assert (worst.supported, worst.refuted, worst.beaten_by) == (False, True, (2,))
    assert worst.rival == 2


def test_the_gap_is_the_paired_comparison_with_the_nearest_rival() -> None:
    """The interval shown is the one that decides, at 97.5 % when the head was picked by looking."""
    D = heads(2, 0.4, 0.3, 0)
    named, picked = strongest(D, 0, False, SEED), strongest(D, 0, True, SEED)

    assert named.gap == mean.hull(D[:, 0] - D[:, named.rival])
    assert picked.gap == mean.hull(D[:, 0] - D[:, picked.rival], 0.975)
    assert picked.gap.width > named.gap.width


def test_of_two_tied_heads_either_is_seldom_called_strongest() -> None:
    """600 data sets, two heads tied above the rest: at most 2.5 % named before; picked after, at .0125, 2.5 % again."""
    named, picked = [], []
    for i in range(600):
        D = heads(1000 + i, 0.6, 0.6, 0, 0, n=30)
        named.append(strongest(D, 0, False, SEED, 99).supported)
        picked.append(strongest(D, int(np.argmax(D.mean(0))), True, SEED, 99).supported)

    assert np.mean(named) < 0.045
    assert np.mean(picked) < 0.045


def test_the_rank_set_holds_the_true_rank() -> None:
    """200 data sets of five heads in a row: the middle one's rank is 3."""
    sets = [rank_set(heads(i, 0.8, 0.4, 0.2, 0, -0.4, n=40), 2, SEED, 199) for i in range(200)]

    assert np.mean([s.low <= 3 <= s.high for s in sets]) >= 0.93
    assert {s.high - s.low for s in sets} != {0}


def test_the_rank_set_counts_who_is_certainly_above_and_below() -> None:
    """1 + #above to H - #below."""
    ranks = rank_set(heads(3, 2, 0, 0.01, -2), 1, SEED)

    assert (ranks.low, ranks.high, ranks.above, ranks.below) == (2, 3, (0,), (3,))


def test_an_order_needs_every_step() -> None:
    """Three falling heads are ordered; a reversed pair refutes; a tie decides nothing."""
    assert ordered(heads(4, 2, 1, 0)).supported
    assert ordered(heads(4, 1, 2, 0)).refuted
    tie = ordered(heads(4, 2, 1, 1))
    assert (tie.supported, tie.refuted, tie.weakest) == (False, False, 1)
