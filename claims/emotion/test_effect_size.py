"""The effect of patching is of medium size.

Source: study 004, "Patch mode comparison" and "Effect per head".

Reported: "medium", with no measure given, n = 70 prompts; the study's own later analysis, of head 0:0, has d = .08 to
.10, which is below small.

What is wrong with the design: a label without a measure.

How it is decided here: for the share of texts that have a word of gratitude, medium is Cohen's h of .5; from the
reported .0571 that is +.17, against the +.0572 that was reported (h = .21, if each word stands in a text of its own).
"""

import pytest
from causal_claims import Head, Metric, patch, raises

pytestmark = [pytest.mark.emotion, pytest.mark.gpt2_small, pytest.mark.finding("S4-7")]

PATCH = patch(Head(1, 10), source="gratitude_prompt", part="pattern_v")
SHARE = Metric("has_keyword", over="neutral", tokens=30, temperature=1.0, top_p=0.9)


@pytest.mark.parametrize("claim", [
    raises(SHARE, by=PATCH, beyond=0.17, reported=0.0572, id="S4-7.medium", expect="refuted",
           because="the reported +.0572 is a third of what medium is: h = .21; the study's own d, of head 0:0, is .08 to .10")
])  # fmt: skip
def test_the_effect_is_medium(claim, holds):
    assert holds(claim)
