"""Rows that belong together are one observation."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import clusters

SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])


def test_rows_are_averaged_in_order_of_first_appearance() -> None:
    """Whatever the labels are, and column by column for a matrix."""
    result = clusters.cluster_means([1, 5, 3, 7, 2], ["b", "a", "b", "a", "c"])

    assert result.labels == ("b", "a", "c")
    assert result.means.tolist() == [2, 6, 2]
    assert result.sizes.tolist() == [2, 2, 1]
    assert result.members.tolist() == [0, 1, 0, 1, 2]
    assert clusters.cluster_means([[1, 10], [4, 40], [3, 30]], [0, 1, 0]).means.tolist() == [[2, 20], [4, 40]]


def test_the_icc_of_shrout_and_fleiss_is_theirs() -> None:
    """Shrout and Fleiss (1979): six targets, four judges, ICC(1,1) = .17."""
    icc = clusters.icc(SHROUT_FLEISS.ravel(), np.repeat(np.arange(6), 4))

    assert pytest.approx(0.17, abs=0.005) == icc


def test_the_icc_is_recovered_from_simulated_clusters_of_unequal_size() -> None:
    """Variance .5 between and .5 within: .5."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(800), rng.integers(1, 9, 800))
    rows = rng.normal(size=800)[labels] + rng.normal(size=len(labels))

    assert pytest.approx(0.5, abs=0.05) == clusters.icc(rows, labels)


def test_copies_of_a_row_are_worth_one_row() -> None:
    """ICC 1: ten copies are one example; ICC 0: they are ten."""
    assert clusters.icc(np.repeat([1.0, 2.0, 4.0], 10), np.repeat([0, 1, 2], 10)) == 1
    assert clusters.effective_n(30, 10, icc=1) == 3
    assert clusters.effective_n(30, 10, icc=0) == 30
