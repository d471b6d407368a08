"""Zeroing head 10 of layer 1 does not change the words of anger and apology.

Source: study 002, "Head ablation results".

Reported: anger .0429 and .0429, apology .0143 and .0143, 70 prompts: 3 words and 1, two of the 3 in the prompts ("made").

What is wrong with the design: with 3 events and 1 nothing can be shown to stay as it is.

How it is decided here: as published, with its guard; and as expected numbers along one text, within 15 %.
"""

import pytest
from causal_claims import Head, Metric, ablate, effect, level, negligible, recovers

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S2-7")]

ZERO = ablate(Head(1, 10))
EMOTIONS = {"anger": 0.0429, "apology": 0.0143}


@pytest.mark.parametrize("claim", [
    negligible(Metric("published_keywords", list=emotion, over="gratitude"), by=ZERO, within=figure / 2, id=f"S2-7.published.{emotion}",
               expect="invalid", because="the prompt's own words are counted, or no word is there at all")
    for emotion, figure in EMOTIONS.items()
])  # fmt: skip
def test_published_counts_cannot_show_that_nothing_changed(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(effect(one, by=ZERO), of=level(one), between=(-0.15, 0.15), id=f"S2-7.{one.option('list')}")
    for one in (Metric("keyword_expected", list=emotion, over="gratitude", tokens=15) for emotion in EMOTIONS)
])  # fmt: skip
def test_the_expected_number_of_words_stays(claim, holds):
    assert holds(claim)
