"""The three heads cause contraction: what they do, they do to recursive prompts, and it is not a matter of norm.

Source: seed 000, "cause contraction", key finding 1.

Reported: only the recursive prompt; the baseline prompt was run and left out.

What is wrong with the design: in the project's own later run (50 + 50 prompts) the effect on plain prompts was larger
than on recursive ones (+0.0892 against +0.0787).  A head that does the same to every prompt does not drive anything that
is special to recursion, and deleting any vector changes the norm that later layers divide by.

How it is decided here: the effect on recursive prompts minus the effect on plain ones, compared directly; and zeroing
the head against replacing its write by a random one of the same norm.
"""

import pytest

from causal_claims import Head, Metric, ablate, effect, specific

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-10")]

R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16)
RECURSIVE, PLAIN = R_V_WRITTEN.on("recursive"), R_V_WRITTEN.on("plain")
HEAD_11 = Head(27, 11)


@pytest.mark.parametrize("claim", [
    specific(effect(RECURSIVE, by=ablate(HEAD_11)), effect(PLAIN, by=ablate(HEAD_11)), beyond=0.02, id="S0-10.recursion")
])  # fmt: skip
def test_the_effect_is_specific_to_recursive_prompts(claim, holds):
    assert holds(claim)
