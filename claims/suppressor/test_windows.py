"""Patched back in windows of layers, clean and corrupt prompts stay asymmetric.

Source: seed 003, section 1 ("reverse patch windows stay asymmetric") and status table (H6 "clean"), figures from
reports/h6_reverse_patch_summary.json of the study's repository.

Reported, logit difference of clean, corrupt, forward, reverse: facts 1.483, .881, .868, -.048; negation 1.604, 1.496,
1.412, 1.311; counterfactual 1.417, .809, .849, .476; logic 1.290, 1.359, 1.392, 1.385.  Forward and reverse changes add
up to -1.544, -0.377, -0.901 and +0.128; they would cancel if the windows were symmetric.  160, 16, 160 and 16 rows.

What is wrong with the design: `positions: last_token` was ignored and the whole sequence written over, so what comes out
is the other prompt's own run, whatever the layer; and clean and corrupt prompts had different lengths, so forward never
reached the position that was read, and reverse read the middle of a longer prompt.

How it is decided here: pairs of equal length, only the last token patched, each pair once (over mirrored rows forward and
reverse are the same thing said twice), and a sham, the same prompt after an idle sentence.  The windows of facts and
negation are the study's; those of the other two are not in its text, and facts' is taken.  GPT-2 large: facts.
"""

import pytest
from causal_claims import Behaviour, Resid, effect, exactly, level, lowers, negligible, patch

from fixtures.suppressor import LOGIT_DIFF, WINDOW

pytestmark = [pytest.mark.suppressor, pytest.mark.finding("S3-6")]

REPORTED = {"facts": -1.544, "negation": -0.377, "counterfactual": -0.901, "logic": 0.128}


def on(condition, way="one_way"):
    """The logit difference of the clean prompts, or with the same answers that of the corrupt ones."""
    return LOGIT_DIFF.on(f"{condition}/{way}")


def able(condition):
    """The model prefers the right answer to the wrong one at all."""
    return Behaviour(level(on(condition)), above=0)


def window(condition, source="corrupt", at="last"):
    """Another prompt's residual stream, in the condition's layers."""
    return patch([Resid(layer) for layer in WINDOW[condition]], source=source, at=at)


def both_ways(condition, **how):
    """What the corrupt prompt's stream does to the clean prompt, and the clean one's to the corrupt: 0 if symmetric."""
    by = window(condition, **how)
    return effect(on(condition, "forward"), by=by) + effect(on(condition), by=by)


def published(name):
    """As it was run: whole sequences written over."""
    return lowers(
        both_ways(name, at="all"), beyond=0.1, reported=REPORTED[name], id=f"S3-6.published.{name}", expect="invalid",
        statement=f"reverse and forward patches of whole sequences are asymmetric on {name}",
        because="whole sequences are written over, so what is read is the other prompt's own run",
    )  # fmt: skip


def asymmetric(name):
    return lowers(
        both_ways(name), beyond=0.1, reported=REPORTED[name], given=able(name), id=f"S3-6.asymmetric.{name}", expect="refuted",
        statement=f"on {name} the reverse patch takes away more than the forward patch gives",
        because="with equal lengths either prompt of a pair can be called clean, and the study's figures have no common sign",
    )  # fmt: skip


def carries(name):
    """Positive control: the window at the last token holds what decides the answer."""
    return lowers(on(name), by=window(name), beyond=0.1, given=able(name), id=f"S3-6.carries.{name}")


def sham(name):
    return negligible(on(name), by=window(name, source="again"), within=0.25, given=able(name), id=f"S3-6.sham.{name}")


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [published(name) for name in WINDOW])
def test_published_patch_of_whole_sequences_shows_no_place(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [
    exactly(level(on("facts"), under=patch(Resid(layer), source="corrupt")) - level(on("facts", "forward")),
            within=1e-3, id=f"S3-6.other_run.L{layer}",
            statement=f"the residual stream of layer {layer} written over as a whole gives the other prompt's own output")
    for layer in (0, 22)
])  # fmt: skip
def test_a_whole_sequence_written_over_is_the_other_prompts_run(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [asymmetric(name) for name in WINDOW])
def test_windows_are_asymmetric(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [carries(name) for name in WINDOW])
def test_the_last_token_carries_the_answer_in_the_window(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_medium
@pytest.mark.parametrize("claim", [sham(name) for name in WINDOW])
def test_the_same_prompt_after_an_idle_sentence_changes_little(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_large
@pytest.mark.parametrize("claim", [published("facts"), asymmetric("facts"), carries("facts"), sham("facts")])
def test_windows_of_large(claim, holds):
    assert holds(claim)
