"""Layer 25 is distributed, and layer 27 is concentrated in clear critical heads.

Source: seed 000, key findings 1 and 2.

Reported: "distributed" of layer 25, whose largest change is +0.0162 (head 23), and "clear critical heads" of layer 27,
whose largest is +0.0612; n = 1 prompt.

What is wrong with the design: it compares two maxima without intervals, one on each side of a bar.

No claim is named `published`, for the reason given in test_layer_25.py.

How it is decided here.  Distributed: though none does alone, the 32 heads of layer 25 together raise R_V by 0.02 more
than any one of them (`distributed`).  Concentrated: 27.11 stands out of its layer, above the mean of the 31 others, by
0.02 more than any head of layer 25 stands out of its own (`concentrated`), whichever the report names; and it does more
than the head it names, 25.23, by 0.02 (`named`).
"""

from dataclasses import replace

import pytest
from causal_claims import Head, Metric, ablate, effect, heads, specific, strongest

from fixtures.effects import added

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-8")]

R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16, over="recursive")
LAYER_25 = [ablate(head) for head in heads(25, range(32))]


def alone(layer, head):
    return effect(R_V_WRITTEN, by=ablate(Head(layer, head)))


def out_of_its_layer(layer, head):
    """What the head does above the mean of the other 31."""
    others = added(alone(layer, other) for other in range(32) if other != head)
    return replace(alone(layer, head) - (1 / 31) * others, label=f"L{layer}.H{head} above the other 31 of its layer")


@pytest.mark.parametrize("claim", [
    specific(alone(27, 11), alone(25, 23), beyond=0.02, reported=0.0612 - 0.0162, id="S0-8.named"),
    strongest(out_of_its_layer(27, 11), among=[out_of_its_layer(25, h) for h in range(32)], beyond=0.02, id="S0-8.concentrated"),
])  # fmt: skip
def test_layer_27_is_more_concentrated_than_layer_25(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    strongest(R_V_WRITTEN, by=ablate(*heads(25, range(32))), among=LAYER_25, beyond=0.02, id="S0-8.distributed",
              statement="layer 25 acts as a whole: its 32 heads together raise R_V by 0.02 more than any one of them")
])  # fmt: skip
def test_layer_25_acts_through_all_its_heads(claim, holds):
    assert holds(claim)
