"""The algebra of effects, and what it refuses."""

import operator
import pickle
import re

import pytest
from causal_claims import (
    ClaimsError,
    Head,
    KVHead,
    Metric,
    Resid,
    VSlice,
    ablate,
    above,
    agrees,
    effect,
    heads,
    joint,
    level,
    patch,
    raises,
    specific,
    uniform,
)
from hypothesis import given
from hypothesis import strategies as st

M = Metric("x")
SITES = st.builds(Head, st.integers(0, 99), st.integers(0, 99))
ABLATIONS = st.builds(
    lambda sites, how: ablate(*sites, how=how),
    st.lists(SITES, min_size=1, max_size=5, unique=True),
    st.sampled_from(["zero", "mean", "resample", "random"]),
)
EFFECTS = st.builds(lambda by, m: effect(m, by=by), ABLATIONS, st.sampled_from([M, M.on("plain")]))


@given(ABLATIONS, ABLATIONS)
def test_sums_and_differences_keep_every_cell_with_its_weight(a, b):
    one, other = effect(M, by=a), effect(M, by=b)
    total = {cell: weight for weight, cell in (one + other).terms}

    assert total[one.cells[1]] == -2
    assert sum(total.values()) == 0
    if a != b:
        assert all(cell.condition.steps for cell in (one - other).cells)


@given(EFFECTS, EFFECTS, EFFECTS)
def test_effects_add_as_numbers_do(a, b, c):
    def weights(one):
        return {cell: w for w, cell in one.terms}

    assert weights(a + b) == weights(b + a)
    try:
        left, right = (a + b) - c, a + (b - c)
    except ClaimsError:  # everything cancels on one of the ways
        return
    assert weights(left) == weights(right)
    assert weights(-1 * (-a)) == weights(a)
    assert weights(2 * a) == weights(a + a)


def test_an_effect_is_shown_in_words():
    assert repr(effect(M, by=ablate(Head(1, 2)))) == "<effect x by ablate(L1.H2)>"


def test_an_effect_minus_itself_is_refused():
    with pytest.raises(ClaimsError, match="every cell cancels"):
        effect(M, by=ablate(Head(0, 0))) - effect(M, by=ablate(Head(0, 0)))


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_comparing_effects_names_the_kinds_to_use(compare):
    with pytest.raises(TypeError, match=r"raises\(M, by=\.\.\.\)"):
        compare(effect(M, by=ablate(Head(0, 0))), 0.1)


def test_an_effect_has_no_truth_value_and_neither_has_a_claim():
    with pytest.raises(TypeError, match=r"assert holds\(raises"):
        bool(effect(M, by=ablate(Head(0, 0))))
    with pytest.raises(TypeError, match=r"assert holds\(claim\)"):
        bool(raises(M, by=ablate(Head(0, 0))))


def test_a_claim_is_no_list_of_claims():
    with pytest.raises(TypeError, match=r"parametrize\('claim', \[claim\]\)"):
        list(raises(M, by=ablate(Head(0, 0))))


@pytest.mark.parametrize(("build", "words"), [
    (lambda: ablate(), "names no site"),
    (lambda: ablate([]), "names no site"),
    (lambda: ablate(Head(0, 1), Head(0, 1)), "L0.H1 more than once"),
    (lambda: ablate(3), r"write ablate\(Head\(27, 11\)\)"),
    (lambda: ablate(Head(0, 1), how="nought"), "how is one of zero, mean, resample, random"),
    (lambda: ablate(Head(0, 1), hwo="zero"), "did you mean 'how'"),
    (lambda: uniform(KVHead(0, 1)), "uniform works on Head"),
    (lambda: patch(Head(0, 1), part="q"), "part is one of"),
    (lambda: Head(-1, 0), "counted from 0"),
    (lambda: Head(0, 1.5), "must be a whole number"),
    (lambda: Head(True, 1), "must be a whole number"),
    (lambda: VSlice(27, 32), "out of range"),
    (lambda: Resid(3, "after"), "'pre', 'mid' or 'post'"),
    (lambda: heads(3, []), "names no site"),
    (lambda: Metric("a b"), "letters, digits and '_'"),
    (lambda: Metric("r_v", layer=3), "no option 'layer'"),
    (lambda: effect("x", by=ablate(Head(0, 0))), "a metric comes first"),
    (lambda: effect(M, by=Head(0, 0)), "is no intervention"),
    (lambda: level(M) + 1, "effects are added to effects"),
    (lambda: joint(), "names no intervention"),
    (lambda: 0 * level(M), "other than 0"),
], ids=map(str, range(99)))  # fmt: skip
def test_misuse_is_refused_with_the_right_spelling(build, words):
    with pytest.raises((ClaimsError, TypeError), match=words):
        build()


def test_values_survive_pickling_and_hash_alike():
    by = ablate(Head(0, 1))
    for value in (
        M,
        Metric("r_v", late=30, over="a"),
        by,
        effect(M, by=by),
        raises(M, by=by, beyond=0.1, reported=1.0),
    ):
        again = pickle.loads(pickle.dumps(value))

        assert again == value
        assert hash(again) == hash(value)


def test_a_metric_is_a_value():
    with pytest.raises(AttributeError, match="write Metric"):
        M.over = "facts"
    assert M.on("facts") == Metric("x", over="facts")
    assert Metric("r_v", late=27) == Metric("r_v")
    assert Metric("x", a=1, b=2) == Metric("x", b=2, a=1)
    assert M.on("facts") != M


LOOKS = Metric("summed_attention", layer=27, head=11, over="recursive")


def test_a_sentence_names_the_head_that_a_metric_looks_at():
    assert above(level(LOOKS), 0.1).subject == "above summed_attention(L27.H11) on recursive"


@pytest.mark.parametrize(
    "combine",
    [lambda a, b: above(a - b, 0.1), specific, lambda a, b: agrees(a, b, within=0.1)],
    ids=("difference", "specific", "agrees"),
)
def test_two_metrics_that_would_read_alike_are_told_apart(combine):
    late, early = (level(Metric("r_v", late=late, over="recursive")) for late in (30, 29))

    assert {"r_v(late=30)", "r_v(late=29)"} <= set(re.findall(r"r_v\(late=\d+\)", combine(late, early).subject))
