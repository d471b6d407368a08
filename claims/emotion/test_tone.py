"""Patching head 10 of layer 1 makes the text more thankful in tone.

Source: study 004, "Change of generated text" and purpose ("delta-politeness").

Reported: "confirmed", without any figure, of 70 texts; politeness, a stated purpose, is not reported.

What is wrong with the design: texts were read knowing which arm they came from.

How it is decided here: polite markers of sampled texts, with the same draws in both arms (`politeness`); a politeness
classifier, its labels checked, where its weights are; whether words of gratitude become more, by at least a tenth of
the level of gratitude, anger and apology together (`thanks`); and whether they gain as much on the other two (`rather`),
which they also do where anger alone falls.
"""

import pytest
from causal_claims import Head, Metric, effect, level, patch, raises, recovers

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S4-9")]

PATCH = patch(Head(1, 10), source="gratitude_prompt", part="pattern_v")
SAMPLED = {"tokens": 30, "temperature": 1.0, "top_p": 0.9}
CLASSIFIER = "michellejieli/Stanford_politeness_roberta"
THANKS, ANGER, SORRY = (
    Metric("keyword_expected", list=words, over="neutral", tokens=30) for words in ("gratitude", "anger", "apology")
)
ALL = level(THANKS) + level(ANGER) + level(SORRY)


@pytest.mark.parametrize("claim", [
    raises(Metric("politeness", over="neutral", **SAMPLED), by=PATCH, id="S4-9.politeness", expect="inconclusive",
           because="polite markers are as rare as words of gratitude, and so few texts cannot show so small a change"),
])  # fmt: skip
def test_it_raises_the_politeness_of_sampled_texts(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(effect(THANKS, by=PATCH), of=ALL, at_least=0.1, id="S4-9.thanks",
             statement="words of gratitude become more, by at least a tenth of gratitude, anger and apology together"),
    recovers(effect(THANKS, by=PATCH) - effect(ANGER, by=PATCH) - effect(SORRY, by=PATCH), of=ALL, at_least=0.1, id="S4-9.rather",
             statement="gratitude gains on anger and apology by at least a tenth of all three"),
    raises(Metric("politeness", scorer=CLASSIFIER, over="neutral", **SAMPLED), by=PATCH, id="S4-9.classifier"),
])  # fmt: skip
def test_the_tone_becomes_more_thankful(claim, holds):
    assert holds(claim)
