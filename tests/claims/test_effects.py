"""The algebra of effects, and what it refuses."""

import operator
import pickle
import re

import pytest
from causal_claims import (
    BASELINE,
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
from causal_claims.interventions.intervention import parse_condition
from causal_claims.sites import compact, parse_site
from hypothesis import given
from hypothesis import strategies as st

M = Metric("x")
SITES = st.builds(Head, st.integers(0, 99), st.integers(0, 99))
ABLATIONS = st.builds(
    lambda sites, how: ablate(*sites, how=how),
    st.lists(SITES, min_size=1, max_size=5, unique=True),
    st.sampled_from(["zero", "mean", "resample", "random"]),
)
CONDITIONS = st.lists(ABLATIONS, min_size=1, max_size=3).map(lambda parts: joint(*parts))


@given(CONDITIONS)
def test_a_condition_is_read_back_from_its_spelling(condition):
    assert parse_condition(str(condition)) == condition


@given(
    st.one_of(
        SITES,
        st.builds(KVHead, st.integers(0, 9), st.integers(0, 9)),
        st.builds(VSlice, st.integers(0, 9), st.integers(0, 31)),
        st.builds(Resid, st.integers(0, 9), st.sampled_from(["pre", "mid", "post"])),
    )
)
def test_a_site_is_read_back_from_its_spelling(site):
    assert parse_site(str(site)) == site


@given(st.permutations([Head(0, 2), Head(0, 4), Head(1, 0)]))
def test_the_order_in_which_heads_are_written_does_not_matter(order):
    assert ablate(*order) == ablate(Head(0, 2), Head(0, 4), Head(1, 0))
    assert str(ablate(*order)) == "ablate(L0.H2, L0.H4, L1.H0)"


def test_defaults_are_left_out_of_the_spelling_and_others_named():
    assert str(ablate(Head(0, 1), how="zero")) == "ablate(L0.H1)"
    assert str(ablate(Head(0, 1), how="mean", during="decode")) == "ablate(L0.H1, during=decode, how=mean)"
    assert str(BASELINE) == "baseline"


@given(ABLATIONS, ABLATIONS)
def test_sums_and_differences_keep_every_cell_with_its_weight(a, b):
    one, other = effect(M, by=a), effect(M, by=b)
    total = {cell: weight for weight, cell in (one + other).terms}

    assert total[one.cells[1]] == -2
    assert sum(total.values()) == 0
    if a != b:
        assert all(cell.condition.steps for cell in (one - other).cells)


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
    for value in (M, Metric("r_v", late=30, over="a"), ablate(Head(0, 1)), effect(M, by=ablate(Head(0, 1)))):
        again = pickle.loads(pickle.dumps(value))

        assert again == value
        assert hash(again) == hash(value)


def test_a_metric_is_a_value():
    with pytest.raises(AttributeError, match="write Metric"):
        M.over = "facts"
    assert M.on("facts") == Metric("x", over="facts")
    assert Metric("r_v", late=27) == Metric("r_v")


def test_runs_of_heads_are_folded():
    assert compact(heads(25, range(32))) == "L25.H0..31"
    assert compact([Head(27, 1), Head(27, 11), Head(27, 22)]) == "L27.H1+H11+H22"
    assert compact([Head(0, 2), Head(0, 3)]) == "L0.H2+H3"


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
