"""Head 0 of layer 0, patched by its values alone, has the same effect as head 10 of layer 1.

Source: study 004, "Baseline vs patched" and "Effect per head".

Reported: sentiment .5832 to .5981 and words .0571 to .1143 (4 to 8) for both heads, equal to the last digit; n = 70
prompts.

What is wrong with the design: both rows are one file: the figures printed for head 1:10 are those of head 0:0.  A head
that responds most and one that ranks 15th in the screening cannot show, by one set of numbers, that the first matters.

How it is decided here: the printed table itself, with its guard (`published`); what head 1:10 does beyond head 0:0, as a
share of the level (`specific`); and head 0:0's effect as a share of head 1:10's (`same`).
"""

import pytest
from causal_claims import Behaviour, Head, Metric, agrees, effect, level, patch, recovers

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S4-5")]

L1H10 = patch(Head(1, 10), source="gratitude_prompt", part="pattern_v")
L0H0 = patch(Head(0, 0), source="gratitude_prompt", part="v")
EXPECTED = Metric("keyword_expected", over="neutral", tokens=30)
EFFECT = Behaviour(effect(EXPECTED, by=L1H10) - 0.25 * level(EXPECTED), above=0)  # there is one to be compared
PRINTED = Metric("figure_of_the_table")
TABLE = {"baseline": [0.5832, 0.0571, 4], L1H10: [0.5981, 0.1143, 8], L0H0: [0.5981, 0.1143, 8]}


@pytest.mark.parametrize("claim", [
    agrees(effect(PRINTED, by=L1H10), effect(PRINTED, by=L0H0), within=0.01, id="S4-5.published", expect="invalid",
           because="the two rows of the table are one file under two names")
])  # fmt: skip
def test_published_table_shows_one_head_twice(claim, holds):
    assert holds(claim, values=TABLE)


@pytest.mark.parametrize("claim", [
    recovers(effect(EXPECTED, by=L1H10) - effect(EXPECTED, by=L0H0), of=level(EXPECTED), at_least=0.5, id="S4-5.specific",
             statement="head 1:10 raises the expected number of words by at least half of its level more than head 0:0 does")
])  # fmt: skip
def test_the_effect_is_specific_to_the_head(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    recovers(effect(EXPECTED, by=L0H0), of=effect(EXPECTED, by=L1H10), between=(0.8, 1.25), reported=1.0, given=EFFECT, id="S4-5.same",
             expect="refuted", because="the equal figures are one file printed twice (S4-5.published), and nothing else speaks for an equal effect")
])  # fmt: skip
def test_the_other_head_has_the_same_effect(claim, holds):
    assert holds(claim)
