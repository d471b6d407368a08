"""Heads 11, 1 and 22 of layer 27 drive contraction: without one of them R_V rises.

Source: seed 000, "Critical Heads Identified", layer 27.

Reported: R_V 0.5088, and 0.5700, 0.5389, 0.5325 without the "head": +0.0612 (HIGH, above 0.05), +0.0301 and +0.0237
(MEDIUM, above 0.02); n = 1 prompt, no interval; 2 layers x 32 blocks of columns x 2 prompts tried without correction,
and only the recursive prompt reported.

What is wrong with the design: the ablation deletes 32 of v_proj's 1,024 columns in layer 27 and R_V reads v_proj of the
same layer, so the effect is bookkeeping on one matrix; under grouped-query attention the block is a quarter of a
key/value head and no head; and R_V changes under a rewrite of V that leaves every logit as it was.

How it is decided here: the query head's own output is zeroed in layer 27, R_V is read downstream in layer 30, over 102
prompts; the basis-independent twin carries the causal wording.
"""

import pytest
from causal_claims import Head, Metric, VSlice, ablate, delete_v_slice, raises, replicates

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct]

REPORTED = {11: 0.0612, 1: 0.0301, 22: 0.0237}
MARGIN = {11: 0.05, 1: 0.02, 22: 0.02}
FINDING = {11: "S0-1", 1: "S0-2", 22: "S0-3"}

AS_PUBLISHED = Metric("r_v", late=27, early=5, window=16, over="recursive")
R_V = Metric("r_v", late=30, early=5, window=16, over="recursive")
R_V_WRITTEN = Metric("r_v_written", late=30, early=5, window=16, over="recursive")
TAUTOLOGY = "the deleted columns are part of the matrix that R_V is computed from"


@pytest.mark.parametrize("claim", [
    raises(AS_PUBLISHED, by=delete_v_slice(VSlice(27, h)), beyond=MARGIN[h], reported=REPORTED[h],
           finding=FINDING[h], id=f"{FINDING[h]}.published", expect="invalid", because=TAUTOLOGY)
    for h in REPORTED
])  # fmt: skip
def test_published_deletion_of_columns_cannot_show_a_cause(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    replicates(AS_PUBLISHED, by=delete_v_slice(VSlice(27, h)), reported=REPORTED[h], reported_n=1, same_size=(0.67, 1.5),
               finding=FINDING[h], id=f"{FINDING[h]}.figure")
    for h in REPORTED
])  # fmt: skip
def test_published_figure_is_reproduced_by_its_own_procedure(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    raises(metric, by=ablate(Head(27, h)), beyond=MARGIN[h], reported=REPORTED[h],
           finding=FINDING[h], id=f"{FINDING[h]}.{name}")
    for name, metric in (("downstream", R_V), ("written", R_V_WRITTEN)) for h in REPORTED
])  # fmt: skip
def test_without_the_head_r_v_rises_downstream(claim, holds):
    assert holds(claim)
