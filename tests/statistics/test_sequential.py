"""Interim looks: published boundaries, the level they keep, and sequences that may be read at any time."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import mean, sequential


@pytest.mark.parametrize(("looks", "c"), [(1, 1.960), (2, 1.977), (3, 2.004), (4, 2.024), (5, 2.040), (10, 2.087)])
def test_the_last_obrien_fleming_boundary_is_the_tabled_constant(looks: int, c: float) -> None:
    """Jennison and Turnbull (2000) table 2.3, two-sided .05."""
    assert pytest.approx(c, abs=6e-4) == sequential.obrien_fleming(looks)[-1]


@pytest.mark.parametrize(("looks", "c"), [(1, 1.960), (2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413), (10, 2.555)])
def test_pococks_boundary_is_the_tabled_constant(looks: int, c: float) -> None:
    """Jennison and Turnbull (2000) table 2.1, two-sided .05."""
    assert [pytest.approx(c, abs=6e-4)] * looks == list(sequential.pocock(looks))


@pytest.mark.parametrize(
    ("looks", "z"),
    [(2, [2.963, 1.969]), (3, [3.710, 2.511, 1.993]), (4, [4.333, 2.963, 2.359, 2.014])],
)
def test_lan_demets_boundaries_are_gsdesigns(looks: int, z: list[float]) -> None:
    """gsDesign(k, test.type=1, sfu=sfLDOF), one-sided .025."""
    assert pytest.approx(z, abs=6e-4) == sequential.obrien_fleming_spending(looks)


@pytest.mark.parametrize("times", [[1.0], [0.5, 1.0], [0.1, 0.35, 0.8, 1.0]])
def test_a_spending_boundary_spends_alpha_at_any_times(times: list[float]) -> None:
    """One-sided crossing probability .025, whatever the information fractions."""
    z = sequential.obrien_fleming_spending(times)

    assert pytest.approx(0.025, abs=1e-7) == sequential.crossing_probability(z, times, two_sided=False)


def test_boundaries_keep_their_level_in_simulated_walks() -> None:
    """A second way: 40,000 random walks over five looks."""
    walks = np.random.default_rng(1).normal(size=(40_000, 5)).cumsum(1) / np.sqrt(np.arange(1, 6))
    two_sided = (np.abs(walks) >= sequential.obrien_fleming(5)).any(1).mean()
    one_sided = (walks >= np.array(sequential.hwang_shih_decani(5, -4))).any(1).mean()

    assert pytest.approx(0.05, abs=0.0045) == two_sided
    assert pytest.approx(0.025, abs=0.0032) == one_sided


def test_a_gamma_of_zero_spends_evenly() -> None:
    """The limit of the Hwang-Shih-DeCani family."""
    assert pytest.approx([0.0125, 0.025]) == sequential.hwang_shih_decani_spent(2, 0)
    assert pytest.approx([0.0125, 0.025], rel=1e-6) == sequential.hwang_shih_decani_spent(2, 1e-7)


def test_repeated_intervals_hold_together() -> None:
    """1,500 null studies read at 32, 64 and 96 examples: 0 is left out at some look at most about 5 % of the time."""
    rng = np.random.default_rng(2)
    studies = rng.normal(size=(1500, 96))
    missed = [any(sequential.repeated_interval(d[: 32 * k], k, 3).excludes(0) for k in (1, 2, 3)) for d in studies]

    assert 0.025 < np.mean(missed) < 0.067


def test_an_early_look_is_wider_and_a_single_look_is_the_decision_interval() -> None:
    """Nothing is paid when there is one look."""
    d = np.random.default_rng(3).normal(size=40)
    once = sequential.repeated_interval(d, 1, 1)

    assert pytest.approx((mean.hull(d).low, mean.hull(d).high)) == (once.low, once.high)
    assert sequential.repeated_interval(d, 1, 5).width > sequential.repeated_interval(d, 5, 5).width > once.width


def test_a_confidence_sequence_may_be_read_after_every_example() -> None:
    """400 null studies read at every n from 20 to 300: 0 is left out at any time at most 5 % of the time or so."""
    rng = np.random.default_rng(4)
    missed = 0
    for _ in range(400):
        d = rng.normal(size=300)
        missed += any(sequential.confidence_sequence(d[:n], 150).excludes(0) for n in range(20, 301, 10))

    assert missed / 400 < 0.06


def test_the_mixture_bound_is_tightest_near_the_time_it_was_tuned_for() -> None:
    """Among neighbouring mixing variances."""
    rho = sequential.mixture_rho(100)
    bounds = [sequential.mixture_bound(100, rho * factor) for factor in (0.3, 1, 3)]

    assert bounds[1] == min(bounds)
