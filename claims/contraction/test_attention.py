"""Heads 11, 1 and 22 of layer 27 look at the words that a recursive prompt comes back to.

Source: seed 000, "Next steps" 4: "visualize attention patterns of these critical heads", announced and not run.

Reported: nothing (n = 0).

What is wrong with the design: a picture of one prompt would not decide anything: where a head looks is not what it
does, and any head gives early words more than late ones.

How it is decided here: what the last token gives to the first word that the prompt repeats, above what it gives to the word
in the same place of its plain partner, by more than 3 % of its attention, over 102 pairs; of each, what is above the word's
share of the text.  It describes; the causal claims are in test_single_heads.py.
"""

from dataclasses import replace

import pytest
from causal_claims import Metric, above, level

pytestmark = [pytest.mark.contraction, pytest.mark.mistral_7b_instruct, pytest.mark.finding("S0-10")]


def looks(head):
    echo = Metric("summed_attention", layer=27, head=head, span="echo", null="uniform")
    return level(echo.on("recursive")) - level(echo.on("plain"))


@pytest.mark.parametrize("claim", [
    above(replace(looks(h), label=f"attention of L27.H{h} to the echo - to its place in a plain prompt"), 0.03, id=f"S0-10.looks.{h}")
    for h in (11, 1, 22)
])  # fmt: skip
def test_the_head_looks_at_the_word_that_comes_again(claim, holds):
    assert holds(claim)
