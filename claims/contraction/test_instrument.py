"""V-projection ablation identifies critical heads; and head 11 has "6.1 % impact".

Source: seed 000, key findings 3 and 4; the 6.1 % also in the interpretation of layer 27.

Reported: "method works", without a control; head 11 has "6.1 % impact", from 0.5088 to 0.5700; n = 1 prompt.

What is wrong with the design: the instrument cannot see what a head does.  V of a layer is computed before that layer's
attention, so zeroing a true head there changes V by exactly nothing; the published method deletes columns of what it
reads instead.  And 0.0612 is a difference: relative to 0.5088 it is 12.0 %.

How it is decided here: exact equality, on every prompt, for a true head of the layer that is read.  What is SUPPORTED
by it is that the instrument is blind to these heads: the opposite of the finding.  And head 11's effect as a fraction
of R_V itself.
"""

import pytest
from causal_claims import Head, Metric, ablate, effect, exactly, level, recovers

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct]

AS_PUBLISHED = Metric("r_v", late=27, early=5, window=16, over="recursive")
R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16, over="recursive")


@pytest.mark.finding("S0-11")
@pytest.mark.parametrize(
    "claim",
    [
        exactly(
            effect(AS_PUBLISHED, by=ablate(Head(27, h))),
            id=f"S0-11.blind_to_{h}",
            statement=f"the instrument is blind to head {h}: zeroed, it leaves R_V of its own layer exactly as it was",
        )
        for h in (11, 1, 22)
    ],
)
def test_a_head_cannot_change_the_values_of_its_own_layer(claim, holds):
    assert holds(claim)


@pytest.mark.finding("S0-9")
@pytest.mark.parametrize("claim", [
    recovers(effect(R_V_WRITTEN, by=ablate(Head(27, 11))), of=level(R_V_WRITTEN), between=(0.0605, 0.0615), reported=0.061,
             id="S0-9.percent", expect="refuted", because="0.0612 is an absolute change; of 0.5088 it is 12.0 %")
])  # fmt: skip
def test_head_11_has_an_impact_of_6_percent(claim, holds):
    assert holds(claim)
