"""Paired 0/1 outcomes: compatibility with exact McNemar, closed forms, second implementations."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import binary
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

TABLES = st.integers(1, 300).flatmap(
    lambda n: st.integers(0, n).flatmap(lambda b: st.tuples(st.just(b), st.integers(0, n - b), st.just(n)))
)


def test_the_melded_interval_and_exact_mcnemar_never_disagree() -> None:
    """For every table of up to 30 examples: 0 is excluded exactly when p <= .05."""
    tables = [(b, c, n) for n in range(1, 31) for b in range(n + 1) for c in range(n + 1 - b)]
    disagreeing = [t for t in tables if binary.melded(*t).excludes(0) != (binary.mcnemar(*t[:2]).p_exact <= 0.05)]

    assert disagreeing == []
    assert len(tables) == 5455


@given(TABLES)
def test_swapping_the_directions_mirrors_every_interval(table: tuple[int, int, int]) -> None:
    """(c - b) / n has the mirrored interval of (b - c) / n."""
    b, c, n = table
    for method in (binary.melded, binary.tango, binary.bonett_price):
        straight, mirrored = method(b, c, n), method(c, b, n).scaled(-1)
        assert pytest.approx((straight.low, straight.high), abs=1e-9) == (mirrored.low, mirrored.high)


@given(TABLES)
def test_every_interval_contains_the_estimate_and_stays_in_range(table: tuple[int, int, int]) -> None:
    """The difference of two proportions lies in [-1, 1]."""
    b, c, n = table
    for method in (binary.melded, binary.tango):
        interval = method(b, c, n)
        assert -1 <= interval.low <= (b - c) / n <= interval.high <= 1


@pytest.mark.parametrize("n", [1, 7, 70])
def test_without_any_change_the_melded_interval_has_its_closed_form(n: int) -> None:
    """b = c = 0: both ends at 1 - (alpha/2)^(1/n) from 0."""
    interval, half = binary.melded(0, 0, n), 1 - 0.025 ** (1 / n)

    assert pytest.approx((-half, half)) == (interval.low, interval.high)


def test_with_changes_one_way_the_melded_upper_end_has_its_closed_form() -> None:
    """c = 0: the upper end is the beta(b + 1, n - b) quantile, and 1 when every example changed."""
    assert pytest.approx(stats.beta.ppf(0.975, 6, 25)) == binary.melded(5, 0, 30).high
    assert binary.melded(30, 0, 30).high == 1


@pytest.mark.parametrize("table", [(9, 2, 40), (3, 3, 12), (6, 0, 20), (1, 0, 9), (40, 30, 100), (25, 5, 30)])
def test_the_melded_interval_agrees_with_a_million_draws(table: tuple[int, int, int]) -> None:
    """A second implementation: quantiles of pi (2 phi - 1), pi from the beta law that puts it further out."""
    b, c, n = table
    rng = np.random.default_rng(1)

    def draws(phi_law: tuple[int, int], sign: int) -> np.ndarray:
        size = 10**6
        phi = np.full(size, float(phi_law[1] == 0)) if 0 in phi_law else rng.beta(*phi_law, size)
        near = rng.beta(b + c, n - b - c + 1, size)
        far = rng.beta(b + c + 1, n - b - c, size) if b + c < n else np.ones(size)
        return np.where(sign * (phi - 0.5) > 0, near, far) * (2 * phi - 1)

    expected = np.quantile(draws((b, c + 1), 1), 0.025), np.quantile(draws((b + 1, c), -1), 0.975)
    interval = binary.melded(b, c, n)

    assert pytest.approx(expected, abs=2e-3) == (interval.low, interval.high)


@given(st.integers(0, 40), st.integers(0, 40))
def test_exact_mcnemar_is_the_binomial_test(b: int, c: int) -> None:
    """A second implementation: scipy.stats.binomtest(b, b + c, .5)."""
    expected = stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    p = binary.mcnemar(b, c)

    assert pytest.approx(expected) == p.p_exact
    assert p.p_mid <= p.p_exact


def test_a_hundred_thousand_changes_are_no_trouble() -> None:
    """All four p-values near each other, and the melded interval near Tango's."""
    p = binary.mcnemar(50_300, 49_700)
    melded, tango = binary.melded(50_300, 49_700, 10**6), binary.tango(50_300, 49_700, 10**6)

    assert [pytest.approx(0.058, abs=0.001)] * 4 == list(p)
    assert pytest.approx((tango.low, tango.high), abs=2e-5) == (melded.low, melded.high)


def test_mcnemar_of_the_approval_ratings_is_agrestis() -> None:
    """Agresti (1990) table 10.1: 150 against 86 changed their minds, z^2 = 17.36."""
    assert pytest.approx(stats.chi2.sf(17.36, 1), rel=0.01) == binary.mcnemar(150, 86).p_asymptotic


@given(TABLES)
def test_tangos_ends_lie_where_the_score_test_is_just_significant(table: tuple[int, int, int]) -> None:
    """The constrained estimate by direct maximum likelihood: at an end the score statistic is z^2."""
    b, c, n = table
    interval = binary.tango(b, c, n)
    for delta in (interval.low, interval.high):
        if abs(delta) > 0.999 or abs(delta) < 1e-6:
            continue
        A, B, C = 2 * n, -b - c + (2 * n - b + c) * delta, -c * delta * (1 - delta)
        q21 = (np.sqrt(B * B - 4 * A * C) - B) / (2 * A)
        score = (b - c - n * delta) / np.sqrt(n * (2 * q21 + delta * (1 - delta)))
        assert pytest.approx(1.959964, abs=1e-4) == abs(score)


def test_the_odds_ratio_is_open_on_the_side_that_was_never_seen() -> None:
    """No change the other way: the odds may be infinite."""
    odds = binary.conditional_odds_ratio(6, 0)

    assert odds.estimate == odds.exact.high == odds.mid_p.high == float("inf")
    assert odds.exact.low < odds.mid_p.low
