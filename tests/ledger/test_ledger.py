"""The ledger: what is written is what is read back, whatever it holds; a file is replaced whole."""

import json
from dataclasses import fields

import pytest
from causal_claims import ClaimsError
from causal_claims.ledger import Ledger, Record, false_at_most, read_ledger, record_from, write_whole
from hypothesis import given
from hypothesis import strategies as st

NAMES = [field.name for field in fields(Record)]
NUMBERS = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
OUTCOMES = st.sampled_from(["SUPPORTED", "REFUTED", "INCONCLUSIVE", "INVALID", "NOT RUN", "ERROR"])
RECORDS = st.lists(
    st.fixed_dictionaries({
        "id": st.text(max_size=60), "outcome": OUTCOMES, "reason": st.text(), "effect": NUMBERS, "ci_low": NUMBERS,
        "n": st.integers(0, 10**9), "guards": st.lists(st.dictionaries(st.text(max_size=9), st.text(max_size=9)), max_size=2),
        "companions": st.dictionaries(st.text(max_size=9), NUMBERS, max_size=3),
    }),
    max_size=4,
)  # fmt: skip


def made(**some) -> Record:
    return record_from({**dict.fromkeys(NAMES), "outcome": "SUPPORTED", "confidence": 0.95, "kind": "raises", **some})


@given(RECORDS, st.dictionaries(st.text(max_size=9), st.one_of(NUMBERS, st.text(max_size=9)), max_size=3))
def test_any_ledger_is_read_back_as_it_was_written(tmp_path_factory, bodies, run):
    ledger = Ledger([made(**body) for body in bodies], run)
    path = tmp_path_factory.mktemp("ledger") / "claims.json"
    write_whole(path, ledger.to_json())

    assert read_ledger(path) == ledger
    assert read_ledger(path).to_json() == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_null_in_the_file(value):
    assert json.loads(Ledger([made(effect=value)]).to_json())["records"][0]["effect"] is None


def test_fields_of_a_later_version_are_left_out():
    assert record_from({**vars(made(id="a")), "of_the_future": 1}) == made(id="a")


@pytest.mark.parametrize(("content", "words"), [
    ("{", "is not JSON"), ("[" * 100_000, "is not JSON"), ("[]", "schema None"), ("null", "schema None"),
    ('{"schema": "causal-claims/9", "records": []}', "this version reads 'causal-claims/1'"),
    ('{"schema": "causal-claims/1"}', "damaged"), ('{"schema": "causal-claims/1", "records": [{"id": 1}]}', "damaged"),
    ('{"schema": "causal-claims/1", "records": [5]}', "damaged"), ('{"schema": "causal-claims/1", "records": 5}', "damaged"),
    ('{"schema": "causal-claims/1", "records": [], "run": 5}', "damaged"),
])  # fmt: skip
def test_a_damaged_or_foreign_ledger_is_refused_in_a_sentence(tmp_path, content, words):
    (tmp_path / "claims.json").write_text(content)

    with pytest.raises(ClaimsError, match=words):
        read_ledger(tmp_path / "claims.json")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "claims.json"
    write_whole(path, "old")
    with pytest.raises(TypeError):
        write_whole(path, 3)  # type: ignore[arg-type]

    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["claims.json"]


def test_false_verdicts_to_expect_are_twice_as_many_where_an_equivalence_is_supported():
    decided = [made(), made(outcome="REFUTED"), made(kind="negligible"), made(kind="agrees", outcome="REFUTED")]
    silent = [made(outcome="INVALID"), made(outcome="NOT RUN"), made(kind="exactly")]

    assert false_at_most(decided + silent) == pytest.approx(0.025 + 0.025 + 0.05 + 0.025)
