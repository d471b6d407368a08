"""Layer 0 head 2 writes a hedge direction and suppresses factual stems.

Source: seed 003, section 1; reports/ov_report_*.json and hedge_enrichment of the study's repository.

Reported: top tokens "totally", "solid", "..." and suppressed "Recomm", "trave"; the full top 15 on facts begins yne,
totally, solid, advanced, Kass, pooled.  Its own AUC for hedges is 0.501 and for boosters 0.516 (Mistral 0.5); of the 100
top tokens of medium and large, none are shared.

What is wrong with the design: n = 160 rows of 22 prompts; three tokens picked from 150; the mixed value was read at a
padding position; projections were compared by counting equal strings, with nothing to say how many would be equal by
chance; and what a weight matrix points at is not yet what a head does.  There is no `published` here: three tokens chosen
by eye are no rule that could be run, and z is no logit whose reading after padding a guard could see.

How it is decided here: all hedges of a list against boosters and emotion words, and these against all answers, by size;
where there is any size, by AUC and permutation, for head 2, and for head 2 minus the mean of the other heads; the
direct write at the true last token on the right answer.  (Hedges are not compared with answers: a head that only lowers
answers would seem to raise every other word.)  Models compared, large and Mistral with medium: over all words by rank
(`shared_words`, large), and whether medium's 12 highest of these words, as many as there are hedges, and its 200 lowest are
high and low there too, by AUC and permutation over the words that both tokenizers carry (`shared_top`, `shared_bottom`);
the study counted over whole vocabularies, these are the 472 words of fixtures/.  These describe.  The
causal part: without head 2, or with random writes of its norm in its place, hedges lose on the right answer.
"""

import pytest
from causal_claims import (
    Behaviour,
    Head,
    Metric,
    ablate,
    below,
    correlates,
    effect,
    enriched,
    level,
    lowers,
    model_counts,
    norm_kept,
    specific,
)

from fixtures.pairs import answers
from fixtures.words import HEDGES

pytestmark = [pytest.mark.suppressor, pytest.mark.finding("S3-7")]

LOGIT_DIFF = Metric("logit_diff")
MEDIUM = "gpt2_medium"
SIZE = 0.05  # logits, for the mean embedding


def says(head, over="words", model=None):
    """How far a head of layer 0 raises each word, over all that it may read."""
    return level(Metric("ov_projection", layer=0, head=head, over=over), model=model)


def raised(head, model=None):
    """Hedges above other words that are no answers, in logits."""
    return says(head, "words/hedges", model), says(head, "words/others", model)


def lowered(head, model=None):
    """Other words that are no hedges above answers, in logits."""
    return says(head, "words/others", model), says(head, "words/answers", model)


def told(pair):
    """A direction can be ranked only where the head says something: a rank has no size."""
    here, there = pair
    return Behaviour(here - there, above=SIZE)


def beyond_others(head, model):
    """A head's projection above the mean of its layer's other heads."""
    others = [says(other, "words/beside") for other in range(model_counts(model).heads) if other != head]
    total = others[0]
    for one in others[1:]:
        total = total + one
    return says(head, "words/beside") - (1 / len(others)) * total


def projections(head, key):
    """Size and rank of what a head's weights point at."""
    return [
        specific(*raised(head), beyond=SIZE, id=f"S3-7.{key}.hedges", wording="descriptive",
                 statement=f"head {head} raises hedges above boosters and emotion words"),
        specific(*lowered(head), beyond=SIZE, id=f"S3-7.{key}.answers", wording="descriptive",
                 statement=f"head {head} lowers right answers below boosters and emotion words"),
        enriched(says(head, "words/beside"), members=HEDGES, given=told(raised(head)), id=f"S3-7.{key}.hedges.auc"),
        enriched(-says(head), members=answers(), given=told(lowered(head)), id=f"S3-7.{key}.answers.auc",
                 statement=f"head {head} ranks right answers below all other words"),
    ]  # fmt: skip


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [
    *projections(2, "medium"),
    enriched(beyond_others(2, "gpt2_medium"), members=HEDGES, given=told(raised(2)), id="S3-7.medium.hedges.beyond_others"),
])  # fmt: skip
def test_head_2_says_hedges_and_unsays_answers(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_large
@pytest.mark.parametrize("claim", projections(2, "large"))
def test_head_2_of_large_says_hedges_and_unsays_answers(claim, holds):
    assert holds(claim)


@pytest.mark.mistral_7b
@pytest.mark.parametrize("claim", projections(21, "mistral"))
def test_head_21_of_mistral_says_hedges_and_unsays_answers(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_large
@pytest.mark.parametrize("claim", [
    correlates(says(2), says(2, model=MEDIUM), at_least=0.1, given=(told(raised(2)), told(raised(2, MEDIUM))), id="S3-7.shared_words",
               statement="head 2 of large raises the words that head 2 of medium raises")
])  # fmt: skip
def test_medium_and_large_share_their_words(claim, holds):
    assert holds(claim)


def shared(head, key):
    """What is at an end of medium's head 2 lies at the same end here; asked where the head's other end shows that it speaks."""
    here, medium = says(head), says(2, model=MEDIUM)
    return [
        enriched(here, members=medium, top=12, beyond=0.75, id=f"S3-7.{key}.shared_top",
                 given=(told(lowered(head)), told(raised(2, MEDIUM))),
                 statement=f"head {head} raises the words that head 2 of medium raises most"),
        enriched(-here, members=-medium, top=200, id=f"S3-7.{key}.shared_bottom",
                 given=(told(raised(head)), told(lowered(2, MEDIUM))),
                 statement=f"head {head} lowers the words that head 2 of medium lowers most"),
    ]  # fmt: skip


@pytest.mark.gpt2_large
@pytest.mark.parametrize("claim", shared(2, "large"))
def test_the_ends_of_medium_are_those_of_large(claim, holds):
    assert holds(claim)


@pytest.mark.mistral_7b
@pytest.mark.parametrize("claim", shared(21, "mistral"))
def test_the_ends_of_medium_are_those_of_mistral(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [
    below(level(Metric("direct_logit", layer=0, head=2, over="facts/one_way")), -0.1, id="S3-7.stems")
])  # fmt: skip
def test_head_2_writes_against_the_right_answer(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [
    lowers(of(LOGIT_DIFF.on("facts/hedges"), by=ablate(Head(0, 2))), beyond=0.3, id=f"S3-7.{word}",
           given=Behaviour(level(LOGIT_DIFF.on("facts/one_way")), above=0))
    for word, of in (("promotes", effect), ("promotes_not_by_norm", norm_kept))
])  # fmt: skip
def test_without_head_2_hedges_lose_on_the_right_answer(claim, holds):
    assert holds(claim)
