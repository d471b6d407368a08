"""A task's own heads matter more to it than another task's heads.

Source: seed 001, ablation scope, item 2; the run of 2026-03-22 on Llama-3-8B-Instruct.

Reported: a prediction without a section in the plan.  Run on the 8B model, own against other heads: .863 / .886 at k =
8, .733 / .713 at 16, .678 / .661 at 32, n = 255 rows: no specificity.

What is wrong with the design: two accuracies are put side by side, no interval for the difference; the lists of two
tasks share heads, and at k = 20 all of the general ones, which was not counted.

How it is decided here: the two drops on the same examples, compared directly, and more than 20 points apart; another
task is the next one in the list of nine, where the plan says all others.  At k = 20 both lists hold the shared heads,
so the claim is also tested with the heads that are on one of the two lists only.
"""

import pytest
from causal_claims import ablate, picked, specific
from causal_claims.errors import NotRunError

from fixtures.retrieval import ABLE, BY_ATTENTION, following, other, over_tasks, own

pytestmark = [pytest.mark.retrieval, pytest.mark.llama, pytest.mark.finding("S1-2")]

SHARED = "both lists hold the general heads by then; the study's own run gives .733 against .713 at k = 16"


def apart(heads, mine, k=20):
    """Each task without the heads that are on its own list and not on the next task's, or the other way round."""

    def only(task):
        here, there = heads.first(task, k), heads.first(following(task), k)
        here, there = (here, there) if mine else (there, here)
        left = [head for head in here if head not in there]
        if not left:
            raise NotRunError(f"the lists of {task} and of the next task hold the same {k} heads.")
        return ablate(*left)

    return over_tasks(only, f"heads that only {'its own' if mine else 'the other'} list has")


@pytest.mark.parametrize("claim", [
    picked(lambda heads: specific(own(heads, 5), other(heads, 5), way="lowers", beyond=0.2, given=ABLE, id="S1-2.k5"), BY_ATTENTION),
    picked(lambda heads: specific(apart(heads, True), apart(heads, False), way="lowers", beyond=0.2, given=ABLE,
                                  id="S1-2.apart"), BY_ATTENTION),
])  # fmt: skip
def test_own_heads_hurt_more_than_another_tasks(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    picked(lambda heads: specific(own(heads, 20), other(heads, 20), way="lowers", beyond=0.2, given=ABLE, id="S1-2.k20",
                                  expect="refuted", because=SHARED), BY_ATTENTION),
])  # fmt: skip
def test_twenty_own_heads_hurt_more_than_another_tasks_twenty(claim, holds):
    assert holds(claim)
