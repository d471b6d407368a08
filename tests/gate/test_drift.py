"""Slow drift is caught over the series, below every single threshold; what only trembles is not."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from causal_claims import Head, Metric, ablate, lowers, strongest
from causal_claims.errors import ClaimsError
from causal_claims.gate.compare import compare
from causal_claims.gate.drift import corrected, drift
from causal_claims.gate.history import history
from series import BASE, claims, drifting, run_of

M = Metric("x")
SUITE = [
    lowers(M, by=ablate(Head(5, 0)), beyond=0.1, id="first"),
    lowers(M, by=ablate(Head(5, 1)), beyond=0.1, id="second"),
]


def dated(run, day):
    run.ledger.run["date"] = f"2026-03-{day + 1:02d}T00:00:00Z"
    return run


DRIFT = [dated(drifting(step).run(SUITE, name=f"step-{step}"), step) for step in range(10)]
STILL = [dated(replace(BASE, seed=200 + i, own=0.1).run(SUITE, name=f"step-{i}"), i) for i in range(10)]


def test_three_percent_a_step_passes_every_gate_and_is_caught_over_the_series():
    steps = [compare(a, b).exit_code for a, b in pairwise(DRIFT)]
    found = history(DRIFT)

    assert steps == [0] * 9
    assert [one.id for one in found.drifting] == ["first", "second"]
    assert found.drifting[0].drift.largest_step < found.drifting[0].drift.margin < abs(found.drifting[0].drift.change)
    assert "DRIFT" in found.drifting[0].line


def test_checkpoints_that_only_tremble_do_not_drift():
    assert history(STILL).drifting == ()


def test_runs_are_put_in_the_order_of_their_dates():
    assert history(DRIFT[::-1]).runs[0]["name"] == "step-0"


def test_four_checkpoints_are_too_few_and_say_so():
    found = history(DRIFT[:4]).trends[0]

    assert (found.drifting, found.drift.p) == (False, None)
    assert "too few checkpoints" in found.reason


def test_a_claim_that_was_not_always_there_is_followed_where_it_was():
    short = run_of(DRIFT[3].recorded.measurements(), SUITE[:1], name="short")
    found = history([*DRIFT[:3], dated(short, 3), *DRIFT[4:]])

    assert [point is None for point in found.trends[1].points] == [i == 3 for i in range(10)]
    assert found.trends[1].drift.steps == 9


def test_other_data_are_left_out_of_the_series():
    found = history([dated(BASE.run(SUITE, n=50, name="fewer"), 0), *DRIFT[1:]])

    assert found.trends[0].drift.steps == 9


def test_ledgers_without_numbers_still_make_a_matrix():
    bare = [type(run)(run.name, run.ledger, None) for run in DRIFT]
    found = history(bare)

    assert [point.outcome for point in found.trends[0].points] == ["SUPPORTED"] * 10
    assert "numbers missing" in found.trends[0].reason


def test_a_kind_of_many_effects_is_followed_by_its_lead():
    suite = [
        strongest(M, by=ablate(Head(5, 0)), among=[ablate(Head(5, h)) for h in range(1, 6)], way="lowers", id="top")
    ]

    assert history([dated(drifting(i).run(suite), i) for i in range(6)]).trends[0].drift is not None


def test_a_history_of_nothing_is_refused():
    with pytest.raises(ClaimsError, match="at least one ledger"):
        history([])


def test_a_jump_without_direction_is_no_drift():
    """Retraining moves the mean at random: a slope over examples alone would call most of these significant."""
    rng = np.random.default_rng(0)
    called = 0
    for _ in range(200):
        jumps = rng.normal(0, 0.3, 8)
        effects = rng.normal(1, 0.3, (64, 1)) + jumps + rng.normal(0, 0.05, (64, 8))
        called += corrected([drift(effects, margin=0.05)])[0].drifting

    assert called / 200 <= 0.06


def test_false_alarms_over_a_suite_are_none():
    suite = claims()
    seeds = [[replace(BASE, seed=1000 + 10 * s + i, own=0.3).run(suite) for i in range(6)] for s in range(5)]

    assert sum(len(history(runs).drifting) for runs in seeds) == 0
