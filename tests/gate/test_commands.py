"""The commands around the gate, in this process."""

import json
from pathlib import Path

import pytest
from causal_claims.cli import main
from causal_claims.gate.baseline import save
from causal_claims.gate.comparison import Comparison
from causal_claims.gate.history import History
from series import BASE, SERIES, claims, drifting

SUITE = claims()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Baselines by name, as a run leaves them."""
    monkeypatch.chdir(tmp_path)
    for name, checkpoint in (("base", BASE), *SERIES.items()):
        run = checkpoint.run(SUITE)
        save(tmp_path / "reports/baselines", name, run.ledger, run.recorded)
    return tmp_path


@pytest.mark.parametrize(
    ("new", "code"), [("unchanged", 0), ("retrained", 0), ("halved", 10), ("moved", 10), ("unlearned", 10)]
)
def test_gate_compares_two_finished_runs(home, capsys, new, code):
    assert main(["gate", "base", new, "--again", "unchanged", "--json", "gate.json"]) == code
    body = json.loads(Path("gate.json").read_text())
    out = capsys.readouterr().out

    assert Comparison.from_json(body).exit_code == code
    assert ("REGRESSED" in out) == (code == 10)


def test_gate_takes_paths_too(home):
    assert main(["gate", "reports/baselines/base", "reports/baselines/moved/claims.json"]) == 10


@pytest.mark.parametrize(("arguments", "words"), [
    (["base", "nowhere"], "there is no baseline 'nowhere'"),
    (["base", "moved", "--fail-on", "x"], "nothing the gate can fail on"),
    (["base", "moved", "--confidence", "2"], "give a number between"),
])  # fmt: skip
def test_a_mistake_is_a_sentence(home, capsys, arguments, words):
    assert main(["gate", *arguments]) == 4
    assert words in capsys.readouterr().err


def test_baselines_are_listed_accepted_and_expired(home, capsys):
    assert main(["baseline", "accept", "agreed", "reports/baselines/moved", "--because", "retrained"]) == 0
    assert main(["baseline", "expire", "base", "--on", "2020-01-01"]) == 0
    assert main(["baseline", "list"]) == 0
    out = capsys.readouterr().out

    assert "agreed: 2 claims on toy@" in out
    assert "(retrained)" in out
    assert main(["gate", "base", "moved"]) == 4


def test_status_tells_a_history_and_fails_on_drift(home, capsys):
    from causal_claims import Head, Metric, ablate, lowers

    suite = [lowers(Metric("x"), by=ablate(Head(5, 0)), beyond=0.1, id="first")]
    for i in range(9):
        run = drifting(i).run(suite)
        run.ledger.run["date"] = f"2026-02-0{i + 1}T00:00:00Z"
        save(home / "series", f"step-{i}", run.ledger, run.recorded)
    steps = [f"series/step-{i}" for i in range(9)]

    assert main(["status", *steps, "--json", "history.json"]) == 0
    assert main(["status", *steps, "--fail-on-drift"]) == 10
    out = capsys.readouterr().out
    assert "+++++++++  DRIFT toy lowers x by ablate(L5.H0): SUPPORTED at series/step-8; -" in out
    assert "▁" in out
    assert "  9  series/step-8  2026-02-09" in out
    Path("series/crashed").mkdir()
    assert main(["status", *steps[::-1], "series/crashed", "--by", "name", "--badges", "badges"]) == 0
    out = capsys.readouterr().out
    assert "series/crashed holds no claims.json and is left out" in out
    assert "  9  series/step-8" in out
    badge = json.loads(Path("badges/toy.json").read_text())
    assert (badge["message"], badge["color"]) == ("1 hold, 1 drift", "yellow")
    assert len(History.from_json(json.loads(Path("history.json").read_text())).drifting) == 1


def test_prose_is_held_to_a_ledger(home, capsys):
    Path("good.md").write_text("It carries the task [claim:first].")
    Path("bad.md").write_text("It takes 0.2 [claim:first effect].")

    assert main(["prose", "good.md", "--ledger", "reports/baselines/base"]) == 0
    assert main(["prose", "good.md", "bad.md", "--ledger", "reports/baselines/base"]) == 1
    assert "bad.md:1: 0.2 is written" in capsys.readouterr().out
    assert main(["prose", "good.md", "--ledger", "reports/baselines/moved/claims.json"]) == 1
    assert main(["prose", "absent.md", "--ledger", "reports/baselines/base"]) == 4
