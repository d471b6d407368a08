"""Head 11 has "6.1 % impact".

Source: seed 000, key finding 3 and the interpretation of layer 27.

Reported: "6.1 % impact", from 0.5088 to 0.5700; n = 1 prompt.

What is wrong with the design: 0.0612 is a difference; relative to 0.5088 it is 12.0 %.

How it is decided here: what head 11, truly zeroed, changes in layer 30 of the basis-independent twin of R_V, as a
fraction of that twin's own level, is within one point of 6.1 %.
"""

import pytest
from causal_claims import Head, Metric, ablate, effect, level, recovers

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-9")]

R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16, over="recursive")


@pytest.mark.parametrize("claim", [
    recovers(effect(R_V_WRITTEN, by=ablate(Head(27, 11))), of=level(R_V_WRITTEN), between=(0.051, 0.071), reported=0.061,
             id="S0-9.percent", expect="refuted", because="0.0612 is an absolute change; of 0.5088 it is 12.0 %")
])  # fmt: skip
def test_head_11_has_an_impact_of_6_percent(claim, holds):
    assert holds(claim)
