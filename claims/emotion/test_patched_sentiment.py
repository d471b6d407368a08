"""Patching head 10 of layer 1 from gratitude prompts into neutral ones raises the sentiment.

Source: study 004, "Baseline vs patched", pattern_v.

Reported: 0.5832 to 0.5981 (+0.0149), 70 prompts, 30 new tokens.

What is wrong with the design: the baseline is sampled and the patched arm decodes greedily, or both are sampled with
different draws; no interval.  The study's own later test (head 0:0, whose figures these are, with another scorer) has p
= .509.

How it is decided here: the study's decoding alone, sampled against greedy, with its guard (`published`; the patch is
the one below, from each prompt's own twin: the study wrote one prompt's value into the last token, anew at each step);
with the same draws in both arms, above the reported figure (`lexicon`), which is too thin for so small a change; and
the words of good feeling minus those of bad feeling along one text, as a share of both (`words`): the reported change
is 2.6 % of the score, and half of that is asked for.
"""

import pytest
from causal_claims import Head, Metric, effect, level, patch, raises, recovers

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S4-1")]

PATCH = patch(Head(1, 10), source="gratitude_prompt", part="pattern_v")
SAMPLED = {"tokens": 30, "temperature": 1.0, "top_p": 0.9}
CLASSIFIER = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"
SENTIMENT = Metric("sentiment", over="neutral", **SAMPLED)
GOOD, BAD = (Metric("keyword_expected", list=words, over="neutral", tokens=30) for words in ("positive", "negative"))


@pytest.mark.parametrize("claim", [
    raises(level(Metric("sentiment", tokens=30, over="neutral"), under=PATCH)
           - level(Metric("sentiment", over="neutral", **SAMPLED)), reported=0.0149, id="S4-1.published",
           expect="invalid", because="the baseline is sampled and the patched arm is greedy")
])  # fmt: skip
def test_published_arms_differ_in_their_decoding(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    raises(SENTIMENT, by=PATCH, beyond=0.0149, reported=0.0149, id="S4-1.lexicon", expect="inconclusive",
           because="one text a prompt cannot show +0.0149: the study's own test, of head 0:0, has p = .509 at n = 70, and needs n = 225 for d = .2")
])  # fmt: skip
def test_it_raises_the_sentiment_of_sampled_texts(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(effect(GOOD, by=PATCH) - effect(BAD, by=PATCH), of=level(GOOD) + level(BAD), at_least=0.013, reported=0.0255,
             id="S4-1.words", statement="good minus bad words rise by at least 1.3 % of both: half of what was reported"),
    raises(Metric("sentiment", scorer=CLASSIFIER, over="neutral", **SAMPLED), by=PATCH, reported=0.0149, id="S4-1.classifier"),
])  # fmt: skip
def test_it_raises_the_sentiment(claim, holds):
    assert holds(claim)
