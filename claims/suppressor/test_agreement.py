"""The ranking of heads agrees across conditions; several seeds give coverage.

Source: seed 003, section 2.2 (seeds) and section 6.2 (cross-condition matrices); figures from the study's
cross-condition report.

Reported: Spearman 0.518 (p = .04) over the 16 heads of layer 0, counterfactual against facts; the median over layers is
0.21.  Five and three seeds in the configurations for Mistral, three in those for GPT-2.

What is wrong with the design: the interval of the correlation was taken over seeds and is [0.518, 0.518]; nothing in
the pipeline is random, so all seeds are the same run and add no example.

How it is decided here: the unit of the correlation is the head, with Bonett and Wright's interval, for layer 0 and each
pair of conditions; the other layers, of which only a median is reported, are not looked at.  Seeds can only give coverage
if a run under another seed gives another number on some prompt: that is the claim, for each model with several seeds, and
what comes out REFUTED.  That the check would see a seed that matters is shown where one does, in a random write.
"""

from itertools import combinations

import pytest
from causal_claims import Head, Metric, ablate, correlates, effect, exactly, heads

pytestmark = pytest.mark.suppressor

CONDITIONS = ("facts", "negation", "counterfactual", "logic")
LOGIT_DIFF = Metric("logit_diff")
LAYER_0 = [ablate(head) for head in heads(0, range(16))]
REPORTED = {("facts", "counterfactual"): 0.518}


def effects(condition):
    """Of each head of layer 0."""
    return [effect(LOGIT_DIFF.on(f"{condition}/one_way"), by=one) for one in LAYER_0]


@pytest.mark.gpt2_medium
@pytest.mark.finding("S3-13")
@pytest.mark.parametrize("claim", [
    correlates(effects(here), effects(there), reported=REPORTED.get((here, there)), id=f"S3-13.layer_0.{here}.{there}")
    for here, there in combinations(CONDITIONS, 2)
])  # fmt: skip
def test_the_ranking_of_layer_0_agrees_across_conditions(claim, holds):
    assert holds(claim)


def another_seed(head, **how):
    """What a head's ablation does under one seed less what it does under another."""
    first, second = (effect(LOGIT_DIFF.on("facts/one_way"), by=ablate(head, seed=seed, **how)) for seed in (0, 1))
    return first - second


def coverage(head):
    return exactly(another_seed(head), differs=True, id="S3-10.coverage", expect="refuted",
                   statement="a run under another seed gives another number on some prompt",
                   because="nothing in the study's pipeline is random")  # fmt: skip


@pytest.mark.gpt2_medium
@pytest.mark.finding("S3-10")
@pytest.mark.parametrize("claim", [coverage(Head(0, 2))])
def test_several_seeds_give_coverage_in_medium(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_large
@pytest.mark.finding("S3-10")
@pytest.mark.parametrize("claim", [coverage(Head(0, 2))])
def test_several_seeds_give_coverage_in_large(claim, holds):
    assert holds(claim)


@pytest.mark.mistral_7b
@pytest.mark.finding("S3-10")
@pytest.mark.parametrize("claim", [coverage(Head(0, 21))])
def test_several_seeds_give_coverage_in_mistral(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_medium
@pytest.mark.finding("S3-10")
@pytest.mark.parametrize("claim", [
    exactly(another_seed(Head(0, 2), how="random"), differs=True, id="S3-10.would_be_seen",
            statement="a random write under another seed gives another number: a seed that matters is seen")
])  # fmt: skip
def test_a_seed_that_matters_is_seen(claim, holds):
    assert holds(claim)
