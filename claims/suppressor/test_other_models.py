"""The same suppressor pattern in GPT-2 large; layer 0 head 21 is the primary suppressor of Mistral-7B.

Source: seed 003, section 1 (Mistral) and status table ("same suppressor pattern", "Layer-0 head 21 emerging as
suppressor").

Reported: nothing for GPT-2 large in the text; its own tables give -0.006, -0.010, +0.002 and -0.007 against the median
head (on facts rank 90 from the bottom of 720; the first is 33:11).  Mistral: "0.09 to 0.35", a range that mixes ablated
levels of two heads with a mean; its own tables give -0.244 on negation and -0.386 on logic for head 21: ablating it
lowers the logit difference, the opposite of a suppressor, and the project's later paper calls it an anti-suppressor.

Pythia: the next step that the hand-over proposes, with no figure.

What is wrong with the design: the sign was never declared; 24 prompts, one run; and its own tables contradict both
statements.

How it is decided here: the sign is declared, ablation raises the logit difference by more than 0.1 in each condition;
"the same pattern" compares the two models' effects on the same prompts, not two verdicts; "primary" is first of the 32
heads of the layer, its norm kept, on the two conditions that the study quotes; "mirroring" is the same sign by the same
margin as in test_l0h2.py (and the words of test_words.py): sizes are not compared, since the two tokenizers leave out
different prompts.
"""

import pytest
from causal_claims import Behaviour, Head, Metric, ablate, agrees, effect, heads, level, norm_kept, raises, strongest

pytestmark = pytest.mark.suppressor

LOGIT_DIFF = Metric("logit_diff")
H2 = ablate(Head(0, 2))
LARGE = {"facts": -0.006, "negation": -0.010, "counterfactual": 0.002, "logic": -0.007}
MISTRAL = {"facts": 0.035, "negation": -0.244, "counterfactual": 0.10, "logic": -0.386}


def on(condition):
    """The logit difference, on each pair of prompts once."""
    return LOGIT_DIFF.on(f"{condition}/one_way")


def able(condition):
    """The model prefers the right answer to the wrong one at all."""
    return Behaviour(level(on(condition)), above=0)


@pytest.mark.gpt2_large
@pytest.mark.finding("S3-2")
@pytest.mark.parametrize("claim", [
    raises(on(name), by=H2, beyond=0.1, reported=figure, given=able(name), id=f"S3-2.{name}")
    for name, figure in LARGE.items()
])  # fmt: skip
def test_gpt2_large_has_the_same_suppressor(claim, holds):
    assert holds(claim)


def suppressed_in_medium(condition):
    """There is a suppressor that large could have too."""
    return Behaviour(norm_kept(on(condition), by=H2, model="gpt2_medium"), above=0.1)


@pytest.mark.gpt2_large
@pytest.mark.finding("S3-2")
@pytest.mark.parametrize("claim", [
    agrees(norm_kept(on(name), by=H2), norm_kept(on(name), by=H2, model="gpt2_medium"),
           within=0.2, given=suppressed_in_medium(name), id=f"S3-2.as_medium.{name}")
    for name in LARGE
])  # fmt: skip
def test_the_effect_in_large_is_that_in_medium(claim, holds):
    assert holds(claim)


@pytest.mark.pythia_160m
@pytest.mark.finding("S3-2")
@pytest.mark.parametrize("claim", [
    raises(on(name), by=H2, beyond=0.1, given=able(name), id=f"S3-2.pythia.{name}") for name in LARGE
])  # fmt: skip
def test_pythia_has_the_same_suppressor(claim, holds):
    assert holds(claim)


@pytest.mark.mistral_7b
@pytest.mark.finding("S3-8")
@pytest.mark.parametrize("claim", [
    raises(on(name), by=ablate(Head(0, 21)), beyond=0.1, reported=figure, given=able(name), id=f"S3-8.{name}")
    for name, figure in MISTRAL.items()
])  # fmt: skip
def test_mistral_l0h21_is_a_suppressor(claim, holds):
    assert holds(claim)


@pytest.mark.mistral_7b
@pytest.mark.finding("S3-8")
@pytest.mark.parametrize("claim", [
    strongest(norm_kept(on(name), by=ablate(Head(0, 21))), given=able(name), id=f"S3-8.primary.{name}",
              among=[effect(on(name), by=ablate(head)) for head in heads(0, range(32)) if head.index != 21])
    for name in ("negation", "logic")
])  # fmt: skip
def test_mistral_l0h21_is_the_primary_suppressor(claim, holds):
    assert holds(claim)
