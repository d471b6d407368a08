"""Data built to fool an ordinary test, from a CSV through the whole program: each comes out as it must, and says why.

One model a trap in one table; one pytest run over all of them.  What is random is drawn by a seed; how often a trap
that is drawn anew would succeed is simulated at the end.
"""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims import beats, negligible, raises, strongest
from made import X, head, outcome
from suite import HEADER, ClaimSuite

HEADS = [head(i) for i in range(42)]
DRAW = np.random.default_rng(11)


def after(*effects, n=40, sd=0.1):
    """A baseline and one arm a head; an effect is a shift, or the differences themselves."""
    n = next((len(one) for one in effects if np.ndim(one)), n)
    base = DRAW.normal(size=n)
    arms = {
        f"ablate(L0.H{i})": base + (one if np.ndim(one) else one + sd * DRAW.normal(size=n))
        for i, one in enumerate(effects)
    }
    return {"baseline": base, **arms}  # fmt: skip


def binary(before, now):
    return {"baseline": np.asarray(before, float), "ablate(L0.H0)": np.asarray(now, float)}


def repeated(arms, times):
    return {name: np.tile(values, times) for name, values in arms.items()}


EQUAL = after(*[0.0] * 32, sd=1.0)
WINNER = max(range(32), key=lambda i: EQUAL[f"ablate(L0.H{i})"].mean())
OTHERS = f"[ablate(h) for h in heads(0, [i for i in range(32) if i != {WINNER}])]"
TEN = after(DRAW.normal(0.35, 0.6, size=10))
WHOLE = DRAW.normal(0.5, 1.0, size=60)
EVENTS = np.zeros(1000)
EVENTS[[3, 77, 500]] = 1
COUNTED = EVENTS * np.random.default_rng(1).integers(2, 9, size=1000)
SETS = "against=[ablate(h) for h in heads(0, range(1, 41))]"
MIDDLE = np.linspace(-1, 1, 41)[[20, *range(20), *range(21, 41)]]  # the target first, in the midst of the others
SAME = after(np.zeros(40))
STUCK = {**after(0.0), "ablate(L0.H0)": np.full(40, 0.7)}
OUTLIER = after(np.r_[np.linspace(0.005, 0.015, 15), 100.0])
TWINS = after(1.0, 1.0, 0.0)
TWINS["ablate(L0.H1)"] = TWINS["ablate(L0.H0)"].copy()

# name -> data, claim, outcome, the guard that fires if one does, words of the reason
TRAPS = {
    "zeros_negligible": (SAME, "negligible(X, by=BY, within=0.5)", "INVALID", "uninformative", "identical arms without a receipt"),
    "zeros_raise": (SAME, "raises(X, by=BY)", "INVALID", "uninformative", "identical arms without a receipt"),
    "zeros_of_ones": (binary([0, 1] * 20, [0, 1] * 20), "negligible(X, by=BY, within=0.2)", "INVALID", "uninformative", "identical arms"),
    "no_variance": (binary([0] * 70, [0] * 70), "negligible(X, by=BY, within=0.1)", "INVALID", "uninformative", "no variance"),
    "outlier_raises": (OUTLIER, "raises(X, by=BY)", "INCONCLUSIVE", None, "both sides"),
    "outlier_far": (OUTLIER, "raises(X, by=BY, beyond=1)", "INCONCLUSIVE", None, "both sides"),
    "outlier_negligible": (OUTLIER, "negligible(X, by=BY, within=0.5)", "INCONCLUSIVE", None, "reaches across"),
    "constant_arm": (STUCK, "raises(X, by=BY)", "INVALID", "uninformative", "stuck"),
    "constant_counts": (binary([0] * 40, [1, 0] * 20), "raises(X, by=BY)", "SUPPORTED", None, "above 0"),
    "copied_prompts": (repeated(TEN, 7), "raises(X, by=BY)", "INCONCLUSIVE", None, "both sides"),
    "seeds_of_one_run": (repeated(after(1.0, n=4), 100), "raises(X, by=BY)", "INCONCLUSIVE", None, "n=4"),
    "one_more_draw": (after(*MIDDLE), f"beats(X, by=BY, {SETS}, way='raises')", "REFUTED", None, "20 of 40"),
    "too_few_sets": (after(9.0, *[0.1 * i for i in range(10)]), f"beats(X, by=BY, {SETS.replace('41', '11')}, way='raises')", "INCONCLUSIVE", None, "p-floor"),
    "picked_after": (EQUAL, f"strongest(X, by=ablate(Head(0, {WINNER})), among={OTHERS}, picked='after')", "INCONCLUSIVE", None, ""),
    "picked_here": (EQUAL, f"raises(X.on('here'), by=ablate(Head(0, {WINNER})), picked_on='here')", "INVALID", "selection", "picked"),
    "tie": (after(1.0, 1.0, 0.0, 0.0), "strongest(X, by=BY, among=[ablate(h) for h in heads(0, range(1, 4))])", "INCONCLUSIVE", None, ""),
    "nothing_below": (after(0.5, WHOLE[:60] - WHOLE.mean()), "recovers(effect(X, by=BY), of=effect(X, by=ablate(Head(0, 1))), at_least=0.1)", "INCONCLUSIVE", None, "undefined"),
    "mean_of_ratios": (after(0.8 * (WHOLE + 1), WHOLE + 1), "recovers(effect(X, by=BY), of=effect(X, by=ablate(Head(0, 1))), between=(0.75, 0.85))", "SUPPORTED", None, ""),
    "three_events": (binary(np.arange(70) < 3, np.arange(1, 71) % 70 < 3), "negligible(X, by=BY, within=0.1)", "INCONCLUSIVE", None, "have any event"),
    "three_of_thousand": (binary(EVENTS * 0, EVENTS), "raises(X, by=BY)", "INCONCLUSIVE", None, ""),
    "three_counted": (binary(EVENTS * 0, COUNTED), "negligible(X, by=BY, within=0.5)", "INCONCLUSIVE", None, "only 3 of 1000"),
    "aliased": (TWINS, "strongest(X, by=BY, among=[ablate(h) for h in heads(0, [1, 2])])", "INVALID", "uninformative", "identical figures for different interventions"),
    "seven": (after(50.0, n=7), "raises(X, by=BY)", "INCONCLUSIVE", None, "n=7, at least 8"),
    "four_of_200": (after(np.r_[np.full(4, 3.0), np.zeros(196)]), "negligible(X, by=BY, within=1.0)", "INCONCLUSIVE", None, "only 4 of 200"),
    "no_significance": (after(0.0, sd=2.0), "negligible(X, by=BY, within=0.2)", "INCONCLUSIVE", None, "reaches across"),
    "wide": (after(0.1, sd=2.0), "raises(X, by=BY, beyond=0.3)", "INCONCLUSIVE", None, "both sides"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    rows, tests = [HEADER], "import pytest\nfrom causal_claims import *\n\nX, BY = Metric('x'), ablate(Head(0, 0))\n"
    for name, (arms, claim, *_) in TRAPS.items():
        rows += [
            f'{name},x,"{condition}",e{i:04d},e{i:04d},{float(value)!r}'
            for condition, values in arms.items()
            for i, value in enumerate(values)
        ]
        tests += f"\n@pytest.mark.{name}\n@pytest.mark.parametrize('claim', [{claim}])\ndef test_{name}(claim, holds):\n    assert holds(claim)\n"
    suite = ClaimSuite({"m.csv": "\n".join(rows) + "\n", "test_traps.py": tests})
    return suite.run_here("-q", folder=tmp_path_factory.mktemp("traps"))


@pytest.mark.parametrize("name", TRAPS)
def test_the_trap_does_not_close(ran, name):
    _, _, must, guard, words = TRAPS[name]
    record = next(one for one in ran.records if one["model"] == name)
    case = next(case for title, case in ran.cases().items() if f"[{name}-" in title)
    message = "".join(str(one.get("message")) for one in case if one.tag == "failure")

    assert record["outcome"] == must, record["line"]
    assert words in record["reason"]
    assert [one["name"] for one in record["guards"] if one["fired"]] == ([guard] if guard else [])
    assert message.startswith(record["line"] if must != "SUPPORTED" else "")
    if guard:
        assert record["reason"].startswith(f"{guard}: ")


def test_every_trap_was_judged(ran):
    assert sorted(one["model"] for one in ran.records) == sorted(TRAPS)
    assert "Traceback" not in ran.text


@pytest.mark.parametrize(("name", "n"), [("copied_prompts", 10), ("seeds_of_one_run", 4)])
def test_copies_count_once_and_the_record_says_so(ran, name, n):
    record = next(one for one in ran.records if one["model"] == name)

    assert (record["n"], record["n_unit"]) == (n, "cluster")
    assert f"{n} distinct examples" in next(g["sentence"] for g in record["guards"] if g["name"] == "replication unit")


def test_what_is_undecided_never_has_an_interval_of_zero_width_and_says_what_would_have_been_seen(ran):
    for record in ran.records:
        if record["outcome"] == "INCONCLUSIVE" and record["kind"] in ("raises", "negligible"):
            assert record["ci_low"] is None or record["ci_low"] < record["ci_high"]
            assert record["smallest_detectable"] > 0


# --- how often a trap that is drawn anew succeeds: what was promised, plus three standard errors


def rate(outcomes):
    return sum(one == "SUPPORTED" for one in outcomes) / len(outcomes)


def bound(promised, runs):
    return promised + 3 * np.sqrt(promised * (1 - promised) / runs)


def drawn(rng, means, n=32):
    base = rng.normal(size=n)
    return {"baseline": base, **{HEADS[i]: base + mean + rng.normal(size=n) for i, mean in enumerate(means)}}


@pytest.mark.parametrize("draws", ["normal", "t3", "lognormal"])
def test_false_support_at_the_margin_stays_near_the_promise(draws):
    rng, runs, outcomes = np.random.default_rng(5), 300, []
    for _ in range(runs):
        d = {
            "normal": rng.normal(size=32),
            "t3": rng.standard_t(3, size=32),
            "lognormal": np.exp(0.5) - rng.lognormal(size=32),
        }[draws]
        base = rng.normal(size=32)
        outcomes.append(outcome(raises(X, by=HEADS[0], beyond=0.5), {"baseline": base, HEADS[0]: base + 0.5 + d}))

    assert rate(outcomes) <= bound(0.035, runs)


def test_false_support_of_negligible_at_its_margin_stays_near_five_percent():
    rng, runs = np.random.default_rng(6), 300
    claim = negligible(X, by=HEADS[0], within=1.0)

    assert rate([outcome(claim, drawn(rng, [1.0])) for _ in range(runs)]) <= bound(0.05, runs)


def test_a_two_way_tie_is_seldom_called_the_strongest():
    rng, runs = np.random.default_rng(7), 150
    claim = strongest(X, by=HEADS[0], among=HEADS[1:4])

    assert rate([outcome(claim, drawn(rng, [1, 1, 0, 0])) for _ in range(runs)]) <= bound(0.025, runs)


def test_a_winner_picked_after_looking_at_32_equal_heads_is_seldom_supported():
    rng, runs, outcomes = np.random.default_rng(8), 40, []
    for _ in range(runs):
        data = drawn(rng, [0.0] * 32)
        best = max(range(32), key=lambda i: data[HEADS[i]].mean())
        others = [HEADS[i] for i in range(32) if i != best]
        outcomes.append(outcome(strongest(X, by=HEADS[best], among=others, picked="after"), data))

    assert rate(outcomes) <= bound(0.03, runs)


def test_a_target_that_is_just_another_draw_seldom_beats_40_random_sets():
    rng, runs = np.random.default_rng(9), 80
    claim = beats(X, by=HEADS[0], against=HEADS[1:41], way="raises")

    assert rate([outcome(claim, drawn(rng, 0.5 * rng.normal(size=41))) for _ in range(runs)]) <= bound(0.03, runs)
