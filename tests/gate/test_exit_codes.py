"""The gate from end to end: exit codes, and every line that failed it in terminal, JUnit and ledger."""

import html
import json
import xml.etree.ElementTree as ET

import pytest
from shop import Shop

GATE = ("--claims-gate", "--claims-baseline", "main")


@pytest.fixture
def shop(tmp_path):
    found = Shop.open(tmp_path, "base", "unchanged", "halved", "moved")
    found.keep()
    return found


def test_a_baseline_is_saved_by_a_run_and_a_good_checkpoint_passes(tmp_path):
    shop = Shop.open(tmp_path, "base", "unchanged")
    saved = shop.pytest("base", "--claims-save", "main")
    passed = shop.pytest("unchanged", *GATE)

    assert saved.code == 0
    assert "baseline" in saved.text
    assert (tmp_path / "reports/baselines/main/measurements.parquet").exists()
    assert passed.code == 0, passed.text
    assert "2 unchanged; none stops the checkpoint" in passed.text
    assert "no A/A run" in passed.text


def test_a_regression_exits_10_and_every_reader_sees_the_line_though_the_test_passed(shop):
    found = shop.pytest("halved", *GATE, "--junitxml j.xml")
    root = ET.parse(shop.folder / "j.xml").getroot()
    suite = root.find("testsuite")
    gate = json.loads((shop.folder / "reports/claims.json").read_text())["run"]["gate"]
    (line,) = gate["lines"]

    assert found.code == 10
    assert line in found.text
    assert line.startswith("REGRESSED toy lowers x by ablate(L5.H0)")
    assert [one.get("message") for one in root.iter("failure")] == [line]
    assert (suite.get("failures"), suite.get("tests")) == ("1", "2")
    properties = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert properties["claims.gate.failed.1"] == line
    assert properties["claims.gate.exit_code"] == "10"
    for page in ("claims.html", "claims.md"):
        assert line in html.unescape((shop.folder / "reports" / page).read_text())


@pytest.mark.parametrize(("table", "options", "words"), [
    ("moved", (*GATE, "--claims-save main"), "the gate stopped this checkpoint"),
    ("moved", ("-x --claims-save main",), "the run was stopped"),
    ("unchanged", ("--claims-save absent:again",), "there is no baseline 'absent'"),
])  # fmt: skip
def test_a_run_that_is_no_baseline_leaves_it_as_it_was(shop, table, options, words):
    card = shop.folder / "reports/baselines/main/baseline.json"
    before = card.read_text()
    done = shop.pytest(table, *options)

    assert done.code != 0
    assert words in done.text
    assert card.read_text() == before


def test_with_workers_it_is_the_same(shop):
    found = shop.pytest("moved", *GATE, "-n 2 --junitxml j.xml")

    assert found.code == 10
    assert "mechanism moved: now carried by L5.H3" in found.text
    assert "mechanism moved" in next(ET.parse(shop.folder / "j.xml").getroot().iter("failure")).get("message")


def test_a_lost_claim_is_incomplete_at_the_gate_and_a_note_without_it(shop):
    text = (shop.folder / "claims/test_circuit.py").read_text()
    (shop.folder / "claims/test_circuit.py").write_text("\n".join(x for x in text.splitlines() if '"second"' not in x))

    gate = shop.pytest("unchanged", *GATE, "--junitxml j.xml")
    loose = shop.pytest("unchanged", "--claims-baseline", "main")

    assert (gate.code, loose.code) == (11, 0)
    assert "GONE toy lowers x by ablate(L5.H1)" in gate.text
    suite = ET.parse(shop.folder / "j.xml").getroot().find("testsuite")
    assert (suite.get("failures"), suite.get("tests")) == ("1", "2")
    assert next(suite.iter("failure")).get("message") in gate.text


def test_a_selection_asks_for_no_more_than_it_names(shop):
    found = shop.pytest("unchanged", *GATE, "-k H0")

    assert found.code == 0, found.text
    assert "this run was not asked for it" in found.text


def test_a_claim_that_could_not_be_run_is_as_the_option_says(shop):
    text = (shop.folder / "claims/test_circuit.py").read_text()
    (shop.folder / "claims/test_circuit.py").write_text(text.replace("Head(5, 1)", "Head(6, 1)"))

    assert shop.pytest("unchanged", *GATE).code == 11
    assert shop.pytest("unchanged", *GATE, "--claims-not-run skip --claims-fail-on failed").code == 0


def test_an_inconclusive_claim_is_as_the_options_say(shop):
    text = (shop.folder / "claims/test_circuit.py").read_text()
    (shop.folder / "claims/test_circuit.py").write_text(
        text.replace("\n])", '\n    raises(M, by=ablate(Head(5, 2)), beyond=0.001, id="open"),\n])')
    )

    assert shop.pytest("unchanged", *GATE).code == 0
    assert shop.pytest("unchanged", *GATE, "--claims-inconclusive fail").code == 1
    strict = shop.pytest("unchanged", *GATE, "--claims-fail-on inconclusive")
    assert strict.code == 1
    assert "NEW toy raises x by ablate(L5.H2): absent -> INCONCLUSIVE" in strict.text


@pytest.mark.parametrize(("options", "words"), [
    ("--claims-baseline mian", "no baseline 'mian' (did you mean 'main'?)"),
    ("--claims-save ../up", "no name for a baseline"),
    ("--claims-gate --claims-fail-on what", "'what' is nothing the gate can fail on"),
    ("--claims-not-run maybe", "it is one of skip, error"),
])  # fmt: skip
def test_a_mistake_is_a_sentence_and_exit_code_4(shop, options, words):
    found = shop.pytest("unchanged", options)

    assert found.code == 4
    assert words in found.text
    assert "Traceback" not in found.text


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_gate_refuses_a_model_without_a_pinned_revision(tmp_path, workers):
    shop = Shop.open(tmp_path)
    (tmp_path / "models.yaml").write_text("toy: {family: gpt2, id: a/b, revision: main, layers: 6, heads: 12}\n")
    text = (tmp_path / "claims/test_circuit.py").read_text().replace("M = ", "pytestmark = pytest.mark.toy\nM = ")
    (tmp_path / "claims/test_circuit.py").write_text(text)
    found = shop.sh(f"pytest -q claims --claims-gate -n {workers}")

    assert found.code == 4, found.text
    assert "the gate needs pinned revisions, and toy (a/b@main) is not" in found.text
    assert "Traceback" not in found.text


def test_a_claim_that_rests_on_a_refuted_one_shows_in_the_terminal(shop):
    text = (shop.folder / "claims/test_circuit.py").read_text()
    (shop.folder / "claims/test_circuit.py").write_text(
        text.replace('id="second"', 'id="second", depends_on=("first",)')
    )
    found = shop.pytest("moved")

    sentence = "UNDERMINED toy second: depends on first, which is REFUTED"
    assert sentence in found.text
    for page in ("claims.html", "claims.md"):
        assert sentence in (shop.folder / "reports" / page).read_text()
