"""The id of a claim, on which its history hangs, and its slug."""

import subprocess
import sys

from causal_claims import Head, Metric, ablate, agrees, effect, heads, lowers, negligible, raises, ranks, strongest
from hypothesis import given
from hypothesis import strategies as st

X, Y = Metric("x"), Metric("y", late=30, over="plain")
HEADS = st.builds(Head, st.integers(0, 99), st.integers(0, 99))
EFFECTS = st.builds(lambda h, m: effect(m, by=ablate(h)), HEADS, st.sampled_from([X, Y]))


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


def test_an_id_given_by_hand_is_the_id():
    assert raises(X, by=ablate(Head(0, 0)), id="mine").id == "mine"
