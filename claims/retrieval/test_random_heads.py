"""Random heads leave accuracy as it is.

Source: seed 001, section 8, "accuracy remains essentially flat/stable when ablating random heads".

Reported: a prediction.  Run on the 8B model with one nested draw: 175, 174, 180, 174, 181 of 255 at k = 1, 2, 5, 10, 20
(173 before); n = 255 rows.  In a later run, with 8 to 128 random heads: 165, 167, 171, 174, 180, 150, 18 of 255, so
that 128 random heads take nearly all of it.

What is wrong with the design: one draw, nested over k, from all layers (a head of an early layer on which everything
rests is hit by chance) and without leaving out the tasks' own heads; flat is an equivalence, and a difference that is
not significant does not show it.

How it is decided here: at each k 39 draws for each task, each with as many heads in each layer as its own first k have
(a single head may be of a layer beside it), and none of its list; and 39 matched to the shared heads, none on any list.  Flat is read on the log odds of the value's
first token, which move with every change, where an answer flips at once, on one document a task: the mean change over
draws must lie within half a nat (from 95 % to no less than 92 %), by two one-sided tests.  That is the mean: a single
draw may still hit a head on which all rests.  Accuracy itself is not measured here, since it would not move.
"""

import pytest
from causal_claims import negligible, picked

from fixtures.retrieval import ABLE, BY_ATTENTION, DOSES, LOG_ODDS, mean, random_own, random_shared

pytestmark = [pytest.mark.retrieval, pytest.mark.llama, pytest.mark.finding("S1-4")]

NATS = 0.5


def flat(effects, **about):
    mean_change = mean(effects, f"{LOG_ODDS.label} by random heads, mean of {len(effects)} draws")
    return negligible(mean_change, within=NATS, given=ABLE, **about)


@pytest.mark.parametrize("claim", [
    *(picked(lambda heads, k=k: flat(random_own(heads, k), id=f"S1-4.k{k}"), BY_ATTENTION) for k in DOSES),
    picked(lambda heads: flat(random_shared(heads), id="S1-4.shared"), BY_ATTENTION),
])  # fmt: skip
def test_random_heads_leave_accuracy_flat(claim, holds):
    assert holds(claim)
