"""The hook zeroes the head it names and no other, and leaves nothing behind.

Source: seed 001, verification plan, item 2: "asserts the hooked head's o_proj input has zeros in the correct slice;
removes hooks and verifies the output is restored".

Reported: a unit test to be written: two heads, one forward pass.

What is wrong with the design: in the study's code an input of another shape than expected, or a layer out of range, is
skipped without a word.

How it is decided here: exact equality on every document of the discovery part, where documents that give the very same
numbers count once.  What a silenced head, which says something otherwise, hands to o_proj is 0; what its neighbour hands
over is what it was, to the last bit.  That the model is bit-equal afterwards
is a guard of every claim ("not delivered"), and an address out of range is an error.
"""

import pytest
from causal_claims import Behaviour, Head, Metric, ablate, effect, exactly, level

pytestmark = [pytest.mark.retrieval, pytest.mark.llama, pytest.mark.finding("S1-7")]

DRAWN = (Head(7, 3), Head(20, 25))  # two heads at random
DOCUMENTS = "reports/discovery"


def output(head):
    return Metric("head_output", layer=head.layer, head=head.index, over=DOCUMENTS)


@pytest.mark.parametrize("claim", [
    *(exactly(level(output(head), under=ablate(head)), given=Behaviour(level(output(head)), above=0), id=f"S1-7.zero.{head}") for head in DRAWN),
    *(exactly(effect(output(Head(head.layer, head.index + 1)), by=ablate(head)), id=f"S1-7.neighbour.{head}") for head in DRAWN),
])  # fmt: skip
def test_the_named_head_is_silent_and_its_neighbour_is_not_touched(claim, holds):
    assert holds(claim)
