"""Patching head 10 of layer 1 doubles the words of gratitude.

Source: study 004, "Important finding".

Reported: 4 to 8 words in total, mean .0571 to .1143 (+.0572), 70 prompts, 30 new tokens.

What is wrong with the design: sampled against greedy arms; 4 against 8 of 70 is p = .39; the study's own later test has
p = .398, d = .10; a previous run (head 0:0, 15 tokens) went from 2 to 0; and the figures printed for this head are
those of head 0:0 (see test_head_specific.py).

How it is decided here: the study's decoding alone, sampled against greedy, with its guard (`published`; the patch is
the one below, from each prompt's own twin: the study wrote one prompt's value into the last token, anew at each step);
as counts with the same draws in both arms, which stays too thin (`counts`); and the expected number along one text, which must rise by half of its level (`rises`)
and by the whole of it (`doubles`).
"""

import pytest
from causal_claims import Head, Metric, effect, level, patch, raises, recovers

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S4-2")]

PATCH = patch(Head(1, 10), source="gratitude_prompt", part="pattern_v")
SAMPLED = {"tokens": 30, "temperature": 1.0, "top_p": 0.9}
EXPECTED = Metric("keyword_expected", over="neutral", tokens=30)


@pytest.mark.parametrize("claim", [
    raises(level(Metric("keyword_count", tokens=30, over="neutral"), under=PATCH)
           - level(Metric("keyword_count", over="neutral", **SAMPLED)), reported=0.0572, id="S4-2.published",
           expect="invalid", because="the baseline is sampled and the patched arm is greedy")
])  # fmt: skip
def test_published_arms_differ_in_their_decoding(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    raises(Metric("keyword_count", over="neutral", **SAMPLED), by=PATCH, reported=0.0572, id="S4-2.counts",
           expect="inconclusive", because="one text a prompt has too few of such words: 4 against 8 in 70 is p = .398, by the study's own test of head 0:0")
])  # fmt: skip
def test_it_raises_the_number_of_generated_words(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(effect(EXPECTED, by=PATCH), of=level(EXPECTED), at_least=0.5, reported=1.0, id="S4-2.rises",
             statement="the expected number of words rises by at least half of its level; reported: by its whole"),
    recovers(effect(EXPECTED, by=PATCH), of=level(EXPECTED), at_least=1.0, reported=1.0, id="S4-2.doubles",
             statement="the expected number of words at least doubles")
])  # fmt: skip
def test_it_doubles_the_expected_number_of_words(claim, holds):
    assert holds(claim)
