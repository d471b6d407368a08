"""Heads 11, 1 and 22 together account for the 86.5 % transfer from layer 25 to layer 27.

Source: seed 000, interpretation under layer 27.

Reported: 86.5 %, a figure from another experiment (n = 1 prompt of each kind); the three heads were never ablated
together.

What is wrong with the design: the 86.5 % come from writing layer 25's values over layer 27's and reading them there, so
the patch is what is measured; the three single changes add up to 0.1150, which is 57.9 % of the gap of 0.1986 between
the two prompts; derived from the study's own figures, the true transfer is about 3 %.

How it is decided here: the joint ablation must close at least 86.5 % of the gap between plain and recursive prompts,
read downstream in layer 30, with Fieller's interval for the fraction: on R_V (`joint`), which describes, and on its
basis-independent twin, which carries the causal wording (`written`).  The published patch stays, as a claim that is
expected to be INVALID.
"""

import pytest
from causal_claims import Head, Metric, VSlice, ablate, effect, level, recovers, transplant_v

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-7")]

R_V = Metric("r_v", late=30, early=5, window=16)
R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16)
TOGETHER = ablate(Head(27, 11), Head(27, 1), Head(27, 22))

AS_PUBLISHED = Metric("r_v", late=27, early=5, window=16)
VALUES_OF_25 = transplant_v(VSlice(27, 0, of=1), source="recursive_prompt", layer=25)


@pytest.mark.parametrize("claim", [
    recovers(effect(AS_PUBLISHED.on("plain"), by=VALUES_OF_25), at_least=0.865, reported=0.865, id="S0-7.published",
             of=level(AS_PUBLISHED.on("recursive")) - level(AS_PUBLISHED.on("plain")),
             expect="invalid", because="layer 27's values are written over, and R_V reads what was written")
])  # fmt: skip
def test_published_patch_of_layer_25_into_27_cannot_show_a_transfer(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(effect(metric.on("recursive"), by=TOGETHER), of=level(metric.on("plain")) - level(metric.on("recursive")),
             at_least=0.865, reported=0.865, id=f"S0-7.{name}",
             expect="refuted", because="the study's own three changes add up to 57.9 % of its gap: together they would have to do half as much again")
    for name, metric in (("joint", R_V), ("written", R_V_WRITTEN))
])  # fmt: skip
def test_the_three_heads_account_for_the_transfer(claim, holds):
    assert holds(claim)
