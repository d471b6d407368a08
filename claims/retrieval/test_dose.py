"""Accuracy falls as more retrieval heads are ablated.

Source: seed 001, sections 5 and 7, "accuracy curve ... decreasing accuracy as k increases".

Reported: a prediction.  Run on the 8B model with other doses of global heads: 173, 168, 132, 34, 31, 44, 1 of 255 at k
= 8 to 128 (not monotone at 96); with the plan's own k = 1, 2, 5, 10, 20: 173, 170, 172, 172, 172 of 255, flat.

What is wrong with the design: a falling picture is no test; sorted means occur by chance; 10 and 20 shared heads are
the same seven.

How it is decided here: each example's slope on log k, and as a claim of its own that no step goes back by more than 5
points (NOT RUN where nothing falls: a flat line goes back nowhere).  For the shared heads the doses are the numbers
really ablated.
"""

import pytest
from causal_claims import dose, picked

from fixtures.retrieval import ABLE, BY_ATTENTION, GENERAL, LIST, dropping, own, shared

pytestmark = [pytest.mark.retrieval, pytest.mark.llama, pytest.mark.finding("S1-6")]


def own_curve(heads):
    return {k: own(heads, k) for k in (1, 2, 5, 10, 20)}


def shared_curve(heads):
    return {k: shared(heads, k) for k in sorted({1, 2, 5, len(heads.shared(GENERAL))})}


@pytest.mark.parametrize("claim", [
    picked(lambda heads: dose(at=own_curve(heads), beyond=0.05, given=ABLE, id="S1-6.own"), BY_ATTENTION),
    picked(lambda heads: dose(at=own_curve(heads), monotone=True, beyond=0.05, given=dropping(own(heads, LIST)),
                              id="S1-6.own.monotone"), BY_ATTENTION),
    picked(lambda heads: dose(at=shared_curve(heads), beyond=0.05, given=ABLE, id="S1-6.shared"), BY_ATTENTION),
    picked(lambda heads: dose(at=shared_curve(heads), monotone=True, beyond=0.05, given=dropping(shared(heads)),
                              id="S1-6.shared.monotone"), BY_ATTENTION),
])  # fmt: skip
def test_accuracy_falls_with_every_dose(claim, holds):
    assert holds(claim)
