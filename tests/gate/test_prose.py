"""Documents held to the ledger."""

from dataclasses import replace

import pytest
from causal_claims import Head, Metric, ablate, lowers, raises
from causal_claims.gate.prose import agrees, count_tags, faults
from hypothesis import given
from hypothesis import strategies as st
from series import BASE, run_of

M = Metric("x")
SUITE = [
    lowers(M, by=ablate(Head(5, 0)), beyond=0.2, id="S9-1"),
    raises(M, by=ablate(Head(5, 1)), beyond=0.2, id="wrong"),
    lowers(M, by=ablate(Head(5, 2)), beyond=0.001, id="open"),
]
RECORDS = run_of(BASE.measurements(), SUITE).ledger.records
EFFECT = RECORDS[0].effect


def said(text, records=RECORDS):
    return [(one.line, one.sentence, one.stops) for one in faults("a.md", text, records)]


@pytest.mark.parametrize("text", [
    "Head 0 carries it [claim:S9-1].",
    f"It takes {EFFECT:.2f} [claim:S9-1 effect] away.",
    f"It takes **{EFFECT:+.4f}** [claim:S9-1 effect] away.",
    f"It takes {abs(EFFECT):.3f} away.",
    f"It takes \u2212{abs(EFFECT):.3f} logits [claim:S9-1 effect].",
    f"It takes {EFFECT:.1%} [claim:S9-1 effect].",
    "On 64 [claim:S9-1 n] examples.",
    "It does not raise it [claim:wrong refuted].",
    "On the toy [claim:S9-1@toy].",
    f"It was {RECORDS[1].effect:.2f} [claim:wrong refuted effect].",
    "Write `[claim:nobody effect]` to bind a figure.",
    "```\n[claim:nobody]\n```\nand no more",
    "Effects of 1, 2 and 3 have no claim.",
])  # fmt: skip
def test_what_the_ledger_bears_out_passes(text):
    assert said(text) == []


@pytest.mark.parametrize(("text", "words"), [
    ("Head 1 raises it [claim:wrong].", "states wrong, which is REFUTED on toy"),
    ("It takes 0.5 [claim:S9-1 effect].", "0.5 is written for the effect of S9-1 on toy, and the ledger has -0.96"),
    (f"It takes {EFFECT - 0.001:.4f} [claim:S9-1 effect].", "is written for the effect"),
    ("It takes much [claim:S9-1 effect].", "stands after no number"),
    ("In 2024 it was found by somebody else that it takes much [claim:S9-1 effect].", "stands after no number"),
    ("Nothing [claim:S9-1 refuted].", "is said to be REFUTED and is SUPPORTED"),
    ("Nothing [claim:S9-2].", "no claim 'S9-2' (did you mean 'S9-1'?)"),
    ("Nothing [claim:S9-1@other].", "was not judged on 'other'; it was on toy"),
    ("Nothing 1 [claim:S9-1 size].", "'size' is no field or outcome"),
    ("It was 0.3 [claim:S9-1 reported].", "has no reported in the ledger"),
])  # fmt: skip
def test_what_it_does_not_bear_out_is_named(text, words):
    ((line, sentence, stops),) = said(text)

    assert words in sentence
    assert (line, stops) == (1, True)


def test_an_undecided_claim_is_a_note():
    ((line, sentence, stops),) = said("First.\n\nHead 2 carries it [claim:open].")

    assert (line, stops) == (3, False)
    assert "INCONCLUSIVE" in sentence


def test_what_holds_on_a_stand_in_is_not_said_of_the_model():
    planted = [replace(RECORDS[0], stand_in="suppressor/in_place")]
    ((_, sentence, stops),) = said("Head 0 carries it [claim:S9-1].", planted)

    assert "was judged on a stand-in (suppressor/in_place) and not on toy" in sentence
    assert "[claim:S9-1 stand-in]" in sentence
    assert stops
    assert said("On the planted model head 0 carries it [claim:S9-1 stand-in].", planted) == []


def test_tags_are_counted_outside_code():
    assert count_tags("[claim:a] and [claim:b effect]\n```\n[claim:c]\n```\n`[claim:d]`") == 2


@given(st.floats(-1e6, 1e6, allow_nan=False), st.integers(0, 6))
def test_any_figure_agrees_with_its_own_rounding(value, digits):
    assert agrees(f"{value:.{digits}f}", value)


@given(st.floats(-1e3, 1e3, allow_nan=False), st.integers(0, 5))
def test_a_figure_off_by_two_in_its_last_digit_does_not(value, digits):
    assert not agrees(f"{round(value, digits) + 2 * 10.0**-digits:.{digits}f}", value)
