"""The JUnit file and the ledger as other programs read them."""

import json
import subprocess
import sys

import pytest
from causal_claims import ClaimsError
from causal_claims.ledger import Ledger, read_ledger, record_from, write_whole
from hypothesis import given
from hypothesis import strategies as st
from suite import ClaimSuite, paired

MIXED = (
    ClaimSuite()
    .table(**paired(1.0))
    .claim("raises(M, by=H, beyond=0.5), negligible(M, by=H, within=0.2), raises(M, by=ablate(Head(9, 9)))")
)


@pytest.fixture(scope="module", params=["xunit1", "xunit2"])
def ran(request):
    return MIXED.run("-o", f"junit_family={request.param}")


def test_junitparser_reads_outcomes_and_properties(ran):
    from junitparser import Error, Failure, JUnitXml, Skipped
    from junitparser.xunit2 import TestCase

    cases = [TestCase.fromelem(case._elem) for suite in JUnitXml.fromfile(str(ran.folder / "j.xml")) for case in suite]
    kinds = [type(case.result[0]) if case.result else None for case in cases]

    assert kinds.count(Failure) == 1
    assert kinds.count(Skipped) == 1
    assert kinds.count(Error) == 0
    properties = {p.name: p.value for case in cases for p in case.properties() if p.name == "claim.outcome"}
    assert properties
    refuted = next(case for case, kind in zip(cases, kinds, strict=True) if kind is Failure)
    assert refuted.result[0].message.startswith("REFUTED negligible x")


def test_junit2html_draws_a_page_with_the_figures(ran):
    out = ran.folder / "j.html"
    subprocess.run(
        [sys.executable, "-m", "junit2htmlreport", str(ran.folder / "j.xml"), str(out)], check=True, capture_output=True
    )

    assert "claim.effect" in out.read_text()
    assert "REFUTED negligible" in out.read_text()


def test_judging_recorded_numbers_needs_no_torch():
    check = "import sys\ndef pytest_sessionfinish():\n    assert not {'torch', 'transformers', 'transformer_lens'} & set(sys.modules)\n    print('NO TORCH')\n"
    result = MIXED.with_file("conftest.py", check).run("-s")

    assert "NO TORCH" in result.text
    assert result.code == 1


def test_a_ledger_is_read_back_as_it_was_written(ran, tmp_path):
    ledger = read_ledger(ran.folder / "reports" / "claims.json")
    write_whole(tmp_path / "again.json", ledger.to_json())

    assert (tmp_path / "again.json").read_text() == (ran.folder / "reports" / "claims.json").read_text()
    assert read_ledger(tmp_path / "again.json").records == ledger.records


@given(st.text(max_size=60), st.one_of(st.none(), st.floats()), st.integers(0, 10**9))
def test_any_text_and_number_survives_the_ledger(text, value, n):
    fields = {"id": text, "outcome": "REFUTED", "effect": value, "n": n}
    body = dict.fromkeys(record_fields()) | fields
    written = Ledger([record_from(body)]).to_json()
    again = json.loads(written)["records"][0]

    assert (again["id"], again["n"]) == (text, n)
    assert again["effect"] == (value if value is not None and abs(value) < float("inf") else None)


def record_fields():
    from dataclasses import fields

    from causal_claims.ledger import Record

    return [f.name for f in fields(Record)]


@pytest.mark.parametrize(("content", "words"), [
    ("{", "is not JSON"), ("[]", "schema None"), ('{"schema": "causal-claims/9", "records": []}', "this version reads 'causal-claims/1'"),
    ('{"schema": "causal-claims/1"}', "damaged"), ('{"schema": "causal-claims/1", "records": [{"id": 1}]}', "damaged"),
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
