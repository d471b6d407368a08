"""Each kind comes out SUPPORTED, REFUTED and INCONCLUSIVE on data made so, and says what it rests on."""

from __future__ import annotations

import numpy as np
import pytest
from causal_claims import (
    Head,
    above,
    agrees,
    beats,
    below,
    correlates,
    counts,
    dose,
    effect,
    enriched,
    exactly,
    interacts,
    joint,
    level,
    lowers,
    negligible,
    patch,
    raises,
    ranks,
    recovers,
    replicates,
    specific,
    strongest,
)  # fmt: skip
from causal_claims.claims.data import Data
from causal_claims.measurements import Measurement
from made import DELIVERED, X, arms, head, outcome, verdict

S, R, I = "SUPPORTED", "REFUTED", "INCONCLUSIVE"  # noqa: E741
H = [head(i) for i in range(40)]
PAIR = str(joint(H[0], H[1]))


def many(values: dict[int, float], n: int = 60, sd: float = 0.3) -> dict[str, np.ndarray]:
    return arms(n, sd=sd, **{f"h{i}": v for i, v in values.items()})


def together(both: float, sd: float = 0.3) -> dict[str, np.ndarray]:
    found = many({0: 0.5, 1: 0.5, 2: both}, sd=sd)
    found[PAIR] = found.pop("ablate(L0.H2)")
    return found


HELD = {"layer 3": H[30]}


def with_held(both: float, alone: float = 0.5, second: float = 0.5) -> dict[str, np.ndarray]:
    """Two heads whose joint effect is known, and what each does alone while something later is held."""
    base, *three, first, other = many({0: 0.5, 1: second, 2: both, 3: alone, 4: second}).values()
    names = [
        "baseline",
        "ablate(L0.H0)",
        "ablate(L0.H1)",
        PAIR,
        "ablate(L0.H0) + ablate(L0.H30)",
        "ablate(L0.H1) + ablate(L0.H30)",
    ]
    return dict(zip(names, [base, *three, first, other], strict=True))


def screened(strength: float, heads: int = 20) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(1)
    scores = np.linspace(0, 1, heads)
    found = many({i: strength * scores[i] + (0.02 + 0.3 * (strength == 0)) * draw.normal() for i in range(heads)})
    for i in range(heads):
        found[f"baseline on h{i}"] = scores[i] + 0.1 * draw.normal(size=60)
    return found


def tokens(lift: float, n: int = 300) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(2)
    values = draw.normal(size=n)
    values[:40] += lift
    return {"baseline": values}


def dropped(*left: int, before: int = 80, n: int = 90) -> dict[str, np.ndarray]:
    """Right on so many of all rows before, and on so many without each head."""
    names = ["baseline", *(f"ablate(L0.H{i})" for i in range(len(left)))]
    return {name: (np.arange(n) < right).astype(float) for name, right in zip(names, (before, *left), strict=True)}


UP, DOWN, SMALL, BIG = many({0: 1.0}), many({0: -1.0}), many({0: 0.0}, sd=0.05), many({0: 0.4}, sd=2.0)
RATIO = {"at_least": 0.5}
SCORE = correlates([level(X.on(f"h{i}")) for i in range(20)], [effect(X, by=H[i]) for i in range(20)])
TOKENS = [f"e{i:05d}" for i in range(40)]
RISING, FLAT, FALLING = ({0: s, 1: 2 * s, 2: 3 * s} for s in (0.5, 0.02, -0.5))
DOSES = {1: H[0], 2: H[1], 4: H[2]}
SETS = {i: 0.02 * (i % 7) for i in range(1, 40)}

CASES = [
    (raises(X, by=H[0], beyond=0.5), UP, S),
    (raises(X, by=H[0], beyond=0.5), DOWN, R),
    (raises(X, by=H[0], beyond=0.5), BIG, I),
    (raises(X, by=H[0]), many({0: 0.0}, sd=2.0), I),  # mere non-significance refutes nothing
    (raises(X, by=H[0], smallest=0.2), many({0: 0.05}, n=200, sd=0.1), R),
    (lowers(X, by=H[0], beyond=0.5), DOWN, S),
    (lowers(X, by=H[0], beyond=0.5), UP, R),
    (lowers(X, by=H[0], beyond=0.5), many({0: -0.5}), I),
    (above(X, -1), UP, S),
    (above(X, 1), UP, R),
    (above(X, float(UP["baseline"].mean())), UP, I),
    (below(X, 1), UP, S),
    (below(X, -1), UP, R),
    (below(X, float(UP["baseline"].mean())), UP, I),
    (negligible(X, by=H[0], within=0.1), SMALL, S),
    (negligible(X, by=H[0], within=0.1), UP, R),
    (negligible(X, by=H[0], within=0.1), many({0: 0.05}, n=12), I),
    (negligible(X, by=H[0], within=0.5), many({0: 0.0}, sd=3.0), I),  # nor does it show that there is nothing
    (negligible(X, each=H[:4], within=0.1), many(dict.fromkeys(range(4), 0.0), sd=0.05), S),
    (negligible(X, each=H[:4], within=0.1), many({0: 0, 1: 0, 2: 1.0, 3: 0}, sd=0.05), R),
    (negligible(X, each=H[:4], within=0.1), many({0: 0, 1: 0, 2: 0.1, 3: 0}, sd=0.05), I),
    (strongest(X, by=H[0], among=H[1:4]), many({0: 1, 1: 0.2, 2: 0, 3: 0}), S),
    (strongest(X, by=H[0], among=H[1:4], beyond=0.5), many({0: 1, 1: 0.2, 2: 0, 3: 0}), S),
    (strongest(X, by=H[0], among=H[1:4], beyond=0.5), many({0: 1, 1: 0.9, 2: 0, 3: 0}), R),
    (strongest(X, by=H[0], among=H[1:4], beyond=0.5, way="lowers"), many({0: -1, 1: -0.2, 2: 0, 3: 0}), S),
    (strongest(X, by=H[0], among=H[1:4], picked="after"), many({0: 1, 1: 0.2, 2: 0, 3: 0}), S),
    (strongest(X, by=H[0], among=H[1:4], way="lowers"), many({0: -1, 1: -0.2, 2: 0, 3: 0}), S),
    (strongest(X, by=H[0], among=H[1:4]), many({0: 0, 1: 1, 2: 0, 3: 0}), R),
    (strongest(X, by=H[0], among=H[1:4]), many({0: 1, 1: 1, 2: 0, 3: 0}), I),
    (ranks(X, order=H[:3]), many({0: 1, 1: 0.5, 2: 0}), S),
    (ranks(X, order=H[:3]), many({0: 0, 1: 0.5, 2: 1}), R),
    (ranks(X, order=H[:3]), many({0: 1, 1: 0, 2: 0}), I),
    (ranks(X, order=H[:3], way="lowers"), many({0: -1, 1: -0.5, 2: 0}), S),
    (counts(X, each=H[:5], beyond=0.5, equals=2), many({0: 1, 1: 1, 2: 0, 3: 0, 4: 0}), S),
    (counts(X, each=H[:5], beyond=0.5, equals=2), many({0: 1, 1: 1, 2: 1, 3: 0, 4: 0}), R),
    (counts(X, each=H[:5], beyond=0.5, equals=2), many({0: 1, 1: 1, 2: 0.5, 3: 0, 4: 0}), I),
    (counts(X, each=H[:5], beyond=0.5, between=(1, 3)), many({0: 1, 1: 1, 2: 0.5, 3: 0, 4: 0}), S),
    (beats(X, by=H[0], against=H[1:40], way="raises"), many({0: 1, **SETS}), S),
    (beats(X, by=H[0], against=H[1:40], way="raises"), many({0: -1, **SETS}), R),
    (beats(X, by=H[0], against=H[1:11], way="raises"), many({0: 1, **SETS}), I),
    (beats(X, by=H[0], against=H[1:2], way="raises"), many({0: 1, 1: 5}), I),  # one draw that hit what all rests on
    (dose(X, at=DOSES, way="raises"), many(RISING), S),
    (dose(X, at=DOSES, way="raises"), many(FALLING), R),
    (dose(X, at=DOSES, way="raises"), many(FLAT), I),
    (dose(X, at=DOSES, way="raises", monotone=True), many(RISING), S),
    (dose(X, at=DOSES, way="raises", monotone=True), many(FALLING), R),
    (dose(X, at=DOSES, way="raises", monotone=True), many(FLAT, sd=0.6), I),
    (recovers(effect(X, by=H[0]), of=effect(X, by=H[1]), **RATIO), many({0: 0.8, 1: 1.0}), S),
    (recovers(effect(X, by=H[0]), of=effect(X, by=H[1]), **RATIO), many({0: 0.1, 1: 1.0}), R),
    (recovers(effect(X, by=H[0]), of=effect(X, by=H[1]), **RATIO), many({0: 0.5, 1: 1.0}), I),
    (recovers(effect(X, by=H[0]), of=effect(X, by=H[1]), **RATIO), many({0: -0.8, 1: -1.0}), S),
    (recovers(effect(X, by=H[0]), of=effect(X, by=H[1]), between=(0.6, 1)), many({0: 0.8, 1: 1.0}), S),
    (recovers(effect(X, by=H[0]), of=effect(X, by=H[1]), between=(0.6, 0.7)), many({0: 1, 1: 1.0}), R),
    (interacts(X, parts=H[:2]), together(2.0), S),
    (interacts(X, parts=H[:2], held=HELD, beyond=0.1), with_held(2.0), S),
    (interacts(X, parts=H[:2], held=HELD, beyond=0.1), with_held(2.0, alone=2.0), R),  # something later made up for the first
    (interacts(X, parts=H[:2], held=HELD, beyond=0.1), with_held(0.2, second=-0.5), R),  # the second works against the first
    (interacts(X, parts=H[:2], held=HELD, beyond=0.1), with_held(1.1), I),
    (exactly(effect(X, by=H[0]), differs=True), many({0: 1}), S),
    (exactly(effect(X, by=H[0]) - effect(X, by=H[1]), differs=True, within=9), many({0: 1, 1: 1}), R),
    (interacts(X, parts=H[:2]), together(0.0), R),
    (interacts(X, parts=H[:2]), together(1.0), I),
    (interacts(X, parts=H[:2], way="lowers"), together(0.0), S),
    (specific(effect(X, by=H[0]), effect(X, by=H[1])), many({0: 1, 1: 0}), S),
    (specific(effect(X, by=H[0]), effect(X, by=H[1])), many({0: 0, 1: 1}), R),
    (specific(effect(X, by=H[0]), effect(X, by=H[1])), many({0: 1, 1: 1}), I),
    (agrees(effect(X, by=H[0]), effect(X, by=H[1]), within=0.3), many({0: 1, 1: 1}), S),
    (agrees(effect(X, by=H[0]), effect(X, by=H[1]), within=0.3), many({0: 1, 1: 0}), R),
    (agrees(effect(X, by=H[0]), effect(X, by=H[1]), within=0.3), many({0: 1, 1: 0.7}), I),
    (agrees(effect(X, by=H[0]), effect(X, by=H[1]), within=0.3), dropped(0, 3), S),
    (agrees(effect(X, by=H[0]), effect(X, by=H[1]), within=0.3), dropped(0, 90), R),
    (agrees(effect(X, by=H[0]), effect(X, by=H[1]), within=0.3), dropped(0, 3, before=4), I),  # nothing was there
    (SCORE, screened(1.0), S),
    (SCORE, screened(-1.0), R),
    (SCORE, screened(0.0), I),
    (enriched(X, members=TOKENS), tokens(1.5), S),
    (enriched(X, members=TOKENS), tokens(-1.5), R),
    (enriched(X, members=TOKENS), tokens(0.0), I),
    (enriched(X, members=TOKENS, beyond=0.75), tokens(0.0), R),
    (replicates(X, by=H[0], reported=1.0), UP, S),
    (replicates(X, by=H[0], reported=5.0), UP, R),
    (replicates(X, by=H[0], reported=5.0, same_size=(0.67, 1.5)), UP, R),
    (replicates(X, by=H[0], reported=1.2, same_size=(0.67, 1.5)), many({0: 1.0}, sd=0.05), I),  # another figure, as large
    (replicates(X, by=H[0], reported=-1.0), UP, R),
    (replicates(X, by=H[0], reported=0.1), many({0: 0.05}, sd=0.5), I),
    (exactly(level(X, under=H[0]) - level(X)), {"baseline": [1.0, 2, 3], "ablate(L0.H0)": [1.0, 2, 3]}, S),
    (exactly(level(X, under=H[0]) - level(X)), {"baseline": [1.0, 2, 3], "ablate(L0.H0)": [1.0, 2, 3.5]}, R),
]  # fmt: skip


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{i}-{claim.kind}-{outcome}" for i, (claim, _, outcome) in enumerate(CASES)]
)
def test_the_kind_decides_made_data_as_it_must(case):
    claim, data, outcome = case
    found = verdict(claim, data)

    assert found.outcome == outcome, found.reason
    assert found.reason
    assert found.evidence.decision.n > 0


UNDECIDED = [(c, d) for c, d, o in CASES if o == I and c.kind in ("raises", "lowers", "negligible", "specific")]


@pytest.mark.parametrize("i", range(len(UNDECIDED)))
def test_what_is_undecided_says_what_could_have_been_shown(i):
    claim, data = UNDECIDED[i]
    found = verdict(claim, data)

    assert "could have been shown" in found.reason or len(claim.rule.effects()) > 1
    assert found.evidence.decision.smallest_detectable > 0


def test_the_order_of_examples_changes_no_figure():
    order = np.random.default_rng(3).permutation(60)
    for claim, data, _ in CASES[:6]:
        names = [f"e{i:04d}" for i in range(len(data["baseline"]))]
        if len(names) != 60:
            continue
        here = verdict(claim, data, ids=names).evidence.decision
        there = verdict(claim, {k: v[order] for k, v in data.items()}, ids=[names[i] for i in order]).evidence.decision

        assert (here.effect, here.ci_low, here.ci_high) == pytest.approx(
            (there.effect, there.ci_low, there.ci_high), rel=1e-12
        )


N = 60
BASE = np.random.default_rng(0).normal(size=N)


def arm(size, seed=0, base=BASE):
    return base + size + 0.3 * np.random.default_rng([seed, 7]).normal(size=len(base))


def test_an_effect_that_is_real_but_below_the_smallest_of_interest_is_refuted_and_says_so():
    found = verdict(raises(X, by=H[0], smallest=0.5), many({0: 0.2}, sd=0.1))

    assert found.outcome == "REFUTED"
    assert "real but too small" in found.reason
    assert found.evidence.decision.ci_low > 0


@pytest.mark.parametrize(
    ("rate", "bound", "expected"), [(0.9, 0.6, "SUPPORTED"), (0.1, 0.6, "REFUTED"), (0.6, 0.6, "INCONCLUSIVE")]
)
def test_a_level_of_zeros_and_ones_is_bounded_by_the_exact_binomial(rate, bound, expected):
    values = {"baseline": (np.arange(N) < rate * N).astype(float)}
    found = verdict(above(X, bound), values)

    assert found.outcome == expected
    assert found.evidence.decision.method == "Clopper-Pearson"
    assert outcome(below(X, 1 - bound), {"baseline": 1 - values["baseline"]}) == expected


def test_negligible_each_needs_all_and_names_the_one_that_is_not():
    all_small, one_large = many(dict.fromkeys(range(8), 0.0)), many({**dict.fromkeys(range(7), 0.0), 7: 1.5})
    claim = negligible(X, each=H[:8], within=0.4)
    refuted = verdict(claim, one_large)

    assert outcome(claim, all_small) == "SUPPORTED"
    assert refuted.outcome == "REFUTED"
    assert "ablate(L0.H7)" in refuted.reason
    assert [str(part.outcome) for part in refuted.evidence.decision.parts] == ["SUPPORTED"] * 7 + ["REFUTED"]


@pytest.mark.parametrize(("fraction", "expected"), [(0.65, "SUPPORTED"), (0.3, "REFUTED"), (0.95, "REFUTED")])
def test_recovery_within_a_band(fraction, expected):
    zero, patched = H[0], H[0] + patch(Head(0, 0), source="clean")
    whole = 1 + 0.2 * np.random.default_rng(3).normal(size=N)
    values = {
        "baseline": BASE,
        zero: BASE + whole,
        patched: BASE + (1 - fraction) * whole + 0.05 * np.random.default_rng(4).normal(size=N),
    }
    claim = recovers(effect(X, by=zero) - effect(X, by=patched), of=effect(X, by=zero), between=(0.5, 0.8))
    found = verdict(claim, values)

    assert found.outcome == expected
    assert found.evidence.decision.effect == pytest.approx(fraction, abs=0.03)
    assert found.evidence.decision.ci_low < fraction < found.evidence.decision.ci_high


def test_specific_compares_effects_and_never_two_verdicts():
    here, there = X.on("a"), X.on("b")
    other = np.random.default_rng(8).normal(size=80)
    values = {
        "baseline on a": BASE,
        "ablate(L0.H0) on a": arm(1.0),
        "baseline on b": other,
        "ablate(L0.H0) on b": arm(0.2, base=other, seed=4),
    }
    claim = specific(effect(here, by=H[0]), effect(there, by=H[0]), beyond=0.5)
    found = verdict(claim, values)

    assert found.outcome == "SUPPORTED"
    assert "independent sets (n = 60, 80)" in found.evidence.decision.method
    assert outcome(specific(effect(there, by=H[0]), effect(here, by=H[0])), values) == "REFUTED"


@pytest.mark.parametrize(("reported", "expected"), [(1.02, "SUPPORTED"), (9.0, "REFUTED"), (-1.0, "REFUTED")])
def test_a_reported_figure_is_replicated_by_prediction_interval(reported, expected):
    found = verdict(replicates(X, by=H[0], reported=reported, reported_n=20), UP)

    assert found.outcome == expected
    assert found.evidence.decision.companions["ratio"] == pytest.approx(found.evidence.decision.effect / reported)


def test_a_replication_is_not_refuted_because_point_estimates_differ():
    assert outcome(replicates(X, by=H[0], reported=1.3, reported_n=5), many({0: 1.0}, sd=0.5)) == "SUPPORTED"


@pytest.mark.parametrize(("b", "c", "expected"), [(30, 2, "SUPPORTED"), (3, 2, "INCONCLUSIVE")])
def test_zeros_and_ones_are_decided_by_the_exact_paired_rule(b, c, expected):
    before, after = np.zeros(60), np.zeros(60)
    after[:b] = 1
    before[b : b + c] = 1
    found = verdict(raises(X, by=H[0]), {"baseline": before, H[0]: after})

    assert found.outcome == expected
    assert "McNemar" in found.evidence.decision.method
    assert found.evidence.decision.effect == pytest.approx((b - c) / 60)


def test_exactly_is_equality_and_not_statistics():
    same = exactly(effect(X, by=H[0]))

    assert outcome(same, {"baseline": BASE, H[0]: BASE}, receipt=DELIVERED) == "SUPPORTED"
    assert outcome(same, {"baseline": BASE, H[0]: BASE + 1e-12}) == "REFUTED"


IDS = [f"t{i}" for i in range(40)]
CLIMB = np.arange(40.0)


def test_tokens_that_a_tokenizer_leaves_out_do_not_count():
    found = verdict(enriched(X, members=[*IDS[30:], "absent", "neither"]), {"baseline": CLIMB}, ids=IDS)

    assert (found.outcome, found.evidence.decision.n) == (S, 10)


def test_enrichment_of_one_head_over_another_reads_both():
    claim = enriched(level(X) - level(X, under=H[0]), members=IDS[30:])

    assert outcome(claim, {"baseline": CLIMB, H[0]: 2 * CLIMB}, ids=IDS) == R


@pytest.mark.parametrize(
    ("there", "top", "n", "expected"), [(CLIMB, 10, 10, S), (-CLIMB, 10, 10, R), (CLIMB, 50, 16, S)]
)
def test_the_highest_of_another_level_are_sought_among_the_tokens_of_both(there, top, n, expected):
    here, other = level(X), level(X, model="other")
    claim = enriched(here, members=other, top=top)
    cells = {
        cell: Measurement("toy", "x", "baseline", tuple(IDS[part]), tuple(IDS[part]), values[part])
        for cell, part, values in ((here.cells[0], slice(36), CLIMB), (other.cells[0], slice(3, 40), there))
    }
    found = claim.rule.decide(Data(cells, seed=0))

    assert (found.outcome, found.n) == (expected, n)
    assert found.reason.endswith(f"the other {33 - n}") or expected == R


@pytest.mark.parametrize(("of", "expected"), [("values", S), ("ranks", R)])
def test_heads_that_do_nothing_do_not_drown_those_that_do(of, expected):
    """Twelve of 120 heads have a score and an effect that goes with it; the ranks of the others are noise."""
    draw = np.random.default_rng(3)
    true = np.where(np.arange(120) < 12, np.arange(120) + 1.0, 0.0)
    base, arms = draw.normal(size=40), {}
    for i, one in enumerate(true):
        arms[str(head(i))] = base + one + 0.5 * draw.normal(size=40)
    scores = {f"baseline on h{i}": one + 0.5 * draw.normal(size=40) for i, one in enumerate(true)}
    heads = range(120)
    claim = correlates(
        [level(X.on(f"h{i}")) for i in heads], [effect(X, by=head(i)) for i in heads], at_least=0.5, of=of
    )

    assert outcome(claim, {"baseline": base, **arms, **scores}) == expected


@pytest.mark.parametrize(("noise", "expected"), [(0.1, S), (300.0, I)])
def test_levels_of_two_conditions_correlate_over_examples(noise, expected):
    x = np.random.default_rng(1).normal(size=60)
    y = x + noise * np.random.default_rng(2).normal(size=60)
    found = verdict(correlates(level(X), level(X, under=H[0])), {"baseline": x, H[0]: y})

    assert (found.outcome, found.evidence.decision.n_unit) == (expected, "example")


@pytest.mark.parametrize(("within", "expected"), [(0.0, R), (1e-6, R), (1e-4, S)])
def test_equality_within_what_arithmetic_may_do(within, expected):
    x = np.random.default_rng(1).normal(size=60)

    assert outcome(exactly(level(X) - level(X, under=H[0]), within=within), {"baseline": x, H[0]: x + 1e-5}) == expected


@pytest.mark.parametrize(("way", "sign"), [("raises", 1), ("lowers", -1)])
def test_an_order_tells_the_ranks_among_all(way, sign):
    values = many({i: sign * size for i, size in enumerate((1, 0.5, 0, 0, 0.75))}, sd=0.05)

    found = verdict(ranks(X, order=H[:3], among=H[:5], way=way), values)

    assert found.outcome == "SUPPORTED"
    assert found.reason.endswith("; 95% intervals of their ranks among 5: 1, 3, 4 to 5")
