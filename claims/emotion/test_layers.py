"""Shallow layers (0 and 1) and a deep one (11) respond to gratitude.

Source: study 002, "Features per layer".

Reported: heads named in layers 0, 1, 3 and 11; no figure; 70 and 70 prompts, 144 heads.  From the study's own scores the
mean sizes by layer, without their signs, are .078, .083, .055 (layer 3), .041 (layer 11), and .010 to .032 elsewhere.

What is wrong with the design: layers are read off a list of the ten largest of 144 scores; layers are never compared,
and layer 3, which is not shallow in this sense, comes before layer 11.

How it is decided here: a layer's mean response over its 12 heads, on 106 matched pairs, with its sign: a head that looks
away from the word counts against its layer (of the study's 144 scores 101 are negative, but its list is by sign, too).
Layers 0 and 1 against 2 to 11 by .02, and layer 11 against 2 to 10, which hold layer 3, by .003.  The ten heads of the study's list alone would put the first contrast at
.045 and the second at .012: nearly half of the one is asked for, and a quarter of the other.
"""

from dataclasses import replace

import pytest
from causal_claims import Metric, above, level

from fixtures.effects import added

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S2-3")]


def response(*layers):
    """The mean response of these layers' heads: on gratitude prompts minus on their neutral twins."""
    attention = [
        Metric("delta_attention", layer=layer, head=head, null="none") for layer in layers for head in range(12)
    ]
    total = added(level(one.on("gratitude")) - level(one.on("neutral")) for one in attention)
    return (1 / len(attention)) * total


@pytest.mark.parametrize("claim", [
    above(replace(response(0, 1) - response(*range(2, 12)), label="response of layers 0, 1 - layers 2 to 11"), 0.02,
          id="S2-3.shallow"),
    above(replace(response(11) - response(*range(2, 11)), label="response of layer 11 - layers 2 to 10"), 0.003,
          id="S2-3.deep"),
])  # fmt: skip
def test_these_layers_respond_more_than_the_others(claim, holds):
    assert holds(claim)
