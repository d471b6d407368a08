"""The sign-flip test: exact values, symmetry, and agreement of the exact and the random version."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics.signflip import sign_flip
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48])
DIFFERENCES = hnp.arrays(np.float64, st.integers(1, 24), elements=st.integers(-30, 30).map(float))


def test_darwins_maize_has_fishers_exact_p() -> None:
    """Fisher (1935): 1726 of the 32768 sign patterns are as extreme; the same in any unit."""
    assert sign_flip(DARWIN, seed=1).p_two_sided == 1726 / 32768
    assert sign_flip(DARWIN / 8, seed=1).p_two_sided == 1726 / 32768


@given(DIFFERENCES, st.sampled_from([0.1, 1 / 3, 7.0, 1e-200, 1e200]), st.integers(0, 5))
def test_sign_and_unit_do_not_change_p(d: np.ndarray, c: float, seed: int) -> None:
    """p(x) = p(-x) = p(c x), exactly, ties of sums included."""
    plain, mirrored, scaled = (sign_flip(x, seed, 199) for x in (d, -d, c * d))

    assert plain == scaled
    assert plain.p_two_sided == mirrored.p_two_sided
    assert (plain.p_greater, plain.p_less) == (mirrored.p_less, mirrored.p_greater)


@given(DIFFERENCES, st.integers(0, 9))
def test_zeros_carry_no_evidence(d: np.ndarray, zeros: int) -> None:
    """Added zeros leave every p as it was."""
    assert sign_flip(d, 1, 199) == sign_flip(np.concatenate((d, np.zeros(zeros))), 1, 199)


@given(DIFFERENCES)
def test_p_never_falls_below_its_floor(d: np.ndarray) -> None:
    """The floor is what the most extreme pattern would give."""
    result = sign_flip(d, 1, 199)

    assert result.p_floor <= result.p_two_sided <= 1
    assert result.p_floor == sign_flip(np.abs(d), 1, 199).p_floor


def test_the_floor_is_reached_when_all_signs_agree() -> None:
    """Five differences of one sign give .0625 two-sided: no verdict from five."""
    result = sign_flip([1, 2, 3, 4, 5], seed=1)

    assert result.p_two_sided == result.p_floor == 0.0625
    assert sign_flip(np.zeros(9), 1).p_two_sided == 1


def test_exact_agrees_with_scipys_permutation_test() -> None:
    """A second implementation: permutation_test((d,), mean, permutation_type="samples", n_resamples=inf)."""
    d = np.random.default_rng(4).normal(0.4, size=11)
    expected = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True)

    assert pytest.approx(expected.pvalue) == sign_flip(d, seed=1).p_two_sided


def test_random_flips_approach_the_exact_answer() -> None:
    """Seventeen differences: all 131,072 patterns against 20,000 random ones."""
    d = np.random.default_rng(5).normal(0.3, size=17)
    signs = np.where(np.arange(2**17)[:, None] >> np.arange(17) & 1, 1, -1)
    exact = np.mean(np.abs(signs @ d) >= abs(d.sum()) - 1e-9)
    result = sign_flip(d, seed=2, flips=20_000)

    assert not result.exact
    assert pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000)) == result.p_two_sided


def test_the_same_seed_gives_the_same_p() -> None:
    """And another seed another one: the draw is the seed's alone."""
    d = np.random.default_rng(6).normal(0.1, size=60)

    assert sign_flip(d, seed=7) == sign_flip(d, seed=7)
    assert sign_flip(d, seed=7) != sign_flip(d, seed=8)
