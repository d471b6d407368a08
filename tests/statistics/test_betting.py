"""The betting interval: coverage at small n, where nothing else is guaranteed."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics.betting import betting, e_value


@pytest.mark.parametrize("law", ["beta", "rare"])
def test_bounded_means_are_covered_at_16_examples(law: str) -> None:
    """400 samples; with rare large values Student's t covers 70 %, betting at least 95 %."""
    rng = np.random.default_rng(1)
    if law == "beta":
        samples, mean = rng.beta(2, 5, (400, 16)), 2 / 7
    else:
        samples, mean = (rng.random((400, 16)) < 0.1) * rng.random((400, 16)), 0.05

    assert np.mean([not betting(x, 0, 1).excludes(mean) for x in samples]) >= 0.95


def test_bounds_and_direction_only_relabel_the_numbers() -> None:
    """x in [0, 1] and 3 - 5x in [-2, 3] have intervals that map into each other."""
    x = np.random.default_rng(2).random(40)
    plain, mapped = betting(x, 0, 1), betting(3 - 5 * x, -2, 3)

    assert pytest.approx((3 - 5 * plain.high, 3 - 5 * plain.low), abs=1e-9) == (mapped.low, mapped.high)


def test_the_interval_shrinks_as_examples_come() -> None:
    """And always contains a plausible mean."""
    x = np.random.default_rng(3).random(400)
    widths = [betting(x[:n], 0, 1).width for n in (10, 40, 160, 400)]

    assert widths == sorted(widths, reverse=True)


def test_the_wealth_is_high_against_a_wrong_mean_and_low_on_average_for_the_true_one() -> None:
    """An e-value: above 20 against a mean far off, at most 1 on average under the truth."""
    rng = np.random.default_rng(4)
    samples = rng.beta(2, 2, (400, 30))

    assert e_value(samples[0], 0.1, 0, 1) > 20
    assert np.mean([e_value(x, 0.5, 0, 1) for x in samples]) < 1.15


def test_numbers_at_the_bounds_are_allowed() -> None:
    """All ones: the upper end is the bound itself."""
    interval = betting(np.ones(30), 0, 1)

    assert interval.high == 1
    assert interval.low > 0.7
