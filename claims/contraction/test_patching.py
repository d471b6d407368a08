"""What heads 11, 1 and 22 write on plain prompts, put in place on recursive ones, lifts the contraction.

Source: seed 000, "Next steps" 2 and 3: head-level patching, announced and not run.

Reported: nothing (n = 0).

What is wrong with the design: the patch that was run wrote a whole layer's values and read them there (see
test_transfer.py).

How it is decided here: only the three heads' outputs in layer 27 are exchanged, over the last 16 tokens, for those of
the plain prompt of the same length; R_V is read downstream in layer 30.  Each head alone, by the
report's bars of 0.05 and 0.02, but head 22 by 0.015, since its reported 0.0237 leaves no room (where it is zeroed, in
test_specificity.py, 0.02 is kept); the three together by 0.05.
"""

import pytest
from causal_claims import Head, Metric, patch, raises

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-10")]

R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16, over="recursive")
MARGIN = {11: 0.05, 1: 0.02, 22: 0.015}


def plain(*heads):
    return patch(*(Head(27, h) for h in heads), source="plain_prompt", at="-16:")


@pytest.mark.parametrize("claim", [
    *(raises(R_V_WRITTEN, by=plain(h), beyond=MARGIN[h], id=f"S0-10.patched.{h}") for h in MARGIN),
    raises(R_V_WRITTEN, by=plain(*MARGIN), beyond=0.05, id="S0-10.patched.together"),
])  # fmt: skip
def test_their_output_on_plain_prompts_raises_r_v(claim, holds):
    assert holds(claim)
