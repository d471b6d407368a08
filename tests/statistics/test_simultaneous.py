"""Bands for many means at once: coverage together, invariance, one side or two."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import mean
from causal_claims.statistics.simultaneous import max_t

SEED = 11


def correlated(rng: np.random.Generator, n: int, columns: int, rho: float = 0.3) -> np.ndarray:
    common = rng.normal(size=(n, 1))
    return np.sqrt(rho) * common + np.sqrt(1 - rho) * rng.normal(size=(n, columns))


@pytest.mark.parametrize("side", ["two", "lower", "upper"])
def test_all_means_are_covered_at_once(side: str) -> None:
    """Nominal 95 %: 300 data sets of 12 columns, 32 examples, none of whose means may be missed."""
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(300):
        bands = max_t(correlated(rng, 32, 12), SEED, 499, side=side)  # type: ignore[arg-type]
        covered.append(bool((bands.low <= 0).all() and (bands.high >= 0).all()))

    assert 0.92 <= np.mean(covered) <= 1


def test_one_column_is_close_to_students_t() -> None:
    """Normal data, 200 examples: the critical value is near 1.97."""
    D = np.random.default_rng(2).normal(size=(200, 1))
    bands = max_t(D, SEED, 9999)

    assert pytest.approx(mean.t_quantile(199, 0.95), abs=0.08) == bands.critical


def test_more_columns_widen_and_more_confidence_widens() -> None:
    """The price of speaking about all at once."""
    D = np.random.default_rng(3).normal(size=(60, 20))

    assert max_t(D[:, :1], SEED).critical < max_t(D[:, :5], SEED).critical < max_t(D, SEED).critical
    assert max_t(D, SEED, confidence=0.9).critical < max_t(D, SEED, confidence=0.99).critical


def test_units_of_each_column_and_their_order_do_not_matter() -> None:
    """Scaled and permuted columns give scaled and permuted bands."""
    D = np.random.default_rng(4).lognormal(size=(40, 6))
    scale, order = np.array([1e-9, 1, 5, 100, 1e9, 3]), np.array([3, 1, 5, 0, 2, 4])
    plain, changed = max_t(D, SEED), max_t((D * scale)[:, order], SEED)

    np.testing.assert_allclose(changed.low, (plain.low * scale)[order], rtol=1e-9)
    np.testing.assert_allclose(changed.high, (plain.high * scale)[order], rtol=1e-9)


def test_one_side_leaves_the_other_open_and_mirrors() -> None:
    """The lower bounds of x are minus the upper bounds of -x."""
    D = np.random.default_rng(5).lognormal(size=(40, 6))
    lower, upper = max_t(D, SEED, side="lower"), max_t(-D, SEED, side="upper")

    assert np.isinf(lower.high).all()
    np.testing.assert_allclose(lower.low, -upper.high)


def test_a_column_without_variation_keeps_a_width_and_spares_the_others() -> None:
    """Its limit is exact, split over the columns; the other bands are as without it."""
    D = np.random.default_rng(6).normal(size=(40, 3))
    alone, with_zeros = max_t(D, SEED), max_t(np.column_stack((D, np.zeros(40))), SEED)

    np.testing.assert_allclose(with_zeros.high[:3], alone.high)
    assert pytest.approx(1 - (0.025 / 4) ** (1 / 40)) == with_zeros.high[3]


def test_sparse_columns_have_no_finite_limit_rather_than_a_false_one() -> None:
    """Two changed examples in ten: resamples without them have no variation, and the band says so."""
    D = np.zeros((10, 1))
    D[:2, 0] = 1.0

    assert max_t(D, SEED).critical == np.inf


def test_the_same_seed_gives_the_same_bands() -> None:
    """The weights are drawn once for n, resamples and seed."""
    D = np.random.default_rng(7).normal(size=(30, 4))

    assert max_t(D, 1).critical == max_t(D, 1).critical != max_t(D, 2).critical
