"""Claims about every one of several means are as strong as their weakest part, and no stronger."""

from __future__ import annotations

import numpy as np
from causal_claims.statistics import mean
from causal_claims.statistics.conjunction import every_above, every_inside
from hypothesis import given, settings
from hypothesis import strategies as st


@given(st.integers(0, 200), st.floats(-1, 1))
def test_a_conjunction_is_never_stronger_than_its_weakest_part(seed: int, floor: float) -> None:
    """Supported exactly when every part's own interval is above the floor."""
    rng = np.random.default_rng(seed)
    D = rng.exponential(1, (20, 4)) + rng.normal(size=4)
    parts = [mean.hull(column) for column in D.T]
    whole = every_above(D, floor)

    assert whole.supported == all(part.low > floor for part in parts)
    assert whole.interval == parts[whole.weakest]
    assert whole.p_greater == max(float(mean.hull_tails(column, floor).p_greater) for column in D.T)
    assert not (whole.supported and whole.refuted)


@settings(max_examples=30)
@given(st.integers(0, 200), st.floats(0.1, 2))
def test_all_within_needs_each_within(seed: int, margin: float) -> None:
    """Supported exactly when every 90 % interval is inside; refuted only by a simultaneous band."""
    rng = np.random.default_rng(seed)
    D = rng.normal(size=(30, 5)) * rng.exponential(size=5)
    parts = [mean.hull(column, 0.90) for column in D.T]
    whole = every_inside(D, margin, seed=1, resamples=199)

    assert whole.supported == all(part.inside(-margin, margin) for part in parts)
    assert whole.interval == parts[whole.worst]
    assert whole.refuted == bool((whole.bands.low > margin).any() or (whole.bands.high < -margin).any())


def test_one_false_part_among_many_refutes() -> None:
    """A step of one standard deviation the wrong way, in 40 examples of 10 columns."""
    D = np.random.default_rng(1).normal(1, 1, (40, 10))
    D[:, 3] -= 2.5

    assert every_above(D).refuted
    assert int(np.argmin(every_above(D).p_below)) == 3
    assert every_inside(D - 1, 0.8, seed=1).refuted


def test_many_true_parts_are_seldom_refuted() -> None:
    """Ten means at the floor, 400 data sets: some part is refuted 2.5 % of the time, not 22 %."""
    rng = np.random.default_rng(2)

    assert np.mean([every_above(rng.normal(size=(25, 10))).refuted for _ in range(400)]) < 0.05
