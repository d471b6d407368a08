"""The three heads cause contraction: what they do, they do to recursive prompts, and it is not a matter of norm.

Source: seed 000, "Critical Heads (cause contraction)" and key finding 1 ("drive contraction").

Reported: no figure for specificity; n = 1 recursive prompt, and the baseline prompt was run and left out.

What is wrong with the design: in the project's own later run (Mistral-7B-v0.1, a whole key/value head of layer 27, 50 +
50 prompts) the effect on plain prompts was larger than on recursive ones (+0.0892 against +0.0787), a control head's
was +0.0302, and upstream, in layer 21, it was -0.0005.  A head that does the same to every prompt does not drive
anything that is special to recursion, and deleting any vector changes the norm that later layers divide by.

How it is decided here: of each head, the effect on recursive prompts minus the effect on plain ones, compared directly,
and its write replaced by a random one of the same norm: each by the report's 0.02, of head 22 as well, whose reported
0.0237 leaves 0.0037; and the three against 39 random threes, whose mean they exceed by 0.02.
"""

import pytest
from causal_claims import Head, Metric, ablate, beats, effect, model_counts, raises, random_sets, specific

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-10")]

R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16)
RECURSIVE, PLAIN = R_V_WRITTEN.on("recursive"), R_V_WRITTEN.on("plain")
THREE = [Head(27, h) for h in (11, 1, 22)]


@pytest.mark.parametrize("claim", [
    specific(effect(RECURSIVE, by=ablate(head)), effect(PLAIN, by=ablate(head)), beyond=0.02, id=f"S0-10.recursion.{head.index}")
    for head in THREE
])  # fmt: skip
def test_the_effect_is_specific_to_recursive_prompts(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    raises(RECURSIVE, by=ablate(head, how="random"), beyond=0.02, id=f"S0-10.norm.{head.index}",
           statement=f"what head {head.index} writes holds R_V down, not how long the vector is: a random write of its norm does not")
    for head in THREE
])  # fmt: skip
def test_a_random_write_of_the_same_norm_does_not_stand_in_for_the_head(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    beats(RECURSIVE, by=ablate(*THREE), way="raises", beyond=0.02, id="S0-10.random_heads",
          against=random_sets(THREE, 39, heads=model_counts("mistral_7b_instruct").heads))
])  # fmt: skip
def test_the_three_do_more_than_random_heads_of_their_layer(claim, holds):
    assert holds(claim)
