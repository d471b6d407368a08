"""The root finder against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics.root import root
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize


@given(st.floats(-5, 5), st.sampled_from([1, 3, 9]), st.floats(1e-6, 1e6))
def test_roots_of_flat_and_steep_curves_agree_with_brentq(at: float, degree: int, scale: float) -> None:
    """A second implementation: scipy.optimize.brentq."""

    def f(x: float) -> float:
        return scale * ((x - at) ** degree + np.expm1(x - at))

    assert pytest.approx(optimize.brentq(f, -7, 9, xtol=1e-12), abs=1e-9) == root(f, -7, 9)


def test_a_jump_is_found_where_it_is() -> None:
    """A step has no zero, but it has a place where the sign changes."""
    assert pytest.approx(1 / 3, abs=1e-9) == root(lambda x: 1.0 if x > 1 / 3 else -2.0, 0, 1)


def test_an_end_that_is_a_root_is_returned() -> None:
    """Low or high."""
    assert (root(lambda x: x - 2, 2, 3), root(lambda x: x - 5, 2, 5)) == (2, 5)


def test_smooth_roots_take_few_calls() -> None:
    """A dozen or so, where bisection to 1e-12 takes 40."""
    calls: list[float] = []
    root(lambda x: calls.append(x) or np.cos(x) - x, 0, 1)  # type: ignore[func-returns-value]

    assert len(calls) < 15


def test_equal_signs_are_refused() -> None:
    """With both values."""
    with pytest.raises(ValueError, match=r"opposite signs at its ends; f\(0\) = 1 and f\(1\) = 2"):
        root(lambda x: 1 + x, 0, 1)
