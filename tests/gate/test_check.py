"""Claim files before they are committed."""

import sys

import pytest
from shop import CLAIMS, Shop


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    from causal_claims.cli import main

    Shop.open(tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(text):
        monkeypatch.delitem(sys.modules, "test_circuit", raising=False)
        (tmp_path / "claims/test_circuit.py").write_text(text)
        code = main(["check", "claims"])
        out = capsys.readouterr()
        return code, out.out + out.err

    return run


@pytest.mark.parametrize(("old", "new", "code", "words"), [
    ("", "", 0, "2 claims checked, 0 faults"),
    ("Source: our own note.", "No word of where.", 1, "names no source"),
    ('id="second"', 'id="first"', 1, "2 claims on any model have the id 'first'"),
    ('id="second"', 'id="second", depends_on=("second",)', 1, "second depends_on itself"),
    ('id="second"', 'id="second", depends_on="first"', 4, "depends_on is a list of claim ids"),
    ("beyond=0.2", "beyond=-0.2", 4, "a margin is not negative"),
    ("import *", "import *\n)", 4, "SyntaxError"),
])  # fmt: skip
def test_what_a_hook_must_see(check, old, new, code, words):
    found, text = check(CLAIMS.replace(old, new))

    assert (found, words in text) == (code, True), text
