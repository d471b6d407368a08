"""The screening is causally right: heads that respond most are heads that matter.

Source: study 004, "Causal grounds for head importance" and remarks.

Reported: "confirmed"; n = 2 heads, 70 prompts each: head 1:10 scores .340 and head 0:0 .024 (rank 15), with equal
effects: the study's own table contradicts it.

What is wrong with the design: two heads; attention says where a head looks, not what it does, and was read as a cause.

How it is decided here: attention alone, worded as a cause, with its guard (`published`); what each head put out on the
gratitude twin put in its place, one head in turn, and the effect on the next word alone, on the 37 neutral prompts of
the discovery part, against its score on all 106 pairs, over all 144 heads, where a right screening has a correlation
above .5 (`all_heads`): of the values, since most heads neither respond nor act and their ranks are noise, in which ten
that do both would be lost; and the ten of the list patched together in the same way against 39 random tens of the same
layers, by .001 words (`ten`).  That is less than the study's 30 tokens, and the head's output in place of its values: so
144 heads and 39 sets can be run.
"""

from dataclasses import replace

import pytest
from causal_claims import Head, Metric, above, beats, correlates, effect, level, patch, random_sets

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S4-8")]

NEXT_WORD = Metric("keyword_expected", over="neutral/discovery", tokens=1)
HEADS = [Head(layer, head) for layer in range(12) for head in range(12)]
TEN = [Head(*one) for one in ((1, 10), (3, 2), (1, 11), (0, 3), (11, 8), (0, 5), (3, 6), (1, 3), (0, 4), (0, 6))]


def score(head):
    """Attention within the word: on gratitude prompts minus on their neutral twins."""
    attention = Metric("delta_attention", layer=head.layer, head=head.index, null="none")
    return replace(
        level(attention.on("gratitude")) - level(attention.on("neutral")), label=f"delta_attention of {head}"
    )


def patched(*heads):
    return patch(*heads, source="gratitude_prompt")


@pytest.mark.parametrize("claim", [
    above(score(Head(1, 10)) - score(Head(0, 0)), 0.15, wording="causal", id="S4-8.published", expect="invalid",
          because="attention says where a head looks; no intervention is part of it")
])  # fmt: skip
def test_attention_is_no_cause(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    correlates([score(head) for head in HEADS], [effect(NEXT_WORD, by=patched(head)) for head in HEADS], at_least=0.5,
               of="values", id="S4-8.all_heads")
])  # fmt: skip
def test_the_score_goes_with_the_effect_over_all_heads(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    beats(NEXT_WORD, by=patched(*TEN), way="raises", beyond=0.001, id="S4-8.ten",
          against=random_sets(TEN, 39, heads=12, by=patch, source="gratitude_prompt"))
])  # fmt: skip
def test_the_ten_do_more_than_random_heads(claim, holds):
    assert holds(claim)
