"""About two hundred malformed inputs: one sentence each, a fitting exit code, no traceback of ours, nothing overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from malformed import BODIES, CLAIMS, FILES, MODELS, OPTIONS, ROWS, VALUES
from suite import HEADER, PREAMBLE, ClaimSuite, Run, claim_file, heads_table, raises

OLD = '{"schema": "causal-claims/1", "run": {}, "records": []}\n'
REGISTRY = "gpt2_small: {family: gpt2, id: openai-community/gpt2, layers: 12, heads: 12, kv_heads: 12}\n"
LEDGER = {"reports/claims.json": OLD}
OURS = str(Path(__file__).parents[2] / "plugin")


def sound(run: Run, *, code: int) -> None:
    """What holds of every answer."""
    assert run.code == code, run.text
    for word in ("Traceback", "INTERNALERROR", OURS):
        assert word not in run.text, run.text
    assert (run.folder / "reports" / "claims.json").read_text() == OLD, "the last ledger was overwritten"


def one_sentence(text: str, word: str) -> None:
    said = [line for line in text.strip().splitlines() if line.strip()]

    assert word in text, text
    assert len(said) <= 2, text  # the sentence, and its place
    assert len(text) < 900, text


@pytest.fixture(scope="module")
def refused_claims(tmp_path_factory):
    """One run over a file for each expression."""
    suite = ClaimSuite({**LEDGER, "models.yaml": REGISTRY})
    for i, expression in enumerate(CLAIMS):
        suite = suite.with_file(f"test_{i:03d}.py", claim_file(expression))
    return suite.run_here("-q", folder=tmp_path_factory.mktemp("claims"))


def test_a_run_over_malformed_claim_files_ends_as_pytest_ends_collection_errors(refused_claims):
    sound(refused_claims, code=2)


@pytest.mark.parametrize(("i", "expression"), list(enumerate(CLAIMS)), ids=list(CLAIMS))
def test_a_malformed_claim_is_refused_at_its_line(refused_claims, i, expression):
    found = [str(one.longrepr) for one in refused_claims.reports if f"test_{i:03d}.py" in one.nodeid]

    assert found, f"{expression} was accepted"
    one_sentence(found[0], CLAIMS[expression])
    assert f"test_{i:03d}.py:" in found[0]


@pytest.mark.parametrize(("content", "word"), MODELS.items(), ids=range(len(MODELS)))
def test_a_malformed_registry_is_refused(tmp_path, content, word):
    run = ClaimSuite({**LEDGER, "models.yaml": content, "test_x.py": "def test_x(): pass\n"}).run_here(
        "-q", folder=tmp_path
    )

    sound(run, code=4)
    one_sentence(run.text, word)
    assert "models.yaml" in run.text


@pytest.mark.parametrize("make", [
    lambda path: path.mkdir(),
    lambda path: path.symlink_to("nowhere"),
    lambda path: path.symlink_to("models.yaml"),
    lambda path: path.write_bytes(b"a: {family: caf\xe9, id: b}"),
    lambda path: path.write_text("a: {family: x, id: b}", encoding="utf-16"),
], ids=["folder", "to nowhere", "to itself", "latin-1", "utf-16"])  # fmt: skip
def test_a_registry_that_is_no_text_file_is_refused_and_not_passed_over(tmp_path, make):
    make(tmp_path / "models.yaml")
    run = ClaimSuite({**LEDGER, "test_x.py": "def test_x(): pass\n"}).run_here("-q", folder=tmp_path)

    sound(run, code=4)
    one_sentence(run.text, "models.yaml")


TABLES = [("m.csv", f"{HEADER}\n{rows}".encode(), word) for rows, word in ROWS.items()] + FILES


@pytest.mark.parametrize(("name", "content", "word"), TABLES, ids=range(len(TABLES)))
def test_a_malformed_table_is_refused(tmp_path, name, content, word):
    (tmp_path / name).write_bytes(content)
    suite = ClaimSuite({**LEDGER, "test_x.py": claim_file("raises(X, by=BY)")})
    run = suite.run_here("-q", "--claims-measurements", name, folder=tmp_path)

    sound(run, code=4)
    one_sentence(run.text, word)
    assert name in run.text


@pytest.mark.parametrize(("options", "word"), OPTIONS, ids=[" ".join(options) for options, _ in OPTIONS])
def test_a_malformed_option_is_refused(tmp_path, options, word):
    suite = ClaimSuite({
        **LEDGER, "models.yaml": REGISTRY, "m.csv": heads_table(), "test_x.py": claim_file(raises(0, "up")),
    })  # fmt: skip
    more = () if "--claims-measurements" in options else ("--claims-measurements", "m.csv")
    run = suite.run_here("-q", *more, *options, folder=tmp_path)

    sound(run, code=4)
    assert word in run.text


@pytest.fixture(scope="module")
def refused_values(tmp_path_factory):
    tests = [f"assert holds(CLAIM, {values})" for values in VALUES]
    text = PREAMBLE + "A = [i / 7 for i in range(20)]\nCLAIM = raises(X, by=BY)\n"
    for i, body in enumerate(tests):
        text += f"\ndef test_v{i:02d}(holds):\n    {body}\n"
    return ClaimSuite({**LEDGER, "test_values.py": text}).run_here("-q", folder=tmp_path_factory.mktemp("values"))


def test_a_run_in_which_nothing_was_judged_leaves_the_last_ledger(refused_values):
    sound(refused_values, code=1)


@pytest.mark.parametrize(("i", "values"), list(enumerate(VALUES)), ids=list(VALUES))
def test_malformed_numbers_are_refused_as_an_error(refused_values, i, values):
    found = [one for one in refused_values.reports if one.nodeid.endswith(f"test_v{i:02d}")]

    assert found, f"{values} was accepted"
    assert found[0].when == "setup"
    one_sentence(str(found[0].longrepr), VALUES[values])


@pytest.fixture(scope="module")
def misused(tmp_path_factory):
    text = PREAMBLE + f"@pytest.fixture\ndef claim():\n    return {raises(0, 'up')}\n"
    for i, body in enumerate(BODIES):
        text += f"\ndef test_b{i:02d}(claim, holds):\n    {body}\n"
    suite = ClaimSuite({"m.csv": heads_table(), "test_bodies.py": text})
    return suite.run_here("-q", folder=tmp_path_factory.mktemp("bodies"))


@pytest.mark.parametrize(("i", "body"), list(enumerate(BODIES)), ids=list(BODIES))
def test_a_misused_holds_fails_and_says_how_it_is_written(misused, i, body):
    found = [one for one in misused.reports if f"test_b{i:02d}" in one.nodeid]

    assert found, f"{body} passed"
    assert BODIES[body] in str(found[0].longrepr)
    assert OURS not in str(found[0].longrepr)
