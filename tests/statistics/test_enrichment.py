"""Token sets against the rest of the vocabulary."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics.enrichment import auc_interval, enrichment
from scipy import stats


def test_the_auc_is_mann_whitneys_u_over_all_pairs() -> None:
    """A second implementation: scipy.stats.mannwhitneyu(members, others).statistic / (m n), ties included."""
    scores = np.random.default_rng(1).integers(0, 9, 60).astype(float)
    members = np.array([3, 8, 20, 41, 50])
    others = np.delete(scores, members)
    expected = stats.mannwhitneyu(scores[members], others).statistic / (5 * 55)

    assert pytest.approx(expected) == enrichment(scores, members, seed=1).auc


def test_the_best_set_reaches_the_floor_and_the_worst_is_depleted() -> None:
    """p is never 0: the observed set is one of the sets."""
    scores = np.arange(200.0)
    top, bottom = (enrichment(scores, members, seed=1, permutations=999) for members in (range(190, 200), range(10)))

    assert (top.auc, top.p_greater, top.p_less) == (1.0, 0.001, 1.0)
    assert (bottom.auc, bottom.p_greater, bottom.p_less) == (0.0, 1.0, 0.001)
    assert bottom.interval.high > 0
    assert top.interval.low < 1


def test_a_random_set_has_an_even_p() -> None:
    """300 null sets: a tenth below .1, one-sided."""
    rng = np.random.default_rng(2)
    p = [
        enrichment(rng.normal(size=50), rng.choice(50, 8, replace=False), seed=i, permutations=99).p_greater
        for i in range(300)
    ]

    assert pytest.approx(0.1, abs=0.06) == np.mean(np.array(p) <= 0.1)


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_the_interval_covers_the_true_auc(shift: float) -> None:
    """600 normal samples, 15 members against 60."""
    rng = np.random.default_rng(3)
    truth, covered = stats.norm.cdf(shift / np.sqrt(2)), []
    for _ in range(600):
        scores = np.concatenate((rng.normal(shift, 1, 15), rng.normal(0, 1, 60)))
        auc = stats.mannwhitneyu(scores[:15], scores[15:]).statistic / 900
        covered.append(not auc_interval(auc, 15, 60).excludes(truth))

    assert 0.925 <= np.mean(covered) <= 0.985


def test_monotone_rescaling_of_the_scores_changes_nothing() -> None:
    """Ranks alone count."""
    scores = np.random.default_rng(4).normal(size=80)

    assert enrichment(scores, [1, 2, 3], 1, 199) == enrichment(np.exp(scores), [1, 2, 3], 1, 199)
