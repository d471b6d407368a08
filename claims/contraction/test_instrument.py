"""V-projection ablation identifies critical heads.

Source: seed 000, key finding 4.

Reported: "method works", without a control; n = 1 prompt.

What is wrong with the design: the instrument cannot see what a head does.  V of a layer is computed before that layer's
attention, so zeroing a true head there changes V by exactly nothing; the published method deletes columns of what it
reads instead.

How it is decided here: if the instrument identifies critical heads, R_V of layer 27 moves by more than 0.02 where one of
the three named heads of layer 27 is truly zeroed.  It cannot, on any model: the change is exactly 0.
"""

import pytest
from causal_claims import Head, Metric, ablate, raises

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-11")]

AS_PUBLISHED = Metric("r_v", late=27, early=5, window=16, over="recursive")


@pytest.mark.parametrize("claim", [
    raises(AS_PUBLISHED, by=ablate(Head(27, h)), beyond=0.02, id=f"S0-11.sees.{h}", expect="invalid",
           because="V of a layer is computed before that layer's attention: no head can change it, and R_V stays to the last digit")
    for h in (11, 1, 22)
])  # fmt: skip
def test_the_instrument_sees_a_head_of_the_layer_it_reads(claim, holds):
    assert holds(claim)
