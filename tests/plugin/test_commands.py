"""The command causal-claims: list, show, plan, judge, new, calibrate."""

from __future__ import annotations

import json

import pytest
from causal_claims.cli import main
from suite import FIVE, ClaimSuite, claim_file, heads_table, raises


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with five claims and a table, as the working folder."""
    monkeypatch.chdir(
        ClaimSuite({"m.csv": heads_table(), f"claims/test_{tmp_path.name}.py": claim_file(*FIVE)}).written(tmp_path)
    )
    return tmp_path


def test_list_shows_every_claim_in_one_line(here, capsys):
    assert main(["list"]) == 0
    text = capsys.readouterr().out

    assert text.split()[:4] == ["finding", "model", "id", "claim"]
    assert "up      raises x by ablate(L0.H0), needs above +0.5" in text


def test_list_is_readable_by_programs(here, capsys):
    main(["list", "--json"])
    found = json.loads(capsys.readouterr().out)

    assert [one["id"] for one in found] == ["up", "down", "open", "copy", "absent"]


def test_show_tells_one_claim_in_full(here, capsys):
    assert main(["show", "up"]) == 0
    text = capsys.readouterr().out
    assert "x under ablate(L0.H0)" in text
    assert "reported  1.0" in text


def test_show_names_finding_and_source_of_the_file(here, capsys):
    said = '"""A finding.\n\nSource: a paper, section 2.\n"""\n'
    marked = claim_file(raises(0, "one"), extra="pytestmark = pytest.mark.finding('S9-1')\n")
    (here / "claims" / "test_sourced.py").write_text(said + marked)

    assert main(["show", "one"]) == 0
    text = capsys.readouterr().out
    assert "finding   S9-1" in text
    assert "source    a paper, section 2." in text


def test_show_suggests_the_nearest_id(here, capsys):
    assert main(["show", "opn"]) == 4
    assert "did you mean 'open'?" in capsys.readouterr().err


def test_plan_prints_what_could_be_shown(here, capsys):
    assert main(["plan", "--measurements", "m.csv"]) == 0
    assert "n=40, could show 0.45 sd" in capsys.readouterr().out


def test_judge_shows_the_verdicts_that_flip(here, capsys):
    (here / "m.csv").rename(here / "first.csv")
    assert main(["judge", "--measurements", "first.csv", "--reports", "reports"]) == 0
    assert main(["judge", "--measurements", "first.csv", "--margin", "up=5"]) == 0
    text = capsys.readouterr().out

    assert "FLIPPED SUPPORTED -> REFUTED  toy  up" in text
    assert "1 flipped" in text


def test_judging_again_as_it_was_flips_nothing_and_a_margin_that_cannot_be_is_no_success(here, capsys):
    main(["judge", "--measurements", "m.csv", "--reports", "reports"])

    assert main(["judge", "--measurements", "m.csv"]) == 0
    assert "5 claims judged, 0 flipped" in capsys.readouterr().out
    assert main(["judge", "--measurements", "m.csv", "--margin", "up=-5"]) == 1
    assert "-5 cannot be its margin (beyond=)" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "word"), [
    (["judge", "--measurements", "absent.csv"], "absent.csv"),
    (["judge", "--measurements", "m.csv", "--margin", "upp=5"], "'up'"),
    (["judge", "--measurements", "m.csv", "--confidence", "2"], "0.95"),
    (["judge", "--measurements", "m.csv", "--against", "m.csv"], "JSON"),
    (["new", "two words"], "Python name"),
    (["list", "nowhere"], "nowhere"),
    (["calibrate", "--section", "9.9", "--runs", "10"], "9.9"),
    (["calibrate", "--runs", "0"], "runs"),
], ids=lambda value: value if isinstance(value, str) else " ".join(value))  # fmt: skip
def test_a_slip_on_the_command_line_is_one_sentence_and_exit_code_4(here, capsys, arguments, word):
    assert main(arguments) == 4
    text = capsys.readouterr().err

    assert word in text
    assert "Traceback" not in text


def test_new_writes_a_claim_file_that_collects_and_overwrites_nothing(here, capsys):
    (here / "models.yaml").write_text("gpt2_small: {family: gpt2, id: openai-community/gpt2}\n")

    assert main(["new", "brand_new"]) == 0
    assert main(["new", "brand_new"]) == 4
    assert "nothing was overwritten" in capsys.readouterr().err
    assert main(["list", "claims/test_brand_new.py"]) == 0


def test_new_says_what_a_marker_still_needs(here, capsys):
    main(["new", "first"])
    assert "There is no models.yaml here" in capsys.readouterr().out
    (here / "models.yaml").write_text("gpt2_small: {family: gpt2, id: openai-community/gpt2}\n")
    main(["new", "second", "--model", "gpt3"])
    assert "models.yaml has no key, family or marker gpt3" in capsys.readouterr().out


def test_an_unknown_command_is_a_usage_error(here):
    with pytest.raises(SystemExit, match="2"):
        main(["judgement"])


def test_calibrate_checks_one_section_and_writes_its_certificate(here, capsys):
    assert main(["calibrate", "--runs", "50", "--section", "1.7", "--json", "c.json"]) == 0
    assert {rate["section"] for rate in json.loads((here / "c.json").read_text())["rates"]} == {"1.7"}


def test_a_margin_given_to_a_claim_without_one_is_an_error(here):
    suite = ClaimSuite(
        {
            "m.csv": heads_table(),
            "test_x.py": claim_file("ranks(X, order=[BY, ablate(Head(0, 1))], id='s')", raises(0, "up")),
        }
    )
    run = suite.run_here("--claims-measurements", "m.csv", "--claims-margin", "s=3", folder=here / "inner")

    assert run.code == 1
    assert "ranks has no margin" in run.text
