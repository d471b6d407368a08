"""Data built to fool it: nothing wrong passes, and what cannot be shown is said to be so."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims import beats, effect, lowers, negligible, raises, recovers, strongest
from verdicts_of import RECEIPT, X, arms, head, verdict

H = [head(i) for i in range(42)]


def paired(d, seed=0):
    base = np.random.default_rng(seed).normal(size=len(d))
    return {"baseline": base, "ablate(L0.H0)": base + d}


@pytest.mark.parametrize("n", [16, 70])
def test_all_zero_differences_show_nothing_and_have_an_interval_of_some_width(n):
    found = verdict(negligible(X, by=H[0], within=0.5), paired(np.zeros(n)), receipts={"ablate(L0.H0)": RECEIPT})
    decision = found.evidence.decision

    assert found.outcome == "INCONCLUSIVE"
    assert decision.ci_high == pytest.approx(1 - 0.025 ** (1 / n), rel=0.01)


def test_one_outlier_in_sixteen_supports_nothing():
    d = np.r_[np.full(15, 0.01) * np.linspace(0.5, 1.5, 15), 100.0]

    assert verdict(raises(X, by=H[0]), paired(d)).outcome == "INCONCLUSIVE"
    assert verdict(raises(X, by=H[0], beyond=1), paired(d)).outcome == "INCONCLUSIVE"
    assert verdict(negligible(X, by=H[0], within=0.5), paired(d)).outcome == "INCONCLUSIVE"


def test_three_events_among_a_thousand_decide_nothing():
    arm = np.zeros(1000)
    arm[[3, 77, 500]] = 1
    data = {"baseline": np.zeros(1000), "ablate(L0.H0)": arm}

    for claim in (raises(X, by=H[0]), lowers(X, by=H[0]), negligible(X, by=H[0], within=0.05)):
        assert verdict(claim, data).outcome == "INCONCLUSIVE"


def test_three_events_of_a_count_above_one_decide_nothing_either():
    arm = np.zeros(1000)
    arm[[3, 77, 500]] = [2, 5, 9]

    for claim in (raises(X, by=H[0]), negligible(X, by=H[0], within=0.5)):
        assert verdict(claim, {"baseline": np.zeros(1000), "ablate(L0.H0)": arm}).outcome == "INCONCLUSIVE"


def test_a_fraction_of_nothing_is_undefined():
    draw = np.random.default_rng(4)
    base = draw.normal(size=50)
    data = {
        "baseline": base,
        "ablate(L0.H0)": base + 1 + 0.1 * draw.normal(size=50),
        "ablate(L0.H1)": base + draw.normal(size=50),
    }
    found = verdict(recovers(effect(X, by=H[0]), of=effect(X, by=H[1]), at_least=0.5), data)

    assert found.outcome == "INCONCLUSIVE"
    assert "undefined" in found.reason
    assert found.evidence.decision.effect is None


def test_fewer_than_nineteen_random_sets_can_never_support():
    found = verdict(
        beats(X, by=H[0], against=H[1:11], way="raises"),
        arms(60, **{"h0": 50, **{f"h{i}": 0.1 * i for i in range(1, 11)}}),
    )

    assert found.outcome == "INCONCLUSIVE"
    assert "p-floor" in found.reason


# --- small simulations of false support; the bound is what was promised, plus three standard errors


def rate(outcomes):
    return sum(one == "SUPPORTED" for one in outcomes) / len(outcomes)


def bound(promised, runs):
    return promised + 3 * np.sqrt(promised * (1 - promised) / runs)


@pytest.mark.parametrize("draws", ["normal", "t3", "lognormal"])
def test_false_support_at_the_margin_stays_near_the_promise(draws):
    rng, runs, outcomes = np.random.default_rng(5), 300, []
    for _ in range(runs):
        d = {
            "normal": rng.normal(size=32),
            "t3": rng.standard_t(3, size=32),
            "lognormal": np.exp(0.5) - rng.lognormal(size=32),
        }[draws]
        outcomes.append(verdict(raises(X, by=H[0], beyond=0.5), paired(0.5 + d)).outcome)

    assert rate(outcomes) <= bound(0.035, runs)


def test_false_support_of_negligible_at_its_margin_stays_near_five_percent():
    rng, runs = np.random.default_rng(6), 300
    outcomes = [
        verdict(negligible(X, by=H[0], within=0.3), paired(0.3 + 0.3 * rng.normal(size=32))).outcome
        for _ in range(runs)
    ]

    assert rate(outcomes) <= bound(0.05, runs)


def heads_drawn(rng, means, n=32):
    base = rng.normal(size=n)
    return {"baseline": base, **{f"ablate(L0.H{i})": base + m + rng.normal(size=n) for i, m in enumerate(means)}}


def test_a_two_way_tie_is_seldom_called_the_strongest():
    rng, runs = np.random.default_rng(7), 150
    claim = strongest(X, by=H[0], among=H[1:4])

    assert rate([verdict(claim, heads_drawn(rng, [1, 1, 0, 0])).outcome for _ in range(runs)]) <= bound(0.025, runs)


def test_a_winner_picked_after_looking_at_32_equal_heads_is_seldom_supported():
    rng, runs, outcomes = np.random.default_rng(8), 60, []
    for _ in range(runs):
        data = heads_drawn(rng, [0.0] * 32)
        best = max(range(32), key=lambda i: data[f"ablate(L0.H{i})"].mean())
        others = [H[i] for i in range(32) if i != best]
        outcomes.append(verdict(strongest(X, by=H[best], among=others, picked="after"), data).outcome)

    assert rate(outcomes) <= bound(0.03, runs)


def test_a_target_that_is_just_another_draw_seldom_beats_40_random_sets():
    rng, runs = np.random.default_rng(9), 150
    claim = beats(X, by=H[0], against=H[1:41], way="raises")

    assert rate([verdict(claim, heads_drawn(rng, 0.5 * rng.normal(size=41))).outcome for _ in range(runs)]) <= bound(
        0.03, runs
    )
