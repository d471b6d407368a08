"""Reported figures against ours."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import mean, replication
from scipy import stats


def test_the_prediction_interval_holds_the_next_mean_95_percent_of_the_time() -> None:
    """Ours of 25, theirs of 60, the same true effect: 4,000 replications."""
    rng = np.random.default_rng(1)
    ours, theirs = rng.normal(0.3, 1, (4000, 25)), rng.normal(0.3, 1, (4000, 60)).mean(1)
    missed = [replication.prediction_interval(d, 60).excludes(x) for d, x in zip(ours, theirs, strict=True)]

    assert pytest.approx(0.05, abs=0.014) == np.mean(missed)


def test_an_unknown_n0_is_taken_to_be_ours_and_rounding_widens() -> None:
    """By the half unit on either side."""
    d = np.random.default_rng(2).normal(size=30)
    plain, rounded = replication.prediction_interval(d), replication.prediction_interval(d, 30, rounding=0.00005)

    assert plain.width == pytest.approx(np.sqrt(2) * mean.student_t(d).width)
    assert pytest.approx(plain.width + 0.0001) == rounded.width


@pytest.mark.parametrize(("n0", "d33"), [(32, 0.28), (100, 0.15)])
def test_small_telescopes_see_large_effects_only(n0: int, d33: float) -> None:
    """The effects that studies of 32 and 100 had a third of a chance to see."""
    assert pytest.approx(d33, abs=0.005) == replication.small_telescopes(n0)


@pytest.mark.parametrize("n0", [2, 5, 40, 3000])
def test_at_d33_the_original_has_a_third_of_a_chance(n0: int) -> None:
    """A second implementation: the noncentral t of scipy.stats."""
    shift, critical = replication.small_telescopes(n0) * np.sqrt(n0), stats.t.ppf(0.975, n0 - 1)
    power = stats.nct.sf(critical, n0 - 1, shift)

    assert pytest.approx(1 / 3, abs=0.002) == power


def test_a_tiny_effect_measured_well_was_undetectable() -> None:
    """2,000 examples of d = .05 against an original of 20; and d = 1 was not."""
    rng = np.random.default_rng(3)

    assert replication.telescope(rng.normal(0.05, 1, 2000), 20).undetectable
    assert not replication.telescope(rng.normal(1, 1, 2000), 20).undetectable


def test_the_upper_bound_of_d_is_exact() -> None:
    """At the bound, a t as small as ours has probability 5 %."""
    d = np.random.default_rng(4).normal(0.2, 1, 30)
    result = replication.telescope(d, 20)

    assert pytest.approx(0.05) == stats.nct.cdf(result.d_z * np.sqrt(30), 29, result.upper * np.sqrt(30))


def test_the_ratio_to_a_negative_figure_swaps_its_ends() -> None:
    """[L/reported, U/reported]."""
    ours = mean.t_summary(-2, 1, 25).interval
    ratio = replication.ratio_interval(ours, -4)

    assert (ours.high / -4, ours.low / -4) == (ratio.low, ratio.high)
