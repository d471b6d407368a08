"""Nothing happened to any example: no procedure may call that support."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import (
    binary,
    conjunction,
    controls,
    dose,
    equivalence,
    mean,
    ranking,
    ratio,
    sequential,
    signflip,
    simultaneous,
)

SIZES = pytest.mark.parametrize("n", [2, 8, 30, 200])


@SIZES
def test_all_zero_differences_show_no_effect(n: int) -> None:
    """Every interval contains 0, every p is 1."""
    zeros = np.zeros(n)

    assert not mean.hull(zeros).excludes(0)
    assert not binary.melded(0, 0, n).excludes(0)
    assert not sequential.repeated_interval(zeros, 5, 5).excludes(0)
    assert signflip.sign_flip(zeros, 1).p_two_sided == 1
    assert tuple(float(p) for p in mean.hull_tails(zeros)) == (1, 1)


@SIZES
def test_all_zero_differences_do_not_show_a_small_effect_negligible(n: int) -> None:
    """A margin below what n examples can exclude is not reached by measuring nothing."""
    assert not equivalence.tost(np.zeros(n), margin=0.01).within
    assert not conjunction.every_inside(np.zeros((n, 4)), 0.01, seed=1).supported


@SIZES
def test_all_zero_columns_support_no_order_rank_or_trend(n: int) -> None:
    """Neither a strongest head, nor an order, nor a slope, nor a special set, nor a ratio."""
    zeros = np.zeros((n, 4))
    bands = simultaneous.max_t(zeros, seed=1)

    assert not ranking.strongest(zeros, 0, False, seed=1).supported
    assert not ranking.ordered(zeros).supported
    assert not dose.monotone(zeros).supported
    assert not dose.slope(zeros, [1, 2, 5, 10]).interval.excludes(0)
    assert controls.beats(zeros[:, 0], zeros).rank_p == 1
    assert not controls.beats(zeros[:, 0], zeros).interval.excludes(0)
    assert not ratio.fieller(zeros[:, 0], zeros[:, 1]).defined
    assert not ratio.fieller_hull(zeros[:, 0], zeros[:, 1]).defined
    assert (bands.low < 0).all()
    assert (bands.high > 0).all()
