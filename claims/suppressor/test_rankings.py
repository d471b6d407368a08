"""The ranking of heads agrees across conditions.

Source: seed 003, section 6.2 (cross-condition matrices); figures from the study's cross-condition report.

Reported: Spearman 0.518 (p = .04) over the 16 heads of layer 0, counterfactual against facts (160 rows each); the median
over layers is 0.21.

What is wrong with the design: the interval of the correlation was taken over seeds and is [0.518, 0.518]; nothing in the
pipeline is random, so all seeds are the same run.

How it is decided here: `published`, the correlation of each seed as an example of its own, must come out INVALID.  Else
the unit of the correlation is the head, with Bonett and Wright's interval, for layer 0 and each pair of conditions; the
other layers, of which only a median is reported, are not looked at.
"""

from itertools import combinations

import pytest
from causal_claims import Metric, ablate, above, correlates, effect, heads, level

from fixtures.suppressor import CONDITIONS, on

pytestmark = [pytest.mark.suppressor, pytest.mark.finding("S3-13")]

LAYER_0 = [ablate(head) for head in heads(0, range(16))]
REPORTED = {("facts", "counterfactual"): 0.518}


@pytest.mark.by_hand
@pytest.mark.parametrize("claim", [
    above(level(Metric("rank_correlation")), 0, reported=0.518, id="S3-13.published", expect="invalid",
          statement="over seeds, the rank correlation of layer 0 is above 0", because="the seeds are the same run three times")
])  # fmt: skip
def test_published_interval_over_seeds_says_nothing(claim, holds):
    assert holds(claim, values={"baseline": {"seed 0": 0.518, "seed 1": 0.518, "seed 2": 0.518}})


def effects(condition):
    """Of each head of layer 0."""
    return [effect(on(condition), by=one) for one in LAYER_0]


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [
    correlates(effects(here), effects(there), reported=REPORTED.get((here, there)), id=f"S3-13.layer_0.{here}.{there}")
    for here, there in combinations(CONDITIONS, 2)
])  # fmt: skip
def test_the_ranking_of_layer_0_agrees_across_conditions(claim, holds):
    assert holds(claim)
