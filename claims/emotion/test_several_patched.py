"""Patching several heads at once would do more than patching one.

Source: study 004, "Head combinations": expected, not done.

Reported: nothing (n = 0).

What is wrong with the design: there is none; which heads and what "more" is measured against is left open.

How it is decided here: the first three of the screening: together against head 1:10 alone, and beyond the sum of each, by
half of the expected number of words at least.
"""

import pytest
from causal_claims import Head, Metric, effect, level, patch, recovers

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S4-11")]

EXPECTED = Metric("keyword_expected", over="neutral", tokens=30)
HEADS = [Head(1, 10), Head(3, 2), Head(1, 11)]


def patched(*heads):
    return patch(*heads, source="gratitude_prompt", part="pattern_v")


ONE, THREE = patched(HEADS[0]), patched(*HEADS)


def sum_of_singles():
    first, *others = (effect(EXPECTED, by=patched(head)) for head in HEADS)
    for one in others:
        first = first + one
    return first


@pytest.mark.parametrize("claim", [
    recovers(effect(EXPECTED, by=THREE) - effect(EXPECTED, by=ONE), of=level(EXPECTED), at_least=0.5, id="S4-11.three_against_one"),
    recovers(effect(EXPECTED, by=THREE) - sum_of_singles(), of=level(EXPECTED), at_least=0.5, id="S4-11.beyond_the_sum"),
])  # fmt: skip
def test_several_heads_do_more_than_one(claim, holds):
    assert holds(claim)
