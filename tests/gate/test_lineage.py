"""What claims say of one another, when one of them falls."""

import pytest
from causal_claims import Head, Metric, ablate, lowers, raises
from causal_claims.gate.lineage import lineage
from series import BASE, run_of

M = Metric("x")


def stands(name, **about):
    return lowers(M, by=ablate(Head(5, 0)), beyond=0.2, id=name, **about)


def falls(name, **about):
    return raises(M, by=ablate(Head(5, 0)), beyond=0.2, id=name, **about)


def found(*suite):
    return [(one.word, one.id, one.cites) for one in lineage(run_of(BASE.measurements(), suite).ledger.records)]


@pytest.mark.parametrize(
    ("suite", "expected"),
    [
        ([falls("base"), stands("top", depends_on=("base",))], [("undermined", "top", "base")]),
        ([stands("base"), stands("top", depends_on=("base",))], []),
        ([stands("one"), stands("other", contradicts=("one",))], [("contradiction", "other", "one")]),
        ([falls("one"), stands("other", contradicts=("one",))], []),
        ([stands("old"), stands("newer", supersedes=("old",))], [("superseded", "newer", "old")]),
        ([stands("old"), falls("newer", supersedes=("old",))], [("stale", "newer", "old")]),
        ([stands("top", depends_on=("nowhere",))], [("unknown", "top", "nowhere")]),
        (
            [stands("a", depends_on=("b",)), stands("b", depends_on=("a",))],
            [("circle", "a", "a"), ("circle", "b", "b")],
        ),
    ],
)
def test_each_relation(suite, expected):
    assert found(*suite) == expected


def test_a_claim_is_cited_by_its_findings_number_too():
    assert found(falls("base", finding="S0-1"), stands("top", depends_on=("S0-1",))) == [("undermined", "top", "base")]


def test_the_sentence_says_why():
    records = run_of(BASE.measurements(), [falls("base"), stands("top", depends_on=("base",))]).ledger.records
    (one,) = lineage(records)

    assert (
        one.sentence == "UNDERMINED toy top: depends on base, which is REFUTED: the interval does not reach above +0.2"
    )
    assert one.to_json()["cites"] == "base"
