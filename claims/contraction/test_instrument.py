"""V-projection ablation identifies critical heads; and head 11 has "6.1 % impact".

Source: seed 000, key findings 3 and 4; the 6.1 % also in the interpretation of layer 27.

Reported: "method works", without a control; head 11 has "6.1 % impact", from 0.5088 to 0.5700; n = 1 prompt.

What is wrong with the design: the instrument cannot see what a head does.  V of a layer is computed before that layer's
attention, so zeroing a true head there changes V by exactly nothing; the published method deletes columns of what it
reads instead.  And 0.0612 is a difference: relative to 0.5088 it is 12.0 %.

How it is decided here: if the instrument identifies critical heads, R_V of layer 27 moves by more than 0.02 where one of
the three named heads of layer 27 is truly zeroed (`sees`).  It cannot, on any model: the change is exactly 0.  And what
head 11, truly zeroed, changes in layer 30 of the basis-independent twin of R_V, as a fraction of that twin's own level:
within one point of 6.1 % (`percent`).
"""

import pytest
from causal_claims import Head, Metric, ablate, effect, level, raises, recovers

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct]

AS_PUBLISHED = Metric("r_v", late=27, early=5, window=16, over="recursive")
R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16, over="recursive")


@pytest.mark.finding("S0-11")
@pytest.mark.parametrize("claim", [
    raises(AS_PUBLISHED, by=ablate(Head(27, h)), beyond=0.02, id=f"S0-11.sees.{h}", expect="invalid",
           because="V of a layer is computed before that layer's attention: no head can change it, and R_V stays to the last digit")
    for h in (11, 1, 22)
])  # fmt: skip
def test_the_instrument_sees_a_head_of_the_layer_it_reads(claim, holds):
    assert holds(claim)


@pytest.mark.finding("S0-9")
@pytest.mark.parametrize("claim", [
    recovers(effect(R_V_WRITTEN, by=ablate(Head(27, 11))), of=level(R_V_WRITTEN), between=(0.051, 0.071), reported=0.061,
             id="S0-9.percent", expect="refuted", because="0.0612 is an absolute change; of 0.5088 it is 12.0 %")
])  # fmt: skip
def test_head_11_has_an_impact_of_6_percent(claim, holds):
    assert holds(claim)
