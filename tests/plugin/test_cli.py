"""The command `causal-claims`."""

import json
import os
import subprocess
import sys

import pytest
from suite import ClaimSuite, paired

SUITE = ClaimSuite().table(**paired(1.0)).claim("raises(M, by=H, beyond=0.5, source='a paper', id='S9')")


def command(folder, *arguments):
    code = "import sys; from causal_claims.cli import main; sys.exit(main())"
    outer = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, env=outer
    )


@pytest.fixture(scope="module")
def ran():
    return SUITE.run().folder


def test_list_names_every_claim(ran):
    done = command(ran, "list", "test_claim.py")

    assert done.returncode == 0, done.stderr
    assert "S9" in done.stdout
    assert "raises x by ablate(L0.H0), needs above +0.5" in done.stdout
    rows = json.loads(command(ran, "list", "test_claim.py", "--json").stdout)
    assert rows[0]["id"] == "S9"


def test_show_tells_cells_guards_and_the_last_verdict(ran):
    done = command(ran, "show", "S9", "test_claim.py")

    assert "source    a paper" in done.stdout
    assert "x under ablate(L0.H0)" in done.stdout
    assert "verdict   toy: SUPPORTED raises x" in done.stdout


def test_show_of_an_unknown_claim_is_a_sentence_with_the_nearest_id(ran):
    done = command(ran, "show", "S8", "test_claim.py")

    assert done.returncode == 4
    assert "there is no claim 'S8'" in done.stderr
    assert "S9" in done.stderr


def test_judging_again_with_another_margin_shows_what_flips(ran):
    before = (ran / "reports" / "claims.json").read_bytes()
    done = command(ran, "judge", "test_claim.py", "--margin", "S9=2")

    assert done.returncode == 0, done.stderr
    assert "FLIPPED SUPPORTED -> REFUTED  toy  S9" in done.stdout
    assert "1 claims judged, 1 flipped" in done.stdout
    assert (ran / "reports" / "claims.json").read_bytes() == before


def test_judging_again_as_it_was_flips_nothing(ran):
    assert "1 claims judged, 0 flipped" in command(ran, "judge", "test_claim.py").stdout


def test_plan_knows_sizes_from_a_table(ran):
    done = command(ran, "plan", "test_claim.py", "--measurements", "m.csv")

    assert "n=40" in done.stdout
    assert done.returncode == 0


def test_new_writes_a_claim_file_that_collects_and_never_overwrites(tmp_path):
    (tmp_path / "models.yaml").write_text("gpt2_medium: {family: gpt2, id: a/b, layers: 24, heads: 16, kv_heads: 16}\n")
    first, second = command(tmp_path, "new", "my_finding"), command(tmp_path, "new", "my_finding")

    assert first.returncode == 0
    assert second.returncode == 4
    assert "nothing was overwritten" in second.stderr
    assert "gpt2_medium" in command(tmp_path, "list").stdout


def test_calibrate_prints_a_certificate(tmp_path):
    done = command(tmp_path, "calibrate", "--runs", "200", "--section", "1.6", "--json", "c.json")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 off" in done.stdout
    assert json.loads((tmp_path / "c.json").read_text())


def test_an_unknown_command_is_a_usage_error(tmp_path):
    assert command(tmp_path, "judgement").returncode == 2
