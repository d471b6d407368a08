"""Every head of layer 25 is negligible alone, layer 25 is distributed, and layer 27 is concentrated in clear heads.

Source: seed 000, "Layer 25 (Strong Compression)" and key finding 2.

Reported: all changes below 0.02, the largest +0.0162 (head 23), against +0.0612 in layer 27; n = 1 prompt.  (The
study's own list of critical heads for layer 25 names 23, 28, 3, 17 and 19.)  "Distributed" in layer 25, "clear critical
heads" in layer 27.

What is wrong with the design: a change below a bar on one prompt does not show that it is negligible; "distributed"
against "concentrated" compares 0.0162 with 0.0612, two maxima without intervals, one on each side of a bar.

No claim is named `published`: the procedure is that of S0-1 to S0-3, deletion in the layer that is read, and its guard
says there what it would say of all 32 blocks of layer 25.

How it is decided here: each of the 32 effects must lie inside ±0.02 by its own two one-sided tests.  Distributed: though
none does alone, the 32 together raise R_V by that 0.02 more than any one of them (`distributed`).  Concentrated: 27.11 stands
out of its layer, above the mean of the 31 others, by 0.02 more than any head of layer 25 stands out of its own
(`concentrated`), whichever the report names; and it does more than the head it names, 25.23, by 0.02 (`named`).
"""

from dataclasses import replace

import pytest
from causal_claims import Head, Metric, ablate, effect, heads, negligible, specific, strongest

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct]

R_V = Metric("r_v", late=30, early=5, window=16, over="recursive")
R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16, over="recursive")
LAYER_25 = [ablate(head) for head in heads(25, range(32))]


def alone(layer, head):
    return effect(R_V_WRITTEN, by=ablate(Head(layer, head)))


def out_of_its_layer(layer, head):
    """What the head does above the mean of the other 31."""
    first, *others = (alone(layer, other) for other in range(32) if other != head)
    return replace(
        alone(layer, head) - (1 / 31) * sum(others, first), label=f"L{layer}.H{head} above the other 31 of its layer"
    )


@pytest.mark.finding("S0-6")
@pytest.mark.parametrize("claim", [
    negligible(metric, each=LAYER_25, within=0.02, reported=0.0162, id=f"S0-6.{name}")
    for name, metric in (("downstream", R_V), ("written", R_V_WRITTEN))
])  # fmt: skip
def test_every_head_of_layer_25_is_negligible_alone(claim, holds):
    assert holds(claim)


@pytest.mark.finding("S0-8")
@pytest.mark.parametrize("claim", [
    specific(alone(27, 11), alone(25, 23), beyond=0.02, reported=0.0612 - 0.0162, id="S0-8.named"),
    strongest(out_of_its_layer(27, 11), among=[out_of_its_layer(25, h) for h in range(32)], beyond=0.02, id="S0-8.concentrated"),
])  # fmt: skip
def test_layer_27_is_more_concentrated_than_layer_25(claim, holds):
    assert holds(claim)


@pytest.mark.finding("S0-8")
@pytest.mark.parametrize("claim", [
    strongest(R_V_WRITTEN, by=ablate(*heads(25, range(32))), among=LAYER_25, beyond=0.02, id="S0-8.distributed",
              statement="layer 25 acts as a whole: its 32 heads together raise R_V by 0.02 more than any one of them")
])  # fmt: skip
def test_layer_25_acts_through_all_its_heads(claim, holds):
    assert holds(claim)
