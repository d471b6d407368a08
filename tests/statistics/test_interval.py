"""An interval as a value."""

from __future__ import annotations

import dataclasses

import pytest
from causal_claims.statistics.interval import Interval

INTERVAL = Interval(-1.0, 3.0, 0.95, "t")


def test_an_end_is_inside_for_excluding_and_not_strictly_inside() -> None:
    """Excluding a value needs it beyond an end; lying inside a margin needs both ends short of it."""
    assert not INTERVAL.excludes(3.0)
    assert INTERVAL.excludes(3.1)
    assert not INTERVAL.inside(-1.0, 4.0)
    assert INTERVAL.inside(-1.1, 3.1)


def test_scaling_by_a_negative_number_swaps_the_ends() -> None:
    """The interval of -2x from that of x."""
    assert Interval(-6.0, 2.0, 0.95, "t") == INTERVAL.scaled(-2)


def test_an_interval_is_frozen_and_says_itself_in_one_line() -> None:
    """What a person would say: confidence, method, ends."""
    assert repr(INTERVAL) == "0.95 t [-1, +3]"
    with pytest.raises(dataclasses.FrozenInstanceError):
        INTERVAL.low = 0.0  # type: ignore[misc]
