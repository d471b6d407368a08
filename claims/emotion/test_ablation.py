"""Zeroing head 10 of layer 1 slightly reduces the words of gratitude.

Source: study 002, "Head ablation results".

Reported: 78 to 76 words in total, mean 1.1143 to 1.0857 (-0.0286), 70 prompts, one sample each, 15 new tokens.

What is wrong with the design: the prompt is counted with the generation, and 70 of the 78 stand in the prompts: 8
against 6 were generated (P = .40), which is a quarter less and not the 2.6 % of the table.  The arms are sampled with
different random draws and no seed; words are found as substrings, "thanks" counts twice.  An earlier run of the same
baseline has 73, and there the ablation raises it to 74.

How it is decided here: the generation alone; the same random draws in both arms (`counts`); and the expected number of
words along a text that is the same in both arms: down by 2 % at least (what any head that attends there may do by the
way is near 1 %), and, since the report calls it slight, within 15 % of the level; and with random writes of the same
norm in place of the head's, four draws, by 2 % as well (`norm`).
"""

import pytest
from causal_claims import Head, Metric, ablate, effect, level, lowers, recovers

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S2-5")]

ZERO = ablate(Head(1, 10))
SAME_NORM = [ablate(Head(1, 10), how="random", seed=draw) for draw in range(4)]
SAMPLED = {"tokens": 15, "temperature": 1.0, "top_p": 0.9}
PUBLISHED = Metric("published_keywords", over="gratitude")
PUBLISHED_AGAIN = Metric("published_keywords", over="gratitude", seed=1)
COUNT = Metric("keyword_count", over="gratitude", **SAMPLED)
EXPECTED = Metric("keyword_expected", over="gratitude", tokens=15)


@pytest.mark.parametrize("claim", [
    lowers(level(PUBLISHED_AGAIN, under=ZERO) - level(PUBLISHED), reported=-0.0286, id="S2-5.published", expect="invalid",
           because="the arms are sampled with different draws, and the prompt's own words are counted"),
    lowers(PUBLISHED, by=ZERO, reported=-0.0286, id="S2-5.published_same_draws", expect="invalid",
           because="the prompt's own words are counted"),
])  # fmt: skip
def test_published_counts_cannot_show_a_cause(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    lowers(COUNT, by=ZERO, reported=-0.0286, id="S2-5.counts", expect="inconclusive",
           because="8 against 6 generated words in 70 samples: so small a change of a count cannot be shown with so few")
])  # fmt: skip
def test_it_lowers_the_number_of_generated_words(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(-effect(EXPECTED, by=ZERO), of=level(EXPECTED), at_least=0.02, reported=0.0257, id="S2-5.expected",
             statement="the expected number of words falls by at least 2 %; reported: by 2.6 % of prompt and generation")
])  # fmt: skip
def test_it_lowers_the_expected_number_of_words(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(-0.25 * sum((effect(EXPECTED, by=one) for one in SAME_NORM[1:]), effect(EXPECTED, by=SAME_NORM[0])),
             of=level(EXPECTED), at_least=0.02, id="S2-5.norm",
             statement="what the head writes keeps words of gratitude up, not how long the vector is: a random write of its norm does not")
])  # fmt: skip
def test_a_random_write_of_the_same_norm_does_not_stand_in_for_it(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(effect(EXPECTED, by=ZERO), of=level(EXPECTED), between=(-0.15, 0.15), reported=-0.0257, id="S2-5.slightly",
             statement="the change is slight: within 15 % of the expected number of words")
])  # fmt: skip
def test_the_change_is_slight(claim, holds):
    assert holds(claim)
