"""Patching head 10 of layer 1 leaves words of apology unchanged.

Source: study 004, "Baseline vs patched", pattern_v.

Reported: 0 and 0, 70 prompts.

What is wrong with the design: sampled against greedy arms; without a single event nothing can be shown to stay as it
is.

How it is decided here: the study's decoding alone, sampled against greedy, with its guard (`published`; the patch is
the one below, from each prompt's own twin: the study wrote one prompt's value into the last token, anew at each step);
and the expected number along one text, within 15 % of its level.
"""

import pytest
from causal_claims import Head, Metric, effect, level, negligible, patch, recovers

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S4-4")]

PATCH = patch(Head(1, 10), source="gratitude_prompt", part="pattern_v")
SAMPLED = {"tokens": 30, "temperature": 1.0, "top_p": 0.9}
APOLOGY = Metric("keyword_expected", list="apology", over="neutral", tokens=30)


@pytest.mark.parametrize("claim", [
    negligible(level(Metric("keyword_count", list="apology", tokens=30, over="neutral"), under=PATCH)
    - level(Metric("keyword_count", list="apology", over="neutral", **SAMPLED)), within=0.0143, reported=0.0, id="S4-4.published",
    expect="invalid", because="the baseline is sampled and the patched arm is greedy")
])  # fmt: skip
def test_published_arms_differ_in_their_decoding(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(effect(APOLOGY, by=PATCH), of=level(APOLOGY), between=(-0.15, 0.15), reported=0.0, id="S4-4.expected")
])  # fmt: skip
def test_the_expected_number_of_words_stays(claim, holds):
    assert holds(claim)
