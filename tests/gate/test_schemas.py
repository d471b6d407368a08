"""Ledgers of earlier versions stay readable; those of later ones are refused by name."""

import json

import pytest
from causal_claims.errors import ClaimsError
from causal_claims.gate.history import history
from causal_claims.gate.run import Run
from causal_claims.ledger import read_ledger
from series import BASE, claims

OLD = {
    "schema": "causal-claims/0",
    "run": {"date": "2025-01-01T00:00:00Z"},
    "claims": [
        {"id": "first", "claim": "lowers x by ablate(L5.H0)", "status": "holds", "model": "toy", "revision": "a" * 40,
         "effect": -0.9, "ci": [-1.0, -0.8], "n": 32},
        {"id": "gone", "claim": "raises x", "status": "not run", "model": "toy"},
    ],
}  # fmt: skip


def written(tmp_path, body):
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(body))
    return path


def test_the_first_schema_is_read(tmp_path):
    first, gone = read_ledger(written(tmp_path, OLD)).records

    assert (first.outcome, first.effect, first.ci_low, first.ci_high, first.n) == ("SUPPORTED", -0.9, -1.0, -0.8, 32)
    assert (first.checkpoint, first.statement) == ("a" * 40, "lowers x by ablate(L5.H0)")
    assert (gone.outcome, gone.ci_low) == ("NOT RUN", None)


def test_it_has_its_place_in_a_history(tmp_path):
    old = Run("old", read_ledger(written(tmp_path, OLD)))
    trend = next(one for one in history([old, BASE.run(claims(), name="now")]).trends if one.id == "first")

    assert [point.outcome for point in trend.points] == ["SUPPORTED", "SUPPORTED"]


@pytest.mark.parametrize(("change", "words"), [
    ({"schema": "causal-claims/2"}, "has the schema 'causal-claims/2'; this version reads 'causal-claims/1' and"),
    ({"schema": None}, "has the schema None"),
    ({"claims": 5}, "is damaged"),
    ({"claims": [{"id": "x", "status": "fine", "model": "toy"}]}, "is damaged"),
])  # fmt: skip
def test_what_cannot_be_read_is_a_sentence(tmp_path, change, words):
    with pytest.raises(ClaimsError, match=words.replace("(", r"\(")):
        read_ledger(written(tmp_path, {**OLD, **change}))


def test_a_list_is_no_ledger(tmp_path):
    with pytest.raises(ClaimsError, match="has the schema None"):
        read_ledger(written(tmp_path, []))
