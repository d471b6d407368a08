"""What head 10 of layer 1 responds to is the words of emotion.

Source: study 002, "Responsiveness to emotion-word tokens"; lists for gratitude, anger and apology.

Reported: one score for each head and emotion, 70 prompts each (gratitude: .340434); no word without emotion was looked
at.

What is wrong with the design: the search for words does not know GPT-2's leading space, so only a sentence's first word
can match: 31 of 70 gratitude prompts, 4 of 70 apologies, none of 70 angry ones.  Where nothing matches the last token is
taken.  What is compared is a place, not a word.

No score of this head for anger or apology is printed.

How it is decided here: that contrast of places on neutral prompts, where there is no emotion at all (`places`); then the
same place with another word: gratitude against its angry and its sorry twin, and anger and apology against neutral.
"""

from dataclasses import replace

import pytest
from causal_claims import Metric, above, level

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S2-4")]

ATTENTION = Metric("delta_attention", layer=1, head=10, null="none")
EARLY = Metric("delta_attention", layer=1, head=10, null="none", span="early", over="neutral")
END = Metric("delta_attention", layer=1, head=10, null="none", span="end", over="neutral")


def between(one, other):
    return replace(level(ATTENTION.on(one)) - level(ATTENTION.on(other)), label=f"delta_attention on {one} - {other}")


@pytest.mark.parametrize("claim", [
    above(replace(level(EARLY) - level(END), label="attention of token 1 to itself - of the last token"), 0.143,
          wording="descriptive", id="S2-4.places",
          statement="the published contrast is there without any word of emotion: an early token against the last one")
])  # fmt: skip
def test_the_published_contrast_is_there_without_emotion(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    above(between("gratitude", other), 0.17, id=f"S2-4.gratitude_not_{other}") for other in ("anger", "apology")
])  # fmt: skip
def test_it_responds_to_gratitude_and_not_to_other_emotions(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    above(between(emotion, "neutral"), 0.17, id=f"S2-4.{emotion}", expect="refuted",
          because=f"a response that is gratitude's own (gratitude_not_{emotion}) leaves less than .17 of its .34 to {emotion}, and the "
          f"study shows none: its search found {found}")
    for emotion, found in (("anger", "no word of anger in 70 prompts"), ("apology", "a word of apology in 4 of 70 prompts"))
])  # fmt: skip
def test_it_responds_to_anger_and_to_apology(claim, holds):
    assert holds(claim)
