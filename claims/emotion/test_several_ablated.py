"""Zeroing several heads at once would do more than zeroing one.

Source: study 002, "Interpreting the ablation effect": expected, not done.

Reported: nothing (n = 0).

What is wrong with the design: there is none; which heads, how many, and what "more" is measured against is left open.

How it is decided here: the ten heads of the screening in their order; 1, 2, 3, 5 and 10 of them: the slope of the
expected number of words on the logarithm of that number; three against one; and three beyond the sum of each alone;
each by .01 words at least, a tenth of the .114 that the study's texts had.
"""

import pytest
from causal_claims import Head, Metric, ablate, dose, effect, interacts, specific

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S2-8")]

EXPECTED = Metric("keyword_expected", over="gratitude", tokens=15)
TEN = [Head(*one) for one in ((1, 10), (3, 2), (1, 11), (0, 3), (11, 8), (0, 5), (3, 6), (1, 3), (0, 4), (0, 6))]
ONE, THREE = ablate(TEN[0]), ablate(*TEN[:3])


@pytest.mark.parametrize("claim", [
    dose(EXPECTED, at={k: ablate(*TEN[:k]) for k in (1, 2, 3, 5, 10)}, way="lowers", beyond=0.01, id="S2-8.dose"),
    specific(effect(EXPECTED, by=THREE), effect(EXPECTED, by=ONE), way="lowers", beyond=0.01, id="S2-8.three_against_one"),
    interacts(EXPECTED, parts=[ablate(head) for head in TEN[:3]], joint=THREE, way="lowers", beyond=0.01, id="S2-8.beyond_the_sum"),
])  # fmt: skip
def test_several_heads_do_more_than_one(claim, holds):
    assert holds(claim)
