"""Looks: clear claims stop early, the error is kept, the table they leave can be judged again."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from causal_claims.claims.kinds.negligible import negligible
from causal_claims.claims.kinds.raises import raises
from causal_claims.claims.kinds.strongest import strongest
from causal_claims.examples import first_units
from causal_claims.interventions.catalogue import ablate
from causal_claims.measurements import Measurement
from causal_claims.metrics.metric import Metric
from causal_claims.models import Registry
from causal_claims.pytest_plugin.notes import Notes
from causal_claims.pytest_plugin.sequential import Sequential
from causal_claims.recorded import Recorded
from causal_claims.sites import Head
from causal_claims.statistics.elimination import confidences, eliminate, looks_for
from causal_claims.statistics.sequential import crossing_probability
from scipy import special
from small_suites import RECORDED, Suite, live
from suite import table

X = Metric("x")
BY = [ablate(Head(0, h)) for h in range(8)]


def sequential(arms):
    """The looks of a run over a table."""
    ids = tuple(f"e{i:04d}" for i in range(len(arms["baseline"])))
    table = Recorded([Measurement("m", "x", name, ids, ids, np.asarray(v)) for name, v in arms.items()], "m")
    settings = SimpleNamespace(confidence=0.95, examples=None)
    return Sequential(settings, Registry(), table, None, Notes())


def judged(claim, arms):
    cells, verdict = sequential(arms).judge(claim, "m")
    return str(verdict.outcome), max(len(one.values) for one in cells.values()), verdict


def arms(effects, n=160, sd=1.0, seed=0, noise="normal"):
    draw = np.random.default_rng(seed)
    base = draw.normal(size=n)

    def spread():
        return {"normal": draw.normal(size=n), "t": draw.standard_t(5, size=n) / np.sqrt(5 / 3)}[noise]

    return {"baseline": base, **{f"ablate(L0.H{h})": base + e + sd * spread() for h, e in enumerate(effects)}}


def test_looks_are_at_most_five_and_the_first_has_32():
    assert looks_for(63) == (1.0,)
    assert len(looks_for(64)) == 2
    assert [round(160 * share) for share in looks_for(10_000)[:1]] == [32]
    assert looks_for(10**6) == (0.2, 0.4, 0.6, 0.8, 1.0)


@pytest.mark.parametrize("looks", [2, 3, 4, 5])
def test_both_the_decision_and_the_equivalence_keep_their_error_over_all_looks(looks):
    shares = [k / looks for k in range(1, looks + 1)]
    tails = [(1 - level) / 2 for level in confidences(shares)]
    z, doubled = ([-float(special.ndtri(times * tail)) for tail in tails] for times in (1, 2))

    assert crossing_probability(z, shares, two_sided=False) == pytest.approx(0.025, abs=1e-4)
    # two one-sided tests at .05, as without looks
    assert crossing_probability(doubled, shares, two_sided=False) <= 0.05


def test_growing_shares_hold_the_smaller_ones_and_do_not_follow_the_order_of_rows():
    units = [f"e{i:03d}" for i in range(100)]
    parts = [first_units(units, share) for share in (0.2, 0.4, 1.0)]

    assert [len(one) for one in parts] == [20, 40, 100]
    assert parts[0] < parts[1] < parts[2]
    assert 5 < sum(int(one[1:]) < 50 for one in parts[0]) < 15
    assert first_units(reversed(units), 0.2) == parts[0]


@pytest.mark.parametrize(
    ("made", "effect", "outcome"),
    [
        (lambda: raises(X, by=BY[0], beyond=0.2), 1.5, "SUPPORTED"),
        (lambda: raises(X, by=BY[0], beyond=0.5), -1.0, "REFUTED"),
        (lambda: negligible(X, by=BY[0], within=1.0), 0.0, "SUPPORTED"),
    ],
)
def test_a_clear_claim_stops_early_with_the_outcome_it_would_have_had(made, effect, outcome):
    found, n, verdict = judged(made(), arms([effect]))
    decision = verdict.evidence.decision

    assert found == outcome
    assert n < 160
    assert "repeated at look" in decision.method
    assert decision.confidence == 0.95
    assert decision.p_value is None


def test_a_claim_that_is_not_clear_reads_everything():
    found, n, verdict = judged(raises(X, by=BY[0], beyond=0.0), arms([0.05]))

    assert found == "INCONCLUSIVE"
    assert n == 160
    assert "look 5 of 5" in verdict.evidence.decision.method


def test_a_long_tail_waits_for_the_last_look():
    draw = np.random.default_rng(3)
    rare = np.where(draw.random(160) < 0.05, 60.0, 1.0 + 0.1 * draw.normal(size=160))
    base = draw.normal(size=160)
    _, n, _ = judged(raises(X, by=BY[0], beyond=0.2), {"baseline": base, "ablate(L0.H0)": base + rare})

    assert n == 160


def test_weak_rivals_get_fewer_examples():
    claim = strongest(X, by=BY[0], among=BY)
    cells, verdict = sequential(arms([1.4, 1.0, *[0.0] * 6])).judge(claim, "m")
    n = {cell.condition_spelling: len(one.values) for cell, one in cells.items()}

    assert str(verdict.outcome) == "SUPPORTED"
    assert n["ablate(L0.H1)"] > n["ablate(L0.H5)"]
    assert sum(n.values()) < 0.7 * 9 * 160
    assert verdict.evidence.decision.effect == pytest.approx(0.4, abs=0.3)


def test_a_stronger_rival_refutes_and_an_equal_one_leaves_it_open():
    claim = strongest(X, by=BY[0], among=BY)

    assert judged(claim, arms([0.5, 2.0, *[0.0] * 6]))[0] == "REFUTED"
    assert judged(claim, arms([1.0, 1.0, *[0.0] * 6], seed=1))[0] == "INCONCLUSIVE"


@pytest.mark.parametrize(("lead", "outcome"), [(2.0, "SUPPORTED"), (0.3, "REFUTED")])
def test_a_lead_by_a_margin(lead, outcome):
    found, n, verdict = judged(strongest(X, by=BY[0], among=BY, beyond=1.0), arms([lead, *[0.0] * 7]))

    assert found == outcome
    assert n <= 160
    assert verdict.evidence.decision.effect == pytest.approx(lead, abs=0.4)


# --- the guarantee


def false_support(claim, effects, runs, noise):
    return sum(judged(claim, arms(effects, seed=seed, noise=noise))[0] == "SUPPORTED" for seed in range(runs)) / runs


CASES = [
    (lambda: raises(X, by=BY[0], beyond=0.0), [0.0], 0.025),
    (lambda: raises(X, by=BY[0], beyond=0.3), [0.3], 0.025),
    (lambda: negligible(X, by=BY[0], within=0.3), [0.3], 0.05),
    (lambda: strongest(X, by=BY[0], among=BY[:5]), [0.5, 0.5, 0.0, 0.0, 0.0], 0.025),
]


@pytest.mark.parametrize(("made", "effects", "nominal"), CASES, ids=["raises", "margin", "negligible", "strongest"])
def test_false_support_is_at_most_nominal(made, effects, nominal):
    """Reduced: an excess of the size that uncorrected looks make (.08 for five of them) would be seen."""
    assert false_support(made(), effects, 150, "normal") <= nominal + 3 * np.sqrt(nominal * (1 - nominal) / 150)


@pytest.mark.calibration
@pytest.mark.parametrize("noise", ["normal", "t"])
@pytest.mark.parametrize(("made", "effects", "nominal"), CASES, ids=["raises", "margin", "negligible", "strongest"])
def test_false_support_is_at_most_nominal_over_2000_runs(made, effects, nominal, noise):
    rate = false_support(made(), effects, 2000, noise)
    print(f"{made().kind} {noise}: {rate:.4f}")

    assert rate <= nominal + 2 * np.sqrt(nominal * (1 - nominal) / 2000)


def test_elimination_saves_most_where_rivals_are_weak_and_keeps_its_error():
    wrong, read = 0, []
    for seed in range(300):
        D = np.random.default_rng(seed).normal([0.8, 0.8, *[0.0] * 10], 1.0, size=(320, 12))

        def ahead(share, left, D=D):
            part = D[: round(320 * share)]
            return part[:, [0]] - part[:, [h + 1 for h in left]]

        found = eliminate(ahead, 11, looks_for(320))
        wrong += found.supported
        read.append(sum(found.n) / (320 * 11))
    assert wrong / 300 <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 300)
    assert np.mean(read) < 0.55


# --- in a run


SWEEP = """
import pytest
from causal_claims import *
X = Metric('x')
@pytest.mark.parametrize('claim', [raises(X, by=ablate(Head(0, h)), beyond=0.2, id=f'h{h}') for h in range(6)])
def test_it(claim, holds):
    assert holds(claim)
"""


def test_the_run_reports_what_it_saved_and_its_table_is_an_input_again(tmp_path):
    suite = Suite({"m.csv": table(arms([2.0, -1.0, 0.3, 0.2, 0.0, 1.0])), "test_x.py": SWEEP})
    whole = suite.run_here(tmp_path / "whole", *RECORDED)
    early = suite.run_here(tmp_path / "early", *RECORDED, "--claims-sequential")

    assert "% saved" in early.text
    saved = early.ledger["run"]["examples"]
    assert saved["read"] < 0.7 * saved["there"]
    assert {k: v for k, v in early.outcomes.items() if v != "INCONCLUSIVE"}.items() <= whole.outcomes.items()
    assert early.records[0]["n"] < 160
    again = suite.run_here(
        tmp_path / "again", "--claims-measurements", str(tmp_path / "early" / "reports" / "measurements.parquet")
    )
    assert again.code == early.code
    assert [one["n"] for one in again.records] == [one["n"] for one in early.records]


@pytest.mark.slow
def test_a_live_run_measures_each_example_once_and_agrees_with_the_whole_run(tmp_path):
    suite = live(tmp_path, models=1, rows=96)
    options = ("-q", "--claims-sequential")
    whole = suite.run_here(tmp_path / "whole", "-q", "--claims-cache=off")
    early = suite.run_here(tmp_path / "early", *options)
    without = suite.run_here(tmp_path / "without", *options, "--claims-cache=off")

    assert [one["outcome"] for one in early.records] == [one["outcome"] for one in without.records]
    decided = [
        (a["outcome"], b["outcome"])
        for a, b in zip(early.records, whole.records, strict=True)
        if a["outcome"] != "INCONCLUSIVE"
    ]
    assert decided
    assert all(a == b for a, b in decided)
    assert min(one["n"] for one in early.records) == 32
    last = [(a["effect"], b["effect"]) for a, b in zip(early.records, whole.records, strict=True) if a["n"] == 96]
    assert all(a == pytest.approx(b, abs=1e-5) for a, b in last)
    again = suite.run_here(tmp_path / "early", "-q")  # the next, undisturbed run goes on from the parts
    assert [one["outcome"] for one in again.records] == [one["outcome"] for one in whole.records]
