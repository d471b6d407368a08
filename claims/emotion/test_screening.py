"""Head 10 of layer 1 responds most to gratitude: first of 144 heads.

Source: study 002, "Head screening results"; results/baseline/alignment/head_scores_gpt2.json.

Reported: difference in attention 0.340434 (0.572721 on gratitude, 0.232287 on neutral prompts), 70 and 70 prompts, no
interval.

What is wrong with the design: the head is the largest of 144 on the prompts that judge it; the gratitude value is taken
at the second token and the neutral one at the last, and a head that attends evenly scores +0.143 by that alone.

How it is decided here: the study's own measure on our prompts, with its guard (`published`): none of them begins with
such a word, as 31 of the 70 did, so both sides are the last token's attention to itself, and the reported figure cannot
come out; it is shown beside ours and not replicated.  Then attention within the word, in 106 matched pairs of prompts,
the word alone exchanged: by .17 at least, half of the figure (`twins`); above what even attention has there, by as much
(`above_even`); against each of the 143 other heads; the head was named before looking.  These have no mark in front of a
prompt; `published` has.
"""

from dataclasses import replace

import pytest
from causal_claims import Metric, above, level, strongest

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S2-1")]


def difference(layer, head, null="none"):
    """Attention within the word: on gratitude prompts minus on their neutral twins."""
    attention = Metric("delta_attention", layer=layer, head=head, null=null)
    found = level(attention.on("gratitude")) - level(attention.on("neutral"))
    return replace(found, label=f"delta_attention of L{layer}.H{head} on gratitude - neutral")


HEAD = difference(1, 10)
ALL = [difference(layer, head) for layer in range(12) for head in range(12)]


AS_PUBLISHED = replace(
    level(Metric("published_screening", layer=1, head=10, sought="gratitude", over="gratitude/screened"))
    - level(Metric("published_screening", layer=1, head=10, over="neutral/screened")),
    label="published_screening of L1.H10 on gratitude - neutral",
)


@pytest.mark.parametrize("claim", [
    above(AS_PUBLISHED, 0.17, picked_on="gratitude/screened", reported=0.340434, id="S2-1.published", expect="invalid",
          because="the head is the largest of 144 on the prompts that judge it")
])  # fmt: skip
def test_published_choice_judges_itself(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    above(HEAD, 0.17, reported=0.340434, id="S2-1.twins"),
    above(level(Metric("delta_attention", layer=1, head=10, over="gratitude")), 0.17, id="S2-1.above_even"),
])  # fmt: skip
def test_it_responds_beyond_its_neutral_twins_and_beyond_even_attention(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [strongest(HEAD, among=ALL, id="S2-1.first")])
def test_it_responds_more_than_any_other_head(claim, holds):
    assert holds(claim)
