"""Heads 11, 1 and 22 of layer 27, and head 23 of layer 25, look at the words that a recursive prompt comes back to.

Source: seed 000, "Next steps" 4: "visualize attention patterns of these critical heads", announced and not run.

Reported: nothing (n = 0).  Head 23 is the one that the report names for layer 25, the largest there (+0.0162).

What is wrong with the design: a picture of one prompt would not decide anything: where a head looks is not what it
does, and any head gives early words more than late ones.

How it is decided here: what the last token gives to the first word that the prompt repeats, above what it gives to the word
in the same place of its plain partner, by more than 3 % of its attention, over 102 pairs; of each, what is above the word's
share of the text.  It describes; the causal claims are in test_single_heads.py.
"""

from dataclasses import replace

import pytest
from causal_claims import Head, Metric, above, level

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-10")]


def looks(head):
    echo = Metric("summed_attention", layer=head.layer, head=head.index, span="echo", null="uniform")
    found = level(echo.on("recursive")) - level(echo.on("plain"))
    return replace(found, label=f"attention of {head} to the echo - to its place in a plain prompt")


@pytest.mark.parametrize("claim", [
    above(looks(Head(layer, h)), 0.03, id=f"S0-10.looks.{'' if layer == 27 else f'{layer}.'}{h}")
    for layer, h in ((27, 11), (27, 1), (27, 22), (25, 23))
])  # fmt: skip
def test_the_head_looks_at_the_word_that_comes_again(claim, holds):
    assert holds(claim)
