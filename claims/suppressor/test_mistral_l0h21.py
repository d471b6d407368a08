"""Layer 0 head 21 is the primary suppressor of Mistral-7B, mirroring GPT-2.

Source: seed 003, section 1 and status table ("Layer-0 head 21 emerging as suppressor").

Reported: "0.09 to 0.35" on 24 prompts, a range that mixes ablated levels of two heads with a mean; its own tables give
-0.244 on negation and -0.386 on logic for head 21 (+0.035 on facts, +0.10 on counterfactual): ablating it lowers the logit
difference, the opposite of a suppressor, and the project's later paper calls it an anti-suppressor.

What is wrong with the design: the sign was never declared; 24 prompts (6 distinct ones of facts), one run; and its own
tables contradict the statement.

How it is decided here: the sign is declared, ablation raises the logit difference by more than 0.1 in each condition;
"primary" is first of the 32 heads of the layer, its norm kept, on the two conditions that the study quotes; "mirroring" is
the same sign by the same margin as in test_l0h2.py (and the words of test_words.py): sizes are not compared, since the two
tokenizers leave out different prompts.  As with S3-2, the reading after the padding is not run once more, and no claim says
expect="refuted".
"""

import pytest
from causal_claims import Head, ablate, effect, heads, norm_kept, raises, strongest

from fixtures.suppressor import able, on

pytestmark = [pytest.mark.suppressor, pytest.mark.mistral_7b, pytest.mark.finding("S3-8")]

H21 = ablate(Head(0, 21))
OTHERS = [ablate(head) for head in heads(0, range(32)) if head.index != 21]
REPORTED = {"facts": 0.035, "negation": -0.244, "counterfactual": 0.10, "logic": -0.386}


@pytest.mark.parametrize("claim", [
    raises(on(name), by=H21, beyond=0.1, reported=figure, given=able(f"{name}/one_way"), id=f"S3-8.{name}")
    for name, figure in REPORTED.items()
])  # fmt: skip
def test_mistral_l0h21_is_a_suppressor(claim, holds):
    assert holds(claim)


@pytest.mark.parametrize("claim", [
    strongest(norm_kept(on(name), by=H21), among=[effect(on(name), by=one) for one in OTHERS],
              given=able(f"{name}/one_way"), id=f"S3-8.primary.{name}")
    for name in ("negation", "logic")
])  # fmt: skip
def test_mistral_l0h21_is_the_primary_suppressor(claim, holds):
    assert holds(claim)
