"""Pair and triplet runs confirm that heads 2, 4 and 7 of layer 0 cooperate destructively.

Source: seed 003, section 1; reports/h5_*.json of the study's repository.

Reported: triplet minus the sum of singles +0.0127, -0.0254, +0.1719 and -0.1797 (facts, negation, counterfactual, logic;
160, 16, 160 and 16 rows, read after padding as in S3-1).

What is wrong with the design: synergy was measured against the weakest single head; the signs of the interaction differ
between conditions, and the pairs add up.

How it is decided here: `published`, the reading after the padding (facts), must come out INVALID.  `sum`, the joint effect
against the sum of the singles, and `pair` and `triplet`, which decide, as in test_helpers.py.  `pair` is heads 4 and 7.
"""

import pytest
from causal_claims import ablate, effect, specific

from fixtures.effects import added
from fixtures.suppressor import (
    ADD_UP,
    CONDITIONS,
    H2,
    H4,
    H7,
    TRIPLET,
    able,
    beyond_sum,
    cooperate,
    on,
)

pytestmark = [pytest.mark.suppressor, pytest.mark.gpt2_medium, pytest.mark.finding("S3-5")]

REPORTED = {"facts": 0.0127, "negation": -0.0254, "counterfactual": 0.1719, "logic": -0.1797}
NO_SIGN = "the study's own figures have no common sign: +0.0127, -0.0254, +0.1719, -0.1797"


def sum_on(condition, *together, name, **about):
    over = f"{condition}/one_way"
    return beyond_sum(over, *together, given=able(over), id=f"S3-5.sum.{name}.{condition}", **about)


@pytest.mark.parametrize("claim", [
    beyond_sum("facts/padded", H2, H4, H7, reported=REPORTED["facts"], id="S3-5.published", expect="invalid",
               because="the logits are read after padding in all but the longest prompts")
])  # fmt: skip
def test_published_reading_of_the_triplet_says_nothing(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    *(sum_on(name, H4, H7, name="pair", because=ADD_UP) for name in CONDITIONS),
    *(sum_on(name, H2, H4, H7, name="triplet", because=NO_SIGN, reported=x) for name, x in REPORTED.items()),
])  # fmt: skip
def test_pair_and_triplet_do_more_than_their_sum(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    cooperate(*together, id=f"S3-5.{word}", because=because,
              statement=f"the {word} cooperates: together they do more than their sum, and not by what makes up for one")
    for word, together, because in (("pair", (H4, H7), ADD_UP), ("triplet", (H2, H4, H7), NO_SIGN))
])  # fmt: skip
def test_pair_and_triplet_cooperate(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    specific(added(effect(on(name), by=TRIPLET) for name in CONDITIONS),
             added(effect(on(name), by=ablate(one)) for name in CONDITIONS for one in (H2, H4, H7)),
             beyond=0.2, reported=-0.0205, id="S3-5.sum.all",
             statement="heads 2, 4 and 7 gone do more than the sum of each gone, over all four conditions",
             expect="refuted", because="the study's own four figures have mixed signs and add up to -0.0205")
])  # fmt: skip
def test_the_three_do_more_than_their_sum_over_all(claim, holds):
    assert holds(claim)
