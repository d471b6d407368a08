"""Thirty generated tokens show the change of style; one token does not.

Source: study 004, "Importance of multi-token generation".

Reported: detectable "limited" for 1 token and "yes" for 30; no figure, no run with 1 token.

What is wrong with the design: the two lengths were never compared.

How it is decided here: the effect over 30 tokens above the effect on the first of them, by a quarter of the level at
least (`longer`); and whether the first token's expected words stay within half of their level (`one_token`): a count of
one sampled token is blind, the probabilities behind it are not.  Where what reads the head spares the first token, it is true.
"""

import pytest
from causal_claims import Behaviour, Head, Metric, effect, level, patch, recovers

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S4-10")]

PATCH = patch(Head(1, 10), source="gratitude_prompt", part="pattern_v")
THIRTY = Metric("keyword_expected", over="neutral", tokens=30)
ONE = Metric("keyword_expected", over="neutral", tokens=30, first=1)
EFFECT = Behaviour(effect(THIRTY, by=PATCH) - 0.25 * level(THIRTY), above=0)  # there is something to be seen


@pytest.mark.parametrize("claim", [
    recovers(effect(THIRTY, by=PATCH) - effect(ONE, by=PATCH), of=level(THIRTY), at_least=0.25, id="S4-10.longer",
             statement="thirty tokens show more than the first alone, by at least a quarter of their level"),
])  # fmt: skip
def test_thirty_tokens_show_more_than_one(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(effect(ONE, by=PATCH), of=level(ONE), between=(-0.5, 0.5), given=EFFECT, id="S4-10.one_token", expect="refuted",
             because="the first token reads the patched values as all later ones do: a count of one word is blind to it, its probability is not")
])  # fmt: skip
def test_one_token_shows_nothing(claim, holds):
    assert holds(claim)
