"""One proportion or rate: exact coverage, textbook values, scipy."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims.statistics import proportion
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from([0.8, 0.95]))
def test_clopper_pearson_and_wilson_agree_with_scipy(counts: tuple[int, int], confidence: float) -> None:
    """A second implementation: scipy.stats.binomtest(x, n).proportion_ci(confidence, method)."""
    for method, name in ((proportion.clopper_pearson, "exact"), (proportion.wilson, "wilson")):
        expected = stats.binomtest(*counts).proportion_ci(confidence, name)  # type: ignore[arg-type]
        interval = method(*counts, confidence)
        assert pytest.approx(tuple(expected), abs=1e-9) == (interval.low, interval.high)


def test_no_vegetarians_among_25_is_agrestis_example() -> None:
    """Agresti (2007) section 1.4: 0 of 25 has score interval (0, .133) and exact interval (0, .137)."""
    assert pytest.approx(0.133, abs=5e-4) == proportion.wilson(0, 25).high
    assert pytest.approx(0.137, abs=5e-4) == proportion.clopper_pearson(0, 25).high


@pytest.mark.parametrize("p", [0.03, 0.2, 0.5, 0.77])
def test_clopper_pearson_misses_at_most_2_5_percent_on_either_side(p: float) -> None:
    """Exactly, by summing the binomial law of 23 examples."""
    law = stats.binom.pmf(np.arange(24), 23, p)
    intervals = [proportion.clopper_pearson(x, 23) for x in range(24)]

    assert sum(w for w, i in zip(law, intervals, strict=True) if i.low > p) <= 0.025
    assert sum(w for w, i in zip(law, intervals, strict=True) if i.high < p) <= 0.025


@given(COUNTS, st.floats(0.01, 0.99))
def test_the_binomial_p_and_clopper_pearson_agree(counts: tuple[int, int], at: float) -> None:
    """p <= .05 exactly when the 95 % interval leaves the proportion out."""
    p = proportion.binomial_p(*counts, at)

    assert proportion.clopper_pearson(*counts).excludes(at) == (p.p_two_sided <= 0.05)
    assert pytest.approx(stats.binomtest(*counts, at, "greater").pvalue) == p.p_greater


def test_no_event_has_the_upper_rate_of_the_exponential_law() -> None:
    """0 events: -ln(.025) = 3.689 over the exposure."""
    assert pytest.approx(-np.log(0.025) / 2) == proportion.poisson_rate(0, 2).high
