"""Every head of layer 25 is negligible alone.

Source: seed 000, "Layer 25 (Strong Compression)".

Reported: all changes below 0.02, the largest +0.0162 (head 23); n = 1 prompt.  (The study's own list of critical heads
for layer 25 names 23, 28, 3, 17 and 19.)

What is wrong with the design: a change below a bar on one prompt does not show that it is negligible.

No claim is named `published`: the procedure is that of S0-1 to S0-3, deletion in the layer that is read, and its guard
says there what it would say of all 32 blocks of layer 25.

How it is decided here: each of the 32 effects must lie inside ±0.02 by its own two one-sided tests.
"""

import pytest
from causal_claims import Metric, ablate, heads, negligible

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-6")]

R_V = Metric("r_v", late=30, early=5, window=16, over="recursive")
R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16, over="recursive")
LAYER_25 = [ablate(head) for head in heads(25, range(32))]


@pytest.mark.parametrize("claim", [
    negligible(metric, each=LAYER_25, within=0.02, reported=0.0162, id=f"S0-6.{name}")
    for name, metric in (("downstream", R_V), ("written", R_V_WRITTEN))
])  # fmt: skip
def test_every_head_of_layer_25_is_negligible_alone(claim, holds):
    assert holds(claim)
