"""The shared heads are general: without them every task drops.

Source: seed 001, experiment 2 (across-task ablation), and the run of 2026-03-07 on Llama-3-8B-Instruct.

Reported: a prediction for k = 1, 2, 5, 10, 20.  Run on the 8B model: 173 of 255 before; 173, 170, 172, 172, 172 without
1, 2, 5, 10, 20 shared heads: no drop.  Only 7 heads are shared, so k = 10 and k = 20 are the same 7 heads.

What is wrong with the design: the number of heads asked for is not the number ablated; a drop over all tasks together
says nothing of each; heads are picked and judged on overlapping documents.

How it is decided here: heads in at least 7 of 9 lists, found on the discovery documents.  The published procedure stays
as claims that are expected to be INVALID: k = 10 and 20 where so many do not exist (where they do, that fault is not
there and they are NOT RUN), and the study's own split.  The claim itself: a drop of more than 30 points over all tasks
at 5, 10 and 20 heads, where there are so many, and with all of them, and a drop of any size for each of the nine tasks
alone.
"""

import pytest
from causal_claims import Pick, ablate, effect, lowers, picked
from causal_claims.claims.picked import Ranked
from causal_claims.errors import NotRunError

from fixtures.reports import TASKS
from fixtures.retrieval import ABLE, BY_ATTENTION, GENERAL, RIGHT, on, same, shared

pytestmark = [pytest.mark.retrieval, pytest.mark.llama, pytest.mark.finding("S1-3")]

BY_THE_STUDY = Pick("summed_attention", over="reports/study/picked", lists=TASKS)
REPORTED = {1: 0.0, 2: -3 / 255, 5: -1 / 255}
FEW_DO_LITTLE = "in the study's own run one or two shared heads take at most 3 of 255 answers off"


@pytest.mark.parametrize("claim", [
    picked(lambda heads: lowers(shared(heads, 5), beyond=0.3, reported=REPORTED[5], given=ABLE, id="S1-3.k5"), BY_ATTENTION),
    *(picked(lambda heads, k=k: lowers(shared(heads, k), beyond=0.3, given=ABLE, id=f"S1-3.k{k}"), BY_ATTENTION) for k in (10, 20)),
    picked(lambda heads: lowers(shared(heads), beyond=0.3, given=ABLE, id="S1-3.all"), BY_ATTENTION),
])  # fmt: skip
def test_without_the_shared_heads_accuracy_drops(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    picked(lambda heads, k=k: lowers(shared(heads, k), beyond=0.3, reported=REPORTED[k], given=ABLE, id=f"S1-3.k{k}",
                                     expect="refuted", because=FEW_DO_LITTLE), BY_ATTENTION) for k in (1, 2)
])  # fmt: skip
def test_one_or_two_shared_heads_are_enough_for_a_big_drop(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    picked(lambda heads, task=task: lowers(effect(RIGHT.on(on("confirmation", task)), by=ablate(*heads.shared(GENERAL))),
                                           beyond=0, given=ABLE, id=f"S1-3.{task}"), BY_ATTENTION)
    for task in TASKS
])  # fmt: skip
def test_each_task_drops_without_the_shared_heads(claim, holds):
    assert holds(claim)


def as_published(heads, k):
    """The first k, however many there are."""
    chosen = heads.shared(GENERAL)
    if len(chosen) >= k and not isinstance(chosen[0], Ranked):  # places in a list that is not known yet are many
        raise NotRunError(
            f"{len(chosen)} heads are shared here, so that k = {k} is no other dose by name: see S1-3.k{k}."
        )
    return same(chosen, f"top {k} shared")


@pytest.mark.parametrize("claim", [
    picked(lambda heads, k=k: lowers(as_published(heads, k), beyond=0.3, asked=k, given=ABLE, id=f"S1-3.published.k{k}", expect="invalid",
                                     because="7 heads are shared in the study's run, so k = 10 and k = 20 are one intervention"),
           BY_ATTENTION)
    for k in (10, 20)
])  # fmt: skip
def test_published_doses_of_more_heads_than_there_are(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    picked(lambda heads: lowers(RIGHT.on("reports/study/judged"), by=ablate(*heads.shared(GENERAL)), beyond=0.3,
                                id="S1-3.published.split", expect="invalid",
                                because="the study splits two tables by one seed, and documents are in both halves"),
           BY_THE_STUDY)
])  # fmt: skip
def test_published_split_picks_and_judges_on_the_same_documents(claim, holds):
    assert holds(claim)
