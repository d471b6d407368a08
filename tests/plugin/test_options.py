"""Options, markers, parameter ids, and keeping out of other people's runs."""

import os
import subprocess
import sys

import pytest
from suite import HEAD, ONE, ClaimSuite, paired

RAISES = "raises(M, by=H, beyond=0.5)"
CLEAR = ClaimSuite().table(**paired(1.0)).claim(RAISES)
MODELS = """
mistral_7b: {family: mistral, id: a/b, layers: 32, heads: 32, kv_heads: 8}
mistral_7b_instruct: {family: mistral, id: a/c, layers: 32, heads: 32, kv_heads: 8}
gpt2: {family: gpt2_family, id: a/d, layers: 12, heads: 12, kv_heads: 12}
"""
MARKED = (
    HEAD
    + """
pytestmark = pytest.mark.mistral
@pytest.mark.parametrize("claim", [raises(Metric("r_v", late=30, early=5, window=16), by=ablate(Head(27, 11)), beyond=0.02)])
def test_it(claim, holds):
    assert holds(claim)
"""
)


def test_reports_go_elsewhere_or_nowhere():
    elsewhere, nowhere = CLEAR.run("--claims-reports", "out"), CLEAR.run("--claims-reports", "off")

    assert (elsewhere.folder / "out" / "claims.json").exists()
    assert not (elsewhere.folder / "reports").exists()
    assert not (nowhere.folder / "reports").exists()


def test_a_higher_confidence_widens_the_interval():
    usual, high = CLEAR.run().records[0], CLEAR.run("--claims-confidence", "0.999").records[0]

    assert high["confidence"] == 0.999
    assert high["ci_low"] < usual["ci_low"] < usual["ci_high"] < high["ci_high"]


def test_another_margin_for_one_claim_flips_its_verdict_and_keeps_its_id():
    usual = CLEAR.run().records[0]
    stricter = CLEAR.run("--claims-margin", f"{usual['id']}=2").records[0]

    assert (usual["outcome"], stricter["outcome"]) == ("SUPPORTED", "REFUTED")
    assert stricter["id"] == usual["id"]


@pytest.mark.parametrize("options", [
    ["--claims-inconclusive=maybe"], ["--claims-confidence=2"], ["--claims-confidence=high"], ["--claims-margin=x"],
    ["--claims-measurements=absent.csv"], ["--claims-backend=slow"], ["--claims-dtype=int8"], ["--claims-examples=0"],
    ["--claims-memory=-1"], ["--claims-model=toy"], ["--claims-reports=m.csv"],
])  # fmt: skip
def test_a_wrong_option_is_one_sentence_and_exit_code_4(options):
    result = CLEAR.run(*options)

    assert result.code == 4
    assert result.quiet
    assert options[0].split("=")[0] in result.text


def test_family_and_key_markers_select_and_the_key_heads_the_id():
    suite = ClaimSuite().with_file("models.yaml", MODELS).with_file("test_m.py", MARKED)
    family, key = suite.run("-m", "mistral", "--collect-only"), suite.run("-m", "mistral_7b", "--collect-only")

    assert "test_it[mistral_7b_instruct-raises-r_v-L27.H11]" in family.text
    assert "test_it[mistral_7b-raises-r_v-L27.H11]" in family.text
    assert "mistral_7b_instruct-" not in key.text
    assert suite.run("-m", "gpt2", "--collect-only").code == 5


def test_a_mistyped_marker_is_a_usage_error_under_strict_markers():
    suite = ClaimSuite().with_file("models.yaml", MODELS).with_file("test_m.py", MARKED)
    result = suite.with_file("pytest.toml", "[pytest]\nstrict = true\n").run("-m", "mistrall")

    assert result.code == 4
    assert "mistrall" in result.text


def test_markers_are_listed_for_people():
    result = ClaimSuite().with_file("models.yaml", MODELS).run("--markers")

    assert "@pytest.mark.mistral: claims on mistral_7b, mistral_7b_instruct" in result.text


def test_a_head_out_of_range_of_the_declared_counts_is_refused():
    text = MARKED.replace("Head(27, 11)", "Head(27, 32)")
    table = "model,metric,condition,example,value\n" + "".join(
        f"mistral_7b,r_v,{c},e{i},{v}\n" for c, v in (("baseline", 0.5), ('"ablate(L27.H32)"', 0.6)) for i in range(9)
    )
    result = ClaimSuite().with_files(models__yaml=MODELS, test_m__py=text).with_file("m.csv", table).run()

    assert "L27.H32 is out of range: mistral_7b has 32 query heads a layer, 0 to 31" in result.text
    assert result.code == 1


def test_every_model_of_a_table_is_judged_unless_a_marker_chooses():
    arms = paired(1.0)
    rows = ["model,metric,condition,example,value"]
    rows += [
        f"{m},x,{c},e{i},{v}"
        for m in ("a", "b")
        for c, vs in (("baseline", arms["baseline"]), ('"ablate(L0.H0)"', arms["ablate"]))
        for i, v in enumerate(vs)
    ]
    suite = ClaimSuite().claim(RAISES).with_file("m.csv", "\n".join(rows))

    assert {one["model"] for one in suite.run().records} == {"a", "b"}
    assert {one["model"] for one in suite.run("-m", "a").records} == {"a"}


def test_a_plan_measures_nothing_and_writes_nothing():
    result = CLEAR.run("--claims-plan")

    assert result.code == 0
    assert "nothing was measured" in result.text
    assert "n=40, could show 0.45 sd, 2 cells" in result.text
    assert not (result.folder / "reports").exists()


def test_claims_without_models_or_numbers_say_what_to_do():
    result = ClaimSuite().claim(RAISES).run()

    assert result.code == 1
    assert "on which model?" in result.text
    assert "--claims-measurements FILE" in result.text


def test_an_unrelated_run_loads_nothing_heavy_and_keeps_its_exit_code(tmp_path):
    (tmp_path / "test_plain.py").write_text(
        "import sys\ndef test_plain():\n    heavy = {'numpy', 'scipy', 'torch', 'yaml', 'pyarrow', 'transformers'} & set(sys.modules)\n    assert not heavy, heavy\n"
    )
    alone = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }  # other plugins of the environment load what they like
    command = [sys.executable, "-m", "pytest", "-q", "-p", "causal_claims.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=alone)

    assert done.returncode == 0, done.stdout
    assert "causal claims" not in done.stdout
    assert not (tmp_path / "reports").exists()


def test_an_unrelated_parallel_run_keeps_xdists_own_scheduler(tmp_path):
    (tmp_path / "test_plain.py").write_text(
        "import pytest\n@pytest.mark.parametrize('i', range(6))\ndef test_plain(i): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-n", "2", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0
    assert "LoadScheduling" in done.stdout


def test_the_plugin_can_be_switched_off(tmp_path):
    (tmp_path / "test_plain.py").write_text("def test_plain(): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:claims"], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 0


def test_no_tests_and_a_failing_plain_test_keep_pytests_exit_codes():
    assert CLEAR.run("-k", "nothing").code == 5
    assert ClaimSuite().with_file("test_p.py", "def test_p(): assert 0\n").run("--claims-gate").code == 1


def test_source_finding_and_statement_reach_the_record():
    text = '"""What is found.\n\nSource: a paper, section 2.\n"""\n' + ONE.format(
        claim="raises(M, by=H, reported=0.9)", body="assert holds(claim)"
    ).replace("@pytest", "@pytest.mark.finding('S9-1')\n@pytest", 1)
    record = ClaimSuite().table(**paired(1.0)).with_file("test_claim.py", text).run().records[0]

    assert record["source"] == "a paper, section 2."
    assert record["finding"] == "S9-1"
    assert record["reported"] == 0.9
    assert 0.9 < record["replication"]["ratio"] < 1.3
    assert record["line"].endswith("(reported +0.9)")
