"""Patching head 10 of layer 1 makes words of anger rarer.

Source: study 004, "Baseline vs patched", pattern_v.

Reported: mean .0429 to .0286 (3 words to 2), 70 prompts.

What is wrong with the design: sampled against greedy arms; one word less; the study's own later test, of head 0:0 with
the same figures, has p = .658.

How it is decided here: the study's decoding alone, sampled against greedy, with its guard (`published`; the patch is
the one below, from each prompt's own twin: the study wrote one prompt's value into the last token, anew at each step);
the expected number along one text, by at least 17 % of its level: half of the reported third; and gratitude against anger directly, by at least half of gratitude's level.
"""

import pytest
from causal_claims import Head, Metric, effect, level, lowers, patch, recovers

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S4-3")]

PATCH = patch(Head(1, 10), source="gratitude_prompt", part="pattern_v")
SAMPLED = {"tokens": 30, "temperature": 1.0, "top_p": 0.9}
THANKS, ANGER = (Metric("keyword_expected", list=words, over="neutral", tokens=30) for words in ("gratitude", "anger"))


@pytest.mark.parametrize("claim", [
    lowers(level(Metric("keyword_count", list="anger", tokens=30, over="neutral"), under=PATCH)
    - level(Metric("keyword_count", list="anger", over="neutral", **SAMPLED)), reported=-0.0143, id="S4-3.published",
    expect="invalid", because="the baseline is sampled and the patched arm is greedy")
])  # fmt: skip
def test_published_arms_differ_in_their_decoding(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(-effect(ANGER, by=PATCH), of=level(ANGER), at_least=0.17, reported=0.333, id="S4-3.expected"),
    recovers(effect(THANKS, by=PATCH) - effect(ANGER, by=PATCH), of=level(THANKS), at_least=0.5,
             id="S4-3.gratitude_rather_than_anger",
             statement="gratitude gains on anger by at least half of its level"),
])  # fmt: skip
def test_it_lowers_the_expected_number_of_words(claim, holds):
    assert holds(claim)
