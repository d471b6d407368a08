"""Exactly three heads of layer 27 are critical.

Source: seed 000, "Critical Heads Identified" and key finding 1.

Reported: 3 of 32 above 0.02; n = 1 prompt.

What is wrong with the design: blocks of v_proj's columns were zeroed and no heads (see test_single_heads.py);
"critical" counts only positive changes, and that was not said beforehand; 0.0237 against a bar of 0.02 with no interval.

No claim is named `published`, for the reason given in test_dominance.py.

How it is decided here: by a simultaneous band over all 32, each truly zeroed, read downstream in layer 30, on the
basis-independent twin of R_V.
"""

import pytest
from causal_claims import Metric, ablate, counts, heads

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-5")]

R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16, over="recursive")
LAYER_27 = [ablate(head) for head in heads(27, range(32))]


@pytest.mark.parametrize(
    "claim", [counts(R_V_WRITTEN, each=LAYER_27, beyond=0.02, equals=3, reported=3, id="S0-5.count")]
)
def test_exactly_three_heads_are_critical(claim, holds):
    assert holds(claim)
