"""A targeted set against random ones: the rank is what counts."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import mean
from causal_claims.statistics.controls import beats
from causal_claims.statistics.proportion import clopper_pearson


def study(seed: int, sets: int, lead: float = 0.0, n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Effects y(s, i) = a_s + b_i + e: the target is one more draw of a_s, plus a lead."""
    rng = np.random.default_rng(seed)
    D = 0.5 * rng.normal(size=sets + 1) + rng.normal(size=(n, 1)) + rng.normal(size=(n, sets + 1))
    return D[:, 0] + lead, D[:, 1:]


def test_the_rank_p_counts_sets_at_least_as_strong() -> None:
    """(1 + #random >= target) / (N + 1), a tie counted against the target."""
    target = np.array([1.0, 3.0])
    result = beats(target, np.array([[0.0, 1.0, 5.0], [0.0, 3.0, 5.0]]))

    assert (result.rank_p, result.p_floor, result.at_least_as_strong, result.sets) == (3 / 4, 1 / 4, 2, 3)
    assert clopper_pearson(2, 3) == result.share


@pytest.mark.parametrize(("level", "fewest"), [(0.05, 19), (0.025, 39)])
def test_too_few_sets_cannot_reach_the_level(level: float, fewest: int) -> None:
    """19 sets for .05, 39 for .025; with one fewer even the best rank does not."""
    floors = [beats(*study(1, sets)).p_floor for sets in (fewest - 1, fewest)]

    assert [floor > level + 1e-12 for floor in floors] == [True, False]


def test_four_of_twenty_random_sets_refute() -> None:
    """The lower Clopper-Pearson bound of the share passes .05 at 4 of 20, not at 3."""
    assert [clopper_pearson(k, 20).low > 0.05 for k in (3, 4)] == [False, True]


def test_a_random_set_is_seldom_special_by_rank_and_often_by_the_naive_t() -> None:
    """400 studies of 39 sets: rank p <= .025 about 2.5 %, the t against the mean set about one in three."""
    results = [beats(*study(i, 39)) for i in range(400)]

    assert np.mean([r.rank_p <= 0.025 for r in results]) < 0.05
    assert np.mean([r.interval.low > 0 for r in results]) > 0.2


def test_a_set_far_ahead_wins_on_both_counts() -> None:
    """A lead of three standard deviations of the sets."""
    target, controls = study(2, 39, lead=2.5)
    result = beats(target, controls)

    assert result.rank_p == result.p_floor
    assert result.interval == mean.hull(target - controls.mean(1))
    assert result.interval.low > 0
    assert result.prediction_p < 0.025


def test_one_random_set_has_no_spread_to_describe() -> None:
    """The prediction t is not a number then, and nothing rests on it."""
    assert np.isnan(beats(*study(1, 1)).prediction_p)
