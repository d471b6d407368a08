"""Zeroing head 10 of layer 1 does not change the sentiment.

Source: study 002, "Head ablation results".

Reported: 0.0000 and 0.0000, 70 prompts.

What is wrong with the design: the score under the label POSITIVE was asked of a classifier whose labels are negative,
neutral and positive; a label that is not there counted as 0.0.  Nothing was measured.

How it is decided here: the fault itself, the label that is not there, on texts scored by the lexicon, with its guard
(`published`); then words of good feeling minus those of bad
feeling along one text (`words`): a word moves a text's score by at most a half, so .1 words are .05 of the score; the
lexicon's score of sampled texts, within .15, which is coarse: a text a prompt shows no less (`lexicon`); and the
study's own classifier, its labels checked, where its weights are.
"""

import pytest
from causal_claims import Head, Metric, ablate, effect, negligible

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S2-6")]

ZERO = ablate(Head(1, 10))
SAMPLED = {"tokens": 15, "temperature": 1.0, "top_p": 0.9}
CLASSIFIER = "cardiffnlp/twitter-roberta-base-sentiment-latest"
GOOD, BAD = (Metric("keyword_expected", list=words, over="gratitude", tokens=15) for words in ("positive", "negative"))


@pytest.mark.parametrize("claim", [
    negligible(Metric("published_sentiment", over="gratitude"), by=ZERO, within=0.02, reported=0.0,
               id="S2-6.published", expect="invalid", because="a label that the classifier does not have is read as 0.0")
])  # fmt: skip
def test_published_score_is_no_measurement(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    negligible(effect(GOOD, by=ZERO) - effect(BAD, by=ZERO), within=0.1, id="S2-6.words"),
    negligible(Metric("sentiment", over="gratitude", **SAMPLED), by=ZERO, within=0.15, id="S2-6.lexicon"),
    negligible(Metric("sentiment", scorer=CLASSIFIER, over="gratitude", **SAMPLED), by=ZERO, within=0.15, id="S2-6.classifier"),
])  # fmt: skip
def test_the_sentiment_does_not_change(claim, holds):
    assert holds(claim)
