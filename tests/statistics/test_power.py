"""What n examples can show."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import mean, power
from hypothesis import given
from hypothesis import strategies as st


def test_a_medium_effect_needs_34_pairs() -> None:
    """Cohen's d = .5 with 80 % power at .05 two-sided: G*Power's 34 pairs, power .808."""
    assert power.needed_n(1, 0.5) == 34
    assert pytest.approx(0.808, abs=5e-4) == power.power(0.5, 1, 34)


@given(st.floats(0.01, 10), st.floats(0.05, 20))
def test_the_needed_n_is_the_first_that_can_show_the_effect(sd: float, effect: float) -> None:
    """One example fewer could not."""
    n = power.needed_n(sd, effect)

    assert power.mde80(sd, n) <= effect
    assert n == 2 or power.mde80(sd, n - 1) > effect
    assert power.needed_n(sd, -effect) == n


def test_at_the_smallest_detectable_effect_power_is_80_percent() -> None:
    """Within a point, at sizes where a verdict is given."""
    assert [pytest.approx(0.8, abs=0.012)] * 4 == [power.power(power.mde80(2, n), 2, n) for n in (16, 32, 70, 1000)]


def test_power_is_what_the_t_interval_does() -> None:
    """4,000 samples of 20 with mean .6 sd against a margin of .1."""
    samples = np.random.default_rng(1).normal(0.6, 1, (4000, 20))
    shown = mean.t_ends(mean.moments(samples), 0.95)[0] > 0.1

    assert pytest.approx(power.power(0.6, 1, 20, margin=0.1), abs=0.03) == shown.mean()
