"""Trust: no secret leaves in a report, nothing of the data is executed, and code of a checkpoint runs only when asked, loudly."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import causal_claims
import pytest
from causal_claims.pytest_plugin.secrets import _here, scrubbed
from small_suites import RECORDED, live, recorded

TOKEN = "hf_abcdefghijklmnopqrstuvwxyz0123"
SECRETS = {"HF_TOKEN": TOKEN, "MY_API_KEY": 'quo"ted/secret', "DB_PASSWORD": "correct horse", "HOME": "/home/ada"}


@pytest.fixture
def secrets(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def test_tokens_passwords_and_homes_are_taken_out(secrets):
    told = scrubbed({"a": [f"401 for {TOKEN}", "--claims-model m=/home/ada/ckpt"], "b": 'quo"ted/secret', "c": 3})

    assert told == {"a": ["401 for $HF_TOKEN", "--claims-model m=~/ckpt"], "b": "$MY_API_KEY", "c": 3}
    assert scrubbed("https://ada:pw@host/x") == "https://***@host/x"
    assert scrubbed("ghp_" + "A1" * 12) == "ghp_***"
    assert scrubbed(json.dumps({"key": SECRETS["MY_API_KEY"]})) == '{"key": "$MY_API_KEY"}'


def test_an_environment_that_changes_with_each_test_is_not_kept(monkeypatch):
    for test in range(5):
        monkeypatch.setenv("PYTEST_CURRENT_TEST", f"t.py::test_{test} (call)")
        monkeypatch.setenv("HF_TOKEN", f"secret-{test}")
        assert scrubbed(f"secret-{test}") == "$HF_TOKEN"

    assert _here.cache_info().currsize == 1


def test_no_file_and_no_line_of_a_run_holds_a_secret(tmp_path, secrets):
    suite = recorded(1)
    text = suite.files["test_x.py"].replace(
        "def test_it(claim, holds):",
        "def test_it(claim, holds, record_property):\n    import os\n    record_property('leak', 'it is ' + os.environ['HF_TOKEN'])",
    )
    text += "\ndef test_leak(holds):\n    import os\n    from causal_claims.errors import ClaimsError\n    raise ClaimsError('denied for ' + os.environ['DB_PASSWORD'])\n"
    suite = suite.with_file("test_x.py", text)
    run = suite.run_here(tmp_path, *RECORDED, "-rA", "-q", f"--deselect=/home/ada/{TOKEN}")

    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in suite.files]
    assert {"claims.json", "claims.html", "claims.md", "junit.xml"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        for secret in (TOKEN, "correct horse", "/home/ada"):
            assert secret.encode() not in content, path.name
    assert "--deselect=~/$HF_TOKEN" in run.ledger["run"]["command"]
    assert "denied for $DB_PASSWORD" in run.text
    assert "correct horse" not in run.text


# --- nothing executed

FORBIDDEN = {"pickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}


def test_nothing_unpickles_or_evaluates():
    """Ray carries code between its nodes by its own pickles: the one exception, and no data file ever gets there."""
    found = []
    for path in Path(causal_claims.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [str(node.module)]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found += [f"{path.name}: import {name}" for name in names if name.partition(".")[0] in FORBIDDEN]
            if not isinstance(node, ast.Call):
                continue
            call = ast.unparse(node.func)
            unsafe = call in (
                "eval",
                "exec",
                "torch.load",
                "yaml.unsafe_load",
                "yaml.full_load",
                "os.system",
            ) or call.endswith(".read_pickle")
            shell = any(k.arg in ("shell", "allow_pickle") and ast.unparse(k.value) == "True" for k in node.keywords)
            found += [f"{path.name}: {ast.unparse(node)[:80]}"] if unsafe or shell else []

    assert found == []


# --- code of a checkpoint


def test_remote_code_is_shouted_in_the_header_and_recorded(tmp_path):
    suite = live(tmp_path, models=1)
    trusting = suite.with_file(
        "models.yaml", suite.files["models.yaml"].replace("markers:", "trust_remote_code: true, markers:")
    )

    assert "TRUST_REMOTE_CODE" not in suite.run_here(tmp_path / "a", "--collect-only").text
    assert (
        "!!! TRUST_REMOTE_CODE: models.yaml lets m0 RUN CODE"
        in trusting.run_here(tmp_path / "b", "--collect-only").text
    )


def test_a_checkpoint_with_code_of_its_own_is_refused_without_it(tmp_path):
    suite = live(tmp_path, models=1)
    place = Path(suite.files["models.yaml"].partition("path: ")[2].partition(",")[0])
    (place / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    config = json.loads((place / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    config["model_type"] = "of_its_own"
    (place / "config.json").write_text(json.dumps(config))
    run = suite.run_here(tmp_path / "r", "-q", "--claims-cache=off")

    assert not (tmp_path / "ran").exists()
    assert {one["outcome"] for one in run.records} == {"ERROR"}


# --- the plan of what cannot be loaded here

LARGE = """
import pytest
from causal_claims import *
from causal_claims.examples import Example, example_set

@example_set("a_few")
def few():
    return [Example(str(i), f"prompt {i}") for i in range(200)]

M = Metric("logit_diff", over="a_few")
@pytest.mark.large
@pytest.mark.parametrize("claim", [raises(M, by=ablate(Head(l, 0)), beyond=0.1, id=f"c{l}") for l in range(80)])
def test_it(claim, holds):
    assert holds(claim)
"""


def test_a_70b_model_is_planned_with_memory_and_time_before_anything_loads(tmp_path):
    suite = recorded(1)
    del suite.files["m.csv"]
    entry = (
        "large: {family: llama, id: a/b, layers: 80, heads: 64, kv_heads: 8, min_memory_gb: 150, device_map: auto}\n"
    )
    suite = suite.with_file("models.yaml", entry).with_file("test_x.py", LARGE)
    first = suite.run_here(tmp_path, "--claims-plan", "-q")
    (tmp_path / ".claims-cache").mkdir()
    (tmp_path / ".claims-cache" / "rates.json").write_text('{"small": {"seconds": 0.01, "device": "cuda"}}')
    second = suite.run_here(tmp_path, "--claims-plan", "-q")

    assert "150 GB of weights and 4 GB for passes on each card: 2 cards of 80 GB;" in first.text
    assert "time unknown" in first.text
    assert "by the rate of small here, the slowest known, on cuda" in second.text
    assert " h by " in second.text
