"""A verdict in one line, and figures as people read them."""

import numpy as np
import pytest
from causal_claims.verdicts import Decision, Outcome, number, one_line
from hypothesis import given
from hypothesis import strategies as st

FIGURE = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.sampled_from(list(Outcome)),
    st.text(max_size=300),
    st.text(max_size=300),
    FIGURE,
    FIGURE,
    FIGURE,
    st.integers(0, 10**6),
    st.none() | FIGURE,
)
def test_the_one_line_form_is_one_line_of_at_most_200_characters(outcome, subject, reason, e, low, high, n, reported):
    decision = Decision(outcome, reason, e, low, high, n=n)
    line = one_line(outcome, subject, reason, decision, "above +0.02", reported)

    assert line.startswith(str(outcome))
    assert len(line) <= 200
    assert len(line.splitlines()) <= 1


def test_the_one_line_form_is_as_documented():
    decision = Decision(Outcome.REFUTED, "", 0.004, -0.001, 0.009, n=80)

    assert one_line(Outcome.REFUTED, "raises r_v by ablate(L27.H11)", "", decision, "above +0.02", 0.0612) == (
        "REFUTED raises r_v by ablate(L27.H11): +0.004 [-0.001, +0.009] n=80, needs above +0.02 (reported +0.0612)"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.0612, "+0.0612"),
        (-1234.5678, "-1235"),
        (1e-9, "+1.00e-09"),
        (None, "n/a"),
        (float("inf"), "unbounded"),
    ],
)
def test_figures_for_people(value, text):
    assert number(value) == text


@given(FIGURE)
def test_a_figure_for_people_is_short_and_never_minus_zero(value):
    assert len(number(value)) <= 11
    assert number(value) not in ("-0", "+0")
    if 1e-4 <= abs(value) < 1e6:
        assert np.sign(float(number(value))) == np.sign(value)
