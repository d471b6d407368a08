"""The status of the runs on GPT-2 medium and large: H1, every head zeroed, is complete; H6, the windows, is clean.

Source: seed 003, status table of section 4.

Reported: "complete" and "clean", no figure and no rows.

What is wrong with the record: it is said of runs whose column kl_div is NaN throughout, in half precision.

How it is decided here: whether the same divergence from the clean run, in this run's arithmetic, is a number.  `all_heads`,
each of medium's 384 heads zeroed on 16 prompts of facts, their divergences added up; `heads`, head 2 zeroed on each pair of
prompts of each condition; `windows`, the window of layers of S3-6.  A NaN anywhere makes the claim INVALID.  That is all
that it can show: a divergence is never below 0, so a mean above 0 is nothing that could be REFUTED where there is any
effect.  And it is less than the finding: large's 720 heads are not swept, and the study's own runs, whose NaN come of
their half precision, are not looked at.
"""

from dataclasses import replace

import pytest
from causal_claims import Metric, Resid, ablate, above, heads, level, model_counts, patch

from fixtures.effects import added
from fixtures.suppressor import H2, WINDOW

pytestmark = [pytest.mark.suppressor, pytest.mark.finding("S3-12")]

KL = Metric("kl")
MEDIUM = model_counts("gpt2_medium")


def head_leaves_numbers(name):
    return above(level(KL.on(f"{name}/one_way"), under=ablate(H2)), 0, id=f"S3-12.heads.{name}",
                 statement=f"the ablation of head 2 on {name} leaves a divergence that is a number on every prompt")  # fmt: skip


def window_leaves_numbers(name):
    window = patch([Resid(layer) for layer in WINDOW[name]], source="corrupt", at="last")
    return above(level(KL.on(f"{name}/one_way"), under=window), 0, id=f"S3-12.windows.{name}",
                 statement=f"the patched window of {name} leaves a divergence that is a number on every prompt")  # fmt: skip


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [*map(head_leaves_numbers, WINDOW), *map(window_leaves_numbers, WINDOW)])
def test_medium_leaves_numbers(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_large
@pytest.mark.parametrize("claim", [*map(head_leaves_numbers, WINDOW), *map(window_leaves_numbers, WINDOW)])
def test_large_leaves_numbers(claim, holds):
    assert holds(claim)


EVERY_HEAD = replace(
    added(
        level(KL.on("facts/few"), under=ablate(head))
        for layer in range(MEDIUM.layers)
        for head in heads(layer, range(MEDIUM.heads))
    ),
    label="kl on facts/few under the ablation of each head, added up",
)


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [
    above(EVERY_HEAD, 0, id="S3-12.all_heads",
          statement="each of 384 heads zeroed leaves a divergence that is a number on every prompt")
])  # fmt: skip
def test_every_head_of_medium_leaves_numbers(claim, holds):
    assert holds(claim)
