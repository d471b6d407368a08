"""Our columns in pytest-html's table, where that plugin is installed."""

import json
import re
from html import unescape

import pytest
from suite import ClaimSuite, paired

pytest.importorskip("pytest_html", reason="pytest-html comes with the dev extra: pip install -e '.[dev]'")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_each_row_has_the_claims_figures(workers):
    suite = ClaimSuite().table(**paired(1.0)).claim("raises(X, by=BY, beyond=0.5, id='S9')")
    suite = suite.with_file("test_other.py", "def test_other():\n    pass\n")
    result = suite.run("--html", "out.html", "--self-contained-html", workers=workers)
    page = (result.folder / "out.html").read_text()
    blob = json.loads(unescape(re.search(r'data-jsonblob="(.*?)"', page, re.S)[1]))
    rows = {name: " ".join(tests[0]["resultsTableRow"]) for name, tests in blob["tests"].items()}
    claim = next(row for name, row in rows.items() if "test_claim" in name)
    record = result.records[0]

    assert page.count("Claim: effect") == 1
    assert 'class="col-claim_outcome">SUPPORTED</td>' in claim
    assert f"+{record['effect']:.4g}</td>" in claim
    assert ">40</td>" in claim
    assert 'class="col-claim_outcome"></td>' in rows["test_other.py::test_other"]
