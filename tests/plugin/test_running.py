"""Options, markers, exit codes, workers that die, and what the plugin costs others."""

from __future__ import annotations

import json

import pytest
from suite import ClaimSuite, claim_file, heads_table, raises, table

ONE = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(raises(0, "up"))})
REGISTRY = "m_one: {family: mistral, id: a/b, layers: 4, heads: 4, kv_heads: 2}\nm_two: {family: mistral, id: a/c, markers: [small]}\ng: {family: gpt2, id: a/d}\n"


# --- nothing is lost

CRASH = """
import os, pytest
from causal_claims import *
X = Metric('x')

@pytest.mark.parametrize('claim', [raises(X, by=ablate(Head(0, 0)), beyond=b / 100, id=f'c{b}') for b in range(12)])
def test_it(claim, holds):
    if claim.id == 'c5':
        os._exit(1)
    assert holds(claim)

@pytest.mark.parametrize('i', range(4))
def test_plain(i):
    assert i < 4
"""


def test_a_worker_that_is_killed_fails_one_test_once_and_the_run_exits_11(tmp_path):
    run = ClaimSuite({"m.csv": heads_table(), "test_x.py": CRASH}).run(workers=2, folder=tmp_path)

    assert run.code == 11
    assert "1 failed, 15 passed" in run.text
    assert run.ledger["run"]["crashed"] == ["test_x.py::test_it[toy-raises-x-L0.H0-c5]"]
    assert sorted(run.outcomes) == sorted(f"c{b}" for b in range(12) if b != 5)


UNSENDABLE = """
import pathlib, pytest

@pytest.mark.parametrize('i', range(4))
def test_p(i, record_property):
    if i == 1:
        record_property('where', pathlib.Path('x'))
"""


def test_a_report_that_cannot_be_sent_never_ends_in_exit_code_0(tmp_path):
    run = ClaimSuite({"m.csv": heads_table(), "test_p.py": UNSENDABLE}).run(workers=2, folder=tmp_path)

    assert run.code not in (0, 5)


def test_a_numpy_property_loses_no_test(tmp_path):
    text = UNSENDABLE.replace("pathlib.Path('x')", "__import__('numpy').float64(1.5)")
    run = ClaimSuite({"m.csv": heads_table(), "test_p.py": text, "test_x.py": claim_file(raises(0, "up"))}).run(
        workers=2, folder=tmp_path
    )

    assert run.code == 0
    assert "5 passed" in run.text


def test_a_run_that_a_test_ends_early_with_exit_code_0_is_incomplete(tmp_path):
    text = "import pytest\ndef test_a(): pytest.exit('enough', returncode=0)\ndef test_b(): pass\n"
    run = ClaimSuite({"m.csv": heads_table(), "test_x.py": text}).run_here(folder=tmp_path)

    assert run.code == 11
    assert "INCOMPLETE" in run.text


# --- pytest's own exit codes

CODES = {
    "def test_a(): pass": 0,
    "def test_a(): assert 0": 1,
    "import nothing_of_this_name": 2,
    "x = 1": 5,
    "def test_a(): raise KeyboardInterrupt": 2,
}


@pytest.mark.parametrize(("text", "code"), CODES.items())
def test_pytest_keeps_its_own_exit_codes(tmp_path, text, code):
    try:
        run = ClaimSuite({"m.csv": heads_table(), "test_a.py": text + "\n"}).run_here(folder=tmp_path)
    except KeyboardInterrupt:
        pytest.fail("the interrupt left the inner run")

    assert run.code == code
    assert "INCOMPLETE" not in run.text


def test_at_the_gate_a_plain_test_fails_as_ever(tmp_path):
    assert ClaimSuite({"test_p.py": "def test_p(): assert 0\n"}).run_here("--claims-gate", folder=tmp_path).code == 1


def test_stopping_at_the_first_failure_is_no_loss(tmp_path):
    run = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(raises(1, "a"), raises(0, "b"))}).run_here(
        "-x", folder=tmp_path
    )

    assert run.code == 1
    assert run.outcomes == {"a": "REFUTED"}
    assert "INCOMPLETE" not in run.text


# --- markers

MARKED = claim_file(raises(0, "up"), extra="pytestmark = pytest.mark.mistral\n")


def test_every_family_key_and_further_name_is_a_marker(tmp_path):
    suite = ClaimSuite({"models.yaml": REGISTRY, "test_x.py": MARKED})
    for expression, count in (("mistral", 2), ("m_one", 1), ("small", 1), ("mistral and not m_one", 1), ("gpt2", 0)):
        run = suite.run_here("-q", "--collect-only", "-m", expression, folder=tmp_path)
        assert run.text.count("::test_it[") == count, expression


def test_an_expression_finds_a_claim_by_its_id_and_its_finding(tmp_path):
    text = claim_file(raises(0, "S9-1.up"), raises(1, "other"), extra="pytestmark = pytest.mark.finding('S9-2')\n")
    suite = ClaimSuite({"m.csv": heads_table(), "test_x.py": text})
    for expression, count in (("S9-1.up", 1), ("S9-2", 2), ("S9-2 and not other", 1), ("S9-3", 0)):
        run = suite.run_here("-q", "--collect-only", "-k", expression, folder=tmp_path)
        assert run.text.count("::test_it[") == count, expression


def test_a_misspelt_marker_is_a_usage_error(tmp_path):
    run = ClaimSuite({"models.yaml": REGISTRY, "test_x.py": MARKED}).run_here("-q", "-m", "mistrall", folder=tmp_path)

    assert run.code == 4
    assert "mistrall" in run.text
    assert "INCOMPLETE" not in run.text


def test_a_misspelt_marker_in_a_claim_file_is_refused(tmp_path):
    run = ClaimSuite({"models.yaml": REGISTRY, "test_x.py": MARKED.replace("mark.mistral", "mark.mistrall")}).run_here(
        "-q", folder=tmp_path
    )

    assert run.code == 2
    assert "mistrall" in run.text


def test_markers_are_listed_for_people(tmp_path):
    run = ClaimSuite({"models.yaml": REGISTRY}).run_here("--markers", folder=tmp_path)

    assert "@pytest.mark.mistral: claims on m_one, m_two" in run.text


def test_the_id_begins_with_the_model_key(tmp_path):
    run = ClaimSuite({"models.yaml": REGISTRY, "test_x.py": MARKED}).run_here("-q", "--collect-only", folder=tmp_path)

    assert "test_it[m_one-raises-x-L0.H0]" in run.text
    assert "test_it[m_two-raises-x-L0.H0]" in run.text


def test_every_model_of_a_table_is_judged_unless_a_marker_chooses(tmp_path):
    rows = heads_table() + heads_table().partition("\n")[2].replace("toy,", "toy2,")
    suite = ClaimSuite({"m.csv": rows, "test_x.py": claim_file(raises(0, "up"))})
    both, one = suite.run_here(folder=tmp_path / "a"), suite.run_here("-m", "toy2", folder=tmp_path / "b")

    assert [record["model"] for record in both.records] == ["toy", "toy2"]
    assert [record["model"] for record in one.records] == ["toy2"]


def test_a_head_out_of_the_models_range_is_an_error_that_names_the_counts(tmp_path):
    suite = ClaimSuite(
        {
            "models.yaml": REGISTRY,
            "m.csv": heads_table().replace("toy,", "m_one,").replace("H0)", "H7)"),
            "test_x.py": claim_file(raises(7, "far"), extra="pytestmark = pytest.mark.m_one\n"),
        }
    )
    run = suite.run_here(folder=tmp_path)

    assert run.code == 1
    assert "L0.H7 is out of range: m_one has 4 query heads a layer, 0 to 3" in run.text


# --- options


def test_reports_can_go_elsewhere_or_nowhere(tmp_path):
    ONE.run_here("--claims-reports", "there", folder=tmp_path)
    ONE.run_here("--claims-reports", "off", folder=tmp_path)

    assert (tmp_path / "there" / "claims.json").is_file()
    assert not (tmp_path / "reports").exists()


def test_reports_go_where_the_ini_file_says(tmp_path):
    suite = ONE.with_file(
        "pytest.toml",
        "[pytest]\nstrict = true\nclaims_reports = 'said'\nclaims_confidence = '0.9'\nclaims_cache = 'off'\nclaims_device = 'cpu'\nclaims_models = 'my.yaml'\n",
    ).with_file("my.yaml", REGISTRY)
    run = suite.run_here(folder=tmp_path)
    ledger = json.loads((tmp_path / "said" / "claims.json").read_text())

    assert run.code == 0
    assert ledger["records"][0]["confidence"] == 0.9


def test_a_higher_confidence_widens_the_interval(tmp_path):
    widths = []
    for confidence in ("0.8", "0.99"):
        record = ONE.run_here("--claims-confidence", confidence, folder=tmp_path / confidence).records[0]
        widths.append(record["ci_high"] - record["ci_low"])

    assert widths[0] < widths[1]


def test_another_margin_can_flip_a_verdict_and_keeps_the_id(tmp_path):
    run = ONE.run_here("--claims-margin", "up=5", folder=tmp_path)

    assert run.outcomes == {"up": "REFUTED"}
    assert run.records[0]["margin"] == 5


@pytest.mark.parametrize(
    "option",
    [
        ("--claims-backend", "reference"),
        ("--claims-dtype", "bfloat16"),
        ("--claims-device", "cuda:1"),
        ("--claims-cache", "off"),
        ("--claims-memory", "2.5"),
    ],
)
def test_options_of_live_runs_are_accepted_beside_recorded_numbers(tmp_path, option):
    assert ONE.run_here(*option, folder=tmp_path).code == 0


def test_an_option_that_recorded_numbers_cannot_follow_is_said(tmp_path):
    run = ONE.run_here("--claims-examples", "3", folder=tmp_path)

    assert run.code == 0
    assert "--claims-examples is for measuring" in run.text
    assert "--claims-examples is for measuring" in run.ledger["run"]["notes"][0]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_plan_measures_and_writes_nothing_with_workers_or_without(tmp_path, workers):
    suite = ONE.with_file("test_boom.py", "def test_boom(): raise SystemExit(9)\n")
    run = suite.run("--claims-plan", workers=workers, folder=tmp_path)

    assert run.code == 0
    assert "toy  raises x by ablate(L0.H0): n=40" in run.text
    assert "2 distinct cells" in run.text
    assert not (tmp_path / "reports").exists()


def test_collecting_only_writes_nothing(tmp_path):
    assert ONE.run_here("--collect-only", folder=tmp_path).code == 0
    assert not (tmp_path / "reports").exists()


def test_without_model_or_numbers_a_claim_says_what_to_give(tmp_path):
    run = ClaimSuite({"models.yaml": REGISTRY, "test_x.py": claim_file(raises(0, "up"))}).run_here(folder=tmp_path)

    assert run.code == 1
    assert "on which model?" in run.text


def test_a_folder_that_cannot_be_written_to_does_not_lose_the_exit_code(tmp_path):
    (tmp_path / "full").symlink_to("/dev/full/none")
    run = ONE.run_here("--claims-reports", "full", folder=tmp_path)

    assert run.code == 1
    assert "the reports could not be written" in run.text
    assert "Traceback" not in run.text


# --- what it costs others

PROBE = """
import sys
def test_probe():
    assert not {'numpy', 'scipy', 'yaml', 'torch', 'pyarrow', 'causal_claims.claims.claim'} & set(sys.modules)
"""


def test_an_unrelated_run_imports_nothing_heavy(tmp_path):
    run = ClaimSuite({"test_p.py": PROBE}).run(
        "-p", "causal_claims.pytest_plugin", environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, folder=tmp_path
    )

    assert run.code == 0, run.text
    assert "causal claims" not in run.text


def test_an_unrelated_parallel_run_keeps_xdists_scheduler_and_loads_nothing_in_its_workers(tmp_path):
    run = ClaimSuite({"test_p.py": PROBE, "test_q.py": PROBE}).run(
        "-v", "-p", "causal_claims.pytest_plugin", "-p", "xdist", folder=tmp_path, workers=2,
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip

    assert run.code == 0, run.text
    assert "LoadScheduling" in run.text


def test_the_plugin_can_be_switched_off(tmp_path):
    run = ClaimSuite(
        {"test_p.py": "from causal_claims import Head\ndef test_p(): assert str(Head(1, 2)) == 'L1.H2'\n"}
    ).run("-p", "no:claims", folder=tmp_path)

    assert run.code == 0
    assert (
        ClaimSuite({"test_x.py": "def test_x(holds): pass\n"})
        .run("-p", "no:claims", folder=tmp_path / "b")
        .text.count("fixture 'holds' not found")
    )


def test_judging_recorded_numbers_loads_no_torch(tmp_path):
    suite = ONE.with_file(
        "test_y.py",
        "import sys\ndef test_y(): assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n",
    )

    assert suite.run(folder=tmp_path).code == 0


def test_spellings_of_one_condition_are_matched(tmp_path):
    base = [0.3 * (i * 7 % 11) for i in range(20)]
    rows = {"baseline": base, "ablate(L0.H4,L0.H2, how=mean)": [x + 2 + 0.1 * (i % 3) for i, x in enumerate(base)]}
    suite = ClaimSuite(
        {
            "m.csv": table(rows),
            "test_x.py": claim_file("raises(X, by=ablate(Head(0, 2), Head(0, 4), how='mean'), beyond=1, id='a')"),
        }
    )

    assert suite.run_here(folder=tmp_path).outcomes == {"a": "SUPPORTED"}
