"""What cannot be compared is said, with which of data, metric and margin has changed."""

from dataclasses import replace

import pytest
from causal_claims import Head, Metric, ablate, lowers, raises
from causal_claims.errors import ClaimsError
from causal_claims.gate.change import Change, Failure
from causal_claims.gate.compare import compare
from causal_claims.gate.failing import parse_fail_on
from causal_claims.gate.run import Run
from series import BASE, run_of

M = Metric("x")
ONE = [lowers(M, by=ablate(Head(5, 0)), beyond=0.2, id="one")]
OLD = BASE.run(ONE)


def only(new, **options):
    found = compare(OLD, new, **options)
    (row,) = found.rows
    return found, row


def renamed(suffix):
    names = [replace(m, examples=tuple(e + suffix for e in m.examples)) for m in BASE.measurements()]
    return run_of([replace(m, clusters=m.examples) for m in names], ONE)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (renamed("x"), "data changed: 64 examples then, 64 now, 64 gone (e.g. 'e0000')"),
        (BASE.run(ONE, n=60), "data changed: 64 examples then, 60 now, 4 gone"),
        (
            BASE.run([lowers(M, by=ablate(Head(5, 0)), beyond=0.3, id="one")]),
            "margin changed: below -0.2 then, below -0.3 now",
        ),
        (
            BASE.run([lowers(M, by=ablate(Head(5, 1)), beyond=0.2, id="one")]),
            "claim changed: 1 conditions gone (e.g. ablate(L5.H0)), 1 new (e.g. ablate(L5.H1))",
        ),
        (Run("bare", OLD.ledger), "numbers missing: bare keeps no measurements of x"),
    ],
)
def test_the_change_is_named_and_stops_a_gate_as_incomplete(new, words):
    found, row = only(new)

    assert row.change is Change.INCOMPARABLE
    assert words in row.reason
    assert (row.failure, found.exit_code) == (Failure.INCOMPLETE, 11)


def test_another_metric_is_named():
    other = Metric("y")
    new = [replace(m, metric="y") for m in BASE.measurements()]
    _, row = only(run_of(new, [lowers(other, by=ablate(Head(5, 0)), beyond=0.2, id="one")]))

    assert "metric changed: x then, y now" in row.reason


def test_an_example_in_another_cluster_is_other_data():
    pairs = tuple(f"d{i // 2}" for i in range(64))
    _, row = only(run_of([replace(m, clusters=pairs) for m in BASE.measurements()], ONE))

    assert "data changed: example 'e0000' was in cluster 'e0000' and is in 'd0'" in row.reason


def test_the_order_of_examples_changes_nothing():
    turned = [
        replace(m, examples=m.examples[::-1], clusters=m.clusters[::-1], values=m.values[::-1])
        for m in BASE.measurements()
    ]
    found, row = only(run_of(turned, ONE))

    assert row.shift.identical
    assert found.exit_code == 0


def test_numbers_that_are_the_same_to_the_last_bit_under_another_revision_are_remarked_upon():
    new = BASE.run(ONE)
    for one in new.ledger.records:
        one.checkpoint = "f" * 40
    found, row = only(new)

    assert row.change is Change.UNCHANGED
    assert any("same to the last bit" in note for note in found.notes)


def test_supported_then_and_refuted_now_fails_even_where_nothing_can_be_paired():
    new = replace(BASE, seed=3, effects=(0.0,) * 12).run(ONE, n=40)
    found, row = only(new)

    assert (row.change, row.failure, found.exit_code) == (Change.REGRESSED, Failure.REGRESSION, 10)
    assert "data changed" in row.reason


def test_gone_claims_are_incomplete_and_new_ones_are_not():
    two = [*ONE, lowers(M, by=ablate(Head(5, 1)), beyond=0.1, id="two")]
    lost, won = compare(BASE.run(two), BASE.run(ONE)), compare(BASE.run(ONE), BASE.run(two))

    assert ([row.change for row in lost.rows], lost.exit_code) == ([Change.UNCHANGED, Change.GONE], 11)
    assert ([row.change for row in won.rows], won.exit_code) == ([Change.UNCHANGED, Change.NEW], 0)


def test_a_new_claim_that_is_refuted_is_a_plain_failure():
    two = [*ONE, raises(M, by=ablate(Head(5, 1)), beyond=0.1, id="two")]
    found = compare(BASE.run(ONE), BASE.run(two))

    assert [row.failure for row in found.rows] == [None, Failure.FAILED]
    assert found.exit_code == 1


def test_refuted_before_and_now_is_no_regression():
    wrong = [raises(M, by=ablate(Head(5, 0)), beyond=0.1, id="wrong")]
    found = compare(BASE.run(wrong), replace(BASE, seed=4, effects=(2.0, *BASE.effects[1:])).run(wrong))

    assert [row.change for row in found.rows] == [Change.UNCHANGED]
    assert found.exit_code == 0


def test_claims_that_are_no_gates_do_not_stop_a_checkpoint_unless_they_are_refuted():
    suite = [
        lowers(M, by=ablate(Head(5, 0)), beyond=0.2, id="watched"),
        lowers(M, by=ablate(Head(5, 1)), beyond=0.1, id="gate", gate=True),
    ]
    halved = replace(BASE, seed=3, effects=(0.5, *BASE.effects[1:]))
    gone = replace(BASE, seed=3, effects=(0.0, *BASE.effects[1:]))
    mild, hard = compare(BASE.run(suite), halved.run(suite)), compare(BASE.run(suite), gone.run(suite))

    assert (mild.rows[1].change, mild.rows[1].failure, mild.exit_code) == (Change.REGRESSED, None, 0)
    assert (hard.rows[1].failure, hard.exit_code) == (Failure.REGRESSION, 10)


def test_tests_that_never_reported_make_a_comparison_incomplete():
    found = compare(OLD, run_of(BASE.measurements(), ONE, facts={"missing": ["test_a.py::test_b"]}))

    assert found.exit_code == 11
    assert "test_a.py::test_b" in found.lines[0]


def test_undetermined_carries_the_n_that_would_settle_it_and_fails_only_when_asked():
    noisy = replace(BASE, seed=5, own=2.0, effects=(0.85, *BASE.effects[1:]))
    found, row = only(noisy.run(ONE))
    strict, _ = only(noisy.run(ONE), fail_on=["undetermined"])

    assert row.change is Change.UNDETERMINED
    assert row.shift.n_needed > 64
    assert f"about n={row.shift.n_needed} would settle it" in row.reason
    assert (found.exit_code, strict.exit_code) == (0, 1)


def test_an_unknown_word_to_fail_on_names_those_there_are():
    with pytest.raises(ClaimsError, match=r"'undetermind' \(did you mean 'undetermined'\?\)"):
        parse_fail_on("undetermind")
