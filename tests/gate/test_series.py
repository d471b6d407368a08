"""Planted series of checkpoints: the right outcome and the right cause for each."""

from dataclasses import replace

import pytest
from causal_claims import Head, Metric, ablate, above, level, lowers, strongest
from causal_claims.gate.change import Change, Failure
from causal_claims.gate.compare import compare
from causal_claims.gate.run import Run
from series import BASE, HEADS, SERIES, claims, run_of

M = Metric("x")
CLAIMS = claims()
OLD = BASE.run(CLAIMS, name="base", again=replace(BASE, seed=99).run(CLAIMS, name="again"))


def held(name, suite=CLAIMS, old=OLD):
    found = compare(old, SERIES[name].run(suite, name=name))
    return found, {row.id: row for row in found.rows}


@pytest.mark.parametrize("name", ["unchanged", "retrained"])
def test_noise_of_measuring_and_another_seed_of_training_change_nothing(name):
    found, rows = held(name)

    assert {row.change for row in rows.values()} == {Change.UNCHANGED}
    assert found.exit_code == 0
    assert found.lines == ()


@pytest.mark.parametrize(
    ("name", "cause"), [("halved", "mechanism lost"), ("lost", "mechanism lost"), ("moved", "mechanism moved")]
)
def test_a_weaker_lost_or_moved_mechanism_regresses_and_says_why(name, cause):
    found, rows = held(name)

    assert rows["first"].change is Change.REGRESSED
    assert rows["first"].failure is Failure.REGRESSION
    assert rows["first"].cause.word == cause
    assert rows["second"].change is Change.UNCHANGED
    assert found.exit_code == 10


def test_the_head_that_took_over_is_named_and_no_other():
    _, rows = held("moved")

    assert rows["first"].cause.heads == ("L5.H3",)
    assert "11 other heads" in rows["first"].cause.sentence


def test_half_an_effect_is_said_to_be_half():
    _, rows = held("halved")

    assert "50% of the effect is left" in rows["first"].cause.sentence


def test_an_unlearned_task_is_lost_behaviour_by_the_claims_own_precondition():
    found, rows = held("unlearned")

    assert {row.cause.word for row in rows.values()} == {"behaviour lost"}
    assert {row.now for row in rows.values()} == {"NOT RUN"}
    assert found.exit_code == 10


def test_an_unlearned_task_is_lost_behaviour_without_a_precondition_too():
    suite = [lowers(M, by=ablate(Head(5, 0)), beyond=0.2, id="first")]
    found, rows = held("unlearned", suite, BASE.run(suite))

    assert rows["first"].cause.word == "behaviour lost"
    assert "no longer does the task" in rows["first"].cause.sentence
    assert found.exit_code == 10


def test_a_level_that_falls_is_behaviour_itself():
    suite = [above(level(M), 1.0, id="level")]
    _, rows = held("unlearned", suite, BASE.run(suite))

    assert (rows["level"].change, rows["level"].cause.word) == (Change.REGRESSED, "behaviour lost")


def test_an_improvement_lets_the_checkpoint_go_on():
    found, rows = held("improved")

    assert rows["first"].change is Change.IMPROVED
    assert found.exit_code == 0


def without_other_heads(checkpoint, suite):
    kept = [m for m in checkpoint.measurements() if m.condition in ("baseline", "ablate(L5.H0)")]
    return run_of(kept, suite)


def test_without_other_heads_the_cause_is_unknown_and_says_what_to_measure():
    suite = [lowers(M, by=ablate(Head(5, 0)), beyond=0.2, id="first", gate=True)]
    row = compare(without_other_heads(BASE, suite), without_other_heads(SERIES["lost"], suite)).rows[0]

    assert row.cause.word == "unknown"
    assert "each other head alone on x" in row.cause.to_measure


def test_parts_of_records_tell_where_it_went_when_the_numbers_are_gone():
    suite = [
        lowers(M, by=ablate(Head(5, 0)), beyond=0.2, id="first"),
        strongest(
            M, by=ablate(Head(5, 0)), among=[ablate(Head(5, h)) for h in range(1, HEADS)], way="lowers", id="top"
        ),
    ]
    old, new = BASE.run(suite), SERIES["moved"].run(suite)
    bare = [Run(run.name, run.ledger) for run in (old, new)]
    rows = {row.id: row for row in compare(*bare).rows}

    assert rows["first"].failure is Failure.REGRESSION
    assert rows["first"].cause.heads == ("L5.H3",)


def test_a_claim_about_a_lead_regresses_when_its_winner_falls():
    among = [ablate(Head(5, h)) for h in range(1, HEADS)]
    suite = [strongest(M, by=ablate(Head(5, 0)), among=among, way="lowers", id="top")]
    found, rows = held("moved", suite, BASE.run(suite))

    assert rows["top"].change is Change.REGRESSED
    assert rows["top"].cause.word == "mechanism moved"
    assert found.exit_code == 10
