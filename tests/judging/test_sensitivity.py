"""Would it flip: every answer is what judging again, with that one thing changed, gives."""

import numpy as np
import pytest
from causal_claims import Head, Metric, ablate, beats, lowers, negligible, raises, strongest
from causal_claims.claims.data import Data
from causal_claims.judging.judge import judge
from causal_claims.judging.sensitivity import without
from causal_claims.measurements import Measurement
from causal_claims.statistics import mean

X = Metric("x")


def measured(claim, effects, n=40, sd=0.5, spike=None):
    """Numbers in which the condition at head i moves x by effects[i]."""
    draw = np.random.default_rng(3)
    base, ids = draw.normal(size=n), tuple(f"e{i:03d}" for i in range(n))
    cells = {}
    for cell in claim.cells:
        move = effects[cell.condition.sites[0].index] + sd * draw.normal(size=n) if cell.condition.steps else 0.0
        values = base + move
        if spike is not None and cell.condition.steps:
            values[7] = base[7] + spike
        cells[cell] = Measurement("toy", "x", cell.condition_spelling, ids, ids, values)
    return cells


def outcome(claim, cells, **more):
    return str(judge(claim, cells, **more).outcome)


@pytest.mark.parametrize(
    ("made", "effect"),
    [
        (lambda: raises(X, by=ablate(Head(0, 0)), beyond=0.1), 0.3),
        (lambda: raises(X, by=ablate(Head(0, 0)), beyond=0.1), 0.9),
        (lambda: lowers(X, by=ablate(Head(0, 0)), beyond=0.2), -0.4),
        (lambda: negligible(X, by=ablate(Head(0, 0)), within=0.2), 0.03),
        (lambda: raises(X, by=ablate(Head(0, 0)), beyond=0.4), 0.1),
    ],
    ids=["open", "clear", "lowers", "negligible", "refuted"],
)
def test_what_is_said_is_what_judging_again_gives(made, effect):
    claim = made()
    cells = measured(claim, [effect])
    verdict = judge(claim, cells, probe=True)
    said = verdict.evidence.sensitivity
    data = Data(cells, seed=0)
    units = data.units(claim.cells[0])
    left_out = {unit: outcome(claim, without(data, unit).cells) for unit in units}
    flips = {unit for unit, other in left_out.items() if other != verdict.outcome}

    for one in said:
        if one["vary"] == "confidence":
            assert one["outcome"] == outcome(claim, cells, confidence=one["to"])
        elif one["vary"] == "margin":
            other = type(claim)(claim.rule.with_margin(one["to"]), claim.about)
            assert one["outcome"] == outcome(other, cells)
        elif one["to"] == "any":
            assert not flips
        else:
            assert left_out[one["to"]] == one["outcome"] != verdict.outcome
    assert {one["vary"] for one in said} == {"confidence", "margin", "without"}


def test_one_example_that_carries_the_verdict_is_named_and_is_an_outlier():
    claim = raises(X, by=ablate(Head(0, 0)), beyond=0.1)
    verdict = judge(claim, measured(claim, [0.45], spike=-4.0), probe=True)

    assert verdict.evidence.outliers[0]["unit"] == "e007"
    assert verdict.evidence.outliers[0]["value"] == pytest.approx(-4.0)
    assert any(one["vary"] == "without" and one["to"] == "e007" for one in verdict.evidence.sensitivity)


@pytest.mark.parametrize(
    "made",
    [
        lambda: strongest(X, by=ablate(Head(0, 0)), among=[ablate(Head(0, i)) for i in range(6)]),
        lambda: negligible(X, each=[ablate(Head(0, i)) for i in range(1, 5)], within=0.3),
        lambda: beats(X, by=ablate(Head(0, 0)), against=[ablate(Head(0, i)) for i in range(1, 41)], way="raises"),
    ],
    ids=["strongest", "negligible", "beats"],
)
def test_rules_over_many_effects_are_asked_too(made):
    claim = made()
    verdict = judge(claim, measured(claim, [1.0] + 40 * [0.0]), probe=True)

    assert str(verdict.outcome) == "SUPPORTED"
    assert {"confidence", "without"} <= {one["vary"] for one in verdict.evidence.sensitivity}


def test_nothing_is_probed_unless_asked_or_where_a_guard_has_fired():
    claim = raises(X, by=ablate(Head(0, 0)), beyond=0.1)
    cells = measured(claim, [0.3])
    stuck = {
        cell: Measurement("toy", "x", one.condition, one.examples, one.clusters, one.values * 0)
        for cell, one in cells.items()
    }

    assert judge(claim, cells).evidence.sensitivity == ()
    assert judge(claim, stuck, probe=True).evidence.sensitivity == ()


def test_controls_say_how_they_match():
    sets = [ablate(Head(1, 2 * i), Head(2, i)) for i in range(1, 8)]
    claim = beats(X, by=ablate(Head(1, 0), Head(2, 0)), against=[*sets, ablate(Head(1, 0), Head(3, 1))])
    draw = np.random.default_rng(0)
    ids = tuple(f"e{i}" for i in range(20))
    cells = {c: Measurement("toy", "x", c.condition_spelling, ids, ids, draw.normal(size=20)) for c in claim.cells}
    said = judge(claim, cells).evidence.controls

    assert said["sets"] == 8
    assert said["heads of each"] == "1 in layer 1, 1 in layer 2"
    assert said["matched by layer"] == "NOT 1 of 8 sets"
    assert said["shared with the target"] == 1


@pytest.mark.parametrize("n", [5, 40, 300])
def test_moments_without_each_are_those_of_the_shorter_samples(n):
    d = np.random.default_rng(n).exponential(size=n) * 1e-3 + 7
    found = mean.moments_without_each(d)
    for i in range(0, n, max(1, n // 7)):
        plain = mean.moments(np.delete(d, i))
        assert float(found.mean[i]) == pytest.approx(float(plain.mean), rel=1e-12)
        assert float(found.se[i]) == pytest.approx(float(plain.se), rel=1e-7)
        assert float(found.skew[i]) == pytest.approx(float(plain.skew), rel=1e-5, abs=1e-7)
