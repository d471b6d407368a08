"""Head 11 is dominant in layer 27, and the order is 11, 1, 22.

Source: seed 000, "Critical Heads Identified" and key finding 3.

Reported: +0.0612 > +0.0301 > +0.0237; n = 1 prompt.

What is wrong with the design: blocks of v_proj's columns were zeroed and no heads (see test_single_heads.py); the
largest of 32 numbers from one prompt is the largest by chance too.

No claim is named `published`: the procedure is that of S0-1 to S0-3, deletion in the layer that is read, and its guard
says there what it would say of all 32 blocks.

How it is decided here: the head was named by the report, so it must beat each of the 31 others, pair by pair; the order
step by step.  By true head ablation, read downstream in layer 30, on the basis-independent twin of R_V.
"""

import pytest
from causal_claims import Head, Metric, ablate, heads, ranks, strongest

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-4")]

R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16, over="recursive")
LAYER_27 = [ablate(head) for head in heads(27, range(32))]


@pytest.mark.parametrize("claim", [
    strongest(R_V_WRITTEN, by=ablate(Head(27, 11)), among=LAYER_27, reported=0.0612, id="S0-4.dominant"),
    ranks(R_V_WRITTEN, order=[ablate(Head(27, h)) for h in (11, 1, 22)], id="S0-4.order"),
])  # fmt: skip
def test_head_11_is_dominant_and_the_order_holds(claim, holds):
    assert holds(claim)
