"""Claims as values: the algebra of effects, stable ids, readable slugs, spellings that read back."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from causal_claims import (
    BASELINE,
    Head,
    KVHead,
    Metric,
    Resid,
    VSlice,
    ablate,
    agrees,
    delete_v_slice,
    effect,
    heads,
    joint,
    level,
    lowers,
    negligible,
    patch,
    raises,
    random_sets,
    ranks,
    strongest,
    uniform,
)  # fmt: skip
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import parse_condition
from causal_claims.sites import compact, parse_site
from causal_claims.verdicts import Decision, Outcome, number, one_line
from hypothesis import given, settings
from hypothesis import strategies as st

settings.register_profile("same-examples", derandomize=True, deadline=None)
settings.load_profile("same-examples")
X, Y = Metric("x"), Metric("y", late=30, over="plain")
INDEX = st.integers(0, 99)
WORD = st.from_regex(r"[a-z][a-z0-9_:\-]{0,8}", fullmatch=True)
HEADS = st.builds(Head, INDEX, INDEX)
KVHEADS = st.builds(KVHead, INDEX, INDEX)
RESIDS = st.builds(Resid, INDEX, st.sampled_from(["pre", "mid", "post"]))
SLICES = st.builds(VSlice, INDEX, st.integers(0, 31))
SITES = HEADS | KVHEADS | RESIDS | SLICES


def some(sites):
    return st.lists(sites, min_size=1, max_size=4, unique=True)


ABLATIONS = st.builds(
    lambda s, how, seed, during: ablate(*s, how=how, seed=seed, during=during),
    some(HEADS | KVHEADS),
    st.sampled_from(["zero", "mean", "resample", "random"]),
    st.integers(-5, 10**9),
    st.sampled_from(["both", "prefill", "decode"]),
)
PATCHES = st.builds(
    lambda s, source, part, at: patch(*s, source=source, part=part, at=at),
    some(HEADS | RESIDS),
    WORD,
    st.sampled_from(["z", "v", "pattern_v"]),
    st.sampled_from(["all", "last", "0:4", "-4:", "5", "1.0", "True"]),
)
STEPS = (
    ABLATIONS
    | PATCHES
    | st.builds(lambda s: uniform(*s), some(HEADS))
    | st.builds(lambda s: delete_v_slice(*s), some(SLICES))
)
INTERVENTIONS = st.lists(STEPS, min_size=0, max_size=3).map(lambda steps: joint(*steps) if steps else BASELINE)
EFFECTS = st.builds(lambda h, m: effect(m, by=ablate(h)), HEADS, st.sampled_from([X, Y]))


@given(SITES)
def test_a_site_reads_back(site):
    assert parse_site(str(site)) == site


@given(INTERVENTIONS)
def test_a_condition_reads_back(intervention):
    assert parse_condition(str(intervention)) == intervention


@given(some(HEADS | RESIDS), st.randoms())
def test_the_order_of_sites_changes_no_spelling(sites, random):
    shuffled = random.sample(sites, len(sites))

    assert str(patch(*sites)) == str(patch(*shuffled))


def test_defaults_that_are_written_out_are_the_same_condition():
    assert parse_condition("ablate(L0.H1, how=zero, seed=0)") == ablate(Head(0, 1)) == ablate(Head(0, 1), how="zero")


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


@given(EFFECTS)
def test_an_effect_minus_itself_is_refused(a):
    with pytest.raises(ClaimsError, match="nothing"):
        a - a


@pytest.mark.parametrize(
    "compare", [lambda a: a < 1, lambda a: a > 1, lambda a: a <= a, lambda a: a >= 0], ids=list("abcd")
)
def test_effects_do_not_compare(compare):
    with pytest.raises(TypeError, match=r"raises\(M, by=...\)"):
        compare(effect(X, by=ablate(Head(0, 1))))


@pytest.mark.parametrize("wrong", [bool, list, lambda claim: claim and True], ids=["bool", "list", "and"])
def test_a_claim_is_neither_true_nor_a_list(wrong):
    with pytest.raises(TypeError):
        wrong(raises(X, by=ablate(Head(0, 1))))


@given(st.floats(0, 1e6), st.floats(0, 1e6), HEADS)
def test_the_id_does_not_depend_on_the_margin(a, b, head):
    one, other = (raises(X, by=ablate(head), beyond=beyond) for beyond in (a, b))

    assert one.id == other.id


@given(HEADS, st.text(max_size=20), st.floats(-5, 5))
def test_the_id_does_not_depend_on_what_is_said_about_the_claim(head, words, figure):
    assert (
        raises(X, by=ablate(head)).id == raises(X, by=ablate(head), statement=words, reported=figure, source=words).id
    )


@given(HEADS, HEADS)
def test_different_heads_have_different_ids(a, b):
    assert (raises(X, by=ablate(a)).id == raises(X, by=ablate(b)).id) == (a == b)


def test_kind_metric_examples_direction_and_options_are_part_of_the_id():
    h = Head(0, 1)
    claims = [raises(X, by=ablate(h)), lowers(X, by=ablate(h)), raises(X.on("a"), by=ablate(h)), raises(Y, by=ablate(h)),
              raises(X, by=ablate(h, how="mean")), negligible(X, by=ablate(h), within=1), raises(Metric("x", k=2), by=ablate(h)),
              ranks(X, order=[ablate(h), ablate(Head(0, 2))]), ranks(X, order=[ablate(h), ablate(Head(0, 2))], way="lowers"),
              ranks(X, order=[ablate(Head(0, 2)), ablate(h)])]  # fmt: skip

    assert len({claim.id for claim in claims}) == len(claims)


def test_the_id_is_the_same_in_every_process():
    program = "from causal_claims import *\nprint(strongest(Metric('x'), by=ablate(Head(0, 0)), among=[ablate(h) for h in heads(0, range(1, 9))]).id)"
    ids = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert ids == {strongest(X, by=ablate(Head(0, 0)), among=[ablate(h) for h in heads(0, range(1, 9))]).id}


def test_ids_that_were_published_do_not_move():
    assert raises(X, by=ablate(Head(0, 0)), beyond=0.5).id == "raises-x-L0.H0-066eda17"


@given(EFFECTS, EFFECTS)
def test_slugs_are_short_printable_and_without_spaces_or_brackets(a, b):
    if a != b:
        slug = agrees(a, b, within=1).slug

        assert slug.isprintable()
        assert slug.isascii()
        assert not set(slug) & set(" []")


def test_a_claim_survives_pickling():
    claim = raises(X, by=ablate(Head(0, 1)), beyond=0.1, reported=1.0)

    assert pickle.loads(pickle.dumps(claim)) == claim


def test_metrics_are_values():
    assert Metric("x", a=1, b=2) == Metric("x", b=2, a=1)
    assert Metric("x") != Metric("x", over="a")
    with pytest.raises(AttributeError, match="anew"):
        X.name = "y"


def test_runs_of_heads_are_folded():
    assert compact(heads(25, range(32))) == "L25.H0..31"
    assert compact([Head(27, 22), Head(27, 1), Head(27, 11)]) == "L27.H1+H11+H22"


@given(st.integers(1, 5), st.integers(0, 10**6))
def test_random_sets_match_the_target_and_never_hold_it(size, seed):
    target = heads(3, range(size))
    sets = random_sets(target, 20, heads=16, seed=seed) if size > 1 else random_sets(target, 15, heads=16, seed=seed)

    assert len(set(sets)) == len(sets)
    for one in sets:
        assert len(one.sites) == size
        assert not set(one.sites) & set(target)
        assert {site.layer for site in one.sites} == {3}
    assert sets == random_sets(target, len(sets), heads=16, seed=seed)


FIGURE = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.sampled_from(list(Outcome)),
    st.text(max_size=300),
    st.text(max_size=300),
    FIGURE,
    FIGURE,
    FIGURE,
    st.integers(0, 10**6),
    st.none() | FIGURE,
)
def test_the_one_line_form_is_one_line_of_at_most_200_characters(outcome, subject, reason, e, low, high, n, reported):
    decision = Decision(outcome, reason, e, low, high, n=n)
    line = one_line(outcome, subject, reason, decision, "above +0.02", reported)

    assert line.startswith(str(outcome))
    assert len(line) <= 200
    assert len(line.splitlines()) <= 1


def test_the_one_line_form_is_the_documented_one():
    decision = Decision(Outcome.REFUTED, "", 0.004, -0.001, 0.009, n=80)
    line = one_line(Outcome.REFUTED, "raises r_v by ablate(L27.H11)", "", decision, "above +0.02", 0.0612)

    assert (
        line
        == "REFUTED raises r_v by ablate(L27.H11): +0.004 [-0.001, +0.009] n=80, needs above +0.02 (reported +0.0612)"
    )


@given(FIGURE)
def test_a_figure_for_people_is_short_and_never_minus_zero(value):
    assert len(number(value)) <= 11
    assert number(value) not in ("-0", "+0")
    if 1e-4 <= abs(value) < 1e6:
        assert np.sign(float(number(value))) == np.sign(value)


def test_levels_are_no_differences():
    assert level(X).is_level
    assert not effect(X, by=ablate(Head(0, 1))).is_level
