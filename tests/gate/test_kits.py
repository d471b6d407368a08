"""The files for other people's CI: their structure, and the commands inside them run as they stand."""

import re
from pathlib import Path

import pytest
import yaml
from shop import Shop

ROOT = Path(__file__).parents[2]
KITS = ROOT / "docs" / "ci"


def loaded(name):
    return yaml.safe_load((KITS / name).read_text())


def steps():
    return loaded("github-actions.yml")["jobs"]["gate"]["steps"]


def test_the_page_leads_from_an_empty_folder_to_a_red_build_for_the_right_reason(tmp_path):
    """Every block of the page in its order, with the exit code that it names."""
    shop = Shop.open(tmp_path)
    (tmp_path / "claims/test_circuit.py").unlink()
    (tmp_path / "claims").rmdir()
    blocks = re.findall(r"^```bash(?: exit=(\d+))?\n(.*?)^```", (ROOT / "docs/ci.md").read_text(), re.S | re.M)
    codes, texts = [], []
    for wanted, block in blocks:
        done = shop.sh(f"set -e\n{block}")
        codes.append((done.code, int(wanted or 0)))
        texts.append(done.text)
        assert done.code == int(wanted or 0), done.text
        if wanted:
            forge(shop)

    assert (10, 10) in codes
    red = next(text for (code, _), text in zip(codes, texts, strict=True) if code == 10)
    assert "REGRESSED toy lowers logit_diff by ablate(L5.H0)" in red
    assert "mechanism moved: now carried by L5.H3" in red
    assert "none stops the checkpoint" in texts[-1]
    back = shop.sh("pytest claims --claims-measurements measurements/old.csv --claims-gate --claims-baseline main")
    assert "now carried by L5.H0" in back.text  # the accepted run has kept every head of its table


def forge(shop):
    """The steps of both forges, but for the installation, in the folder as the page has made it: red on the gate alone."""
    runs = [step["run"] for step in steps() if "run" in step and step["name"] not in ("Install", "Prose")]
    gate = {"MEASUREMENTS": "measurements/new.csv"}
    assert [shop.sh(run, **gate).code for run in runs] == [0, 10]
    check, held = loaded("gitlab-ci.yml")["claims"]["script"]
    assert check == runs[0]
    assert shop.sh(held, **gate).code == 10


def test_the_github_workflow_has_the_shape_the_forge_asks_for():
    workflow = loaded("github-actions.yml")
    triggers = workflow[True]  # YAML 1.1 reads `on` as true

    assert set(workflow) - {True} == {"name", "permissions", "jobs"}
    assert set(triggers) == {"push", "pull_request", "workflow_dispatch"}
    assert all(("run" in step) != ("uses" in step) for step in steps())
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in steps() if "uses" in step)
    assert steps()[-1]["if"] == "always()"  # reports are kept when the gate is red
    default = triggers["workflow_dispatch"]["inputs"]["measurements"]["default"]
    assert default in workflow["jobs"]["gate"]["env"]["MEASUREMENTS"]


def test_the_gitlab_file_has_the_shape_the_forge_asks_for():
    pipeline = loaded("gitlab-ci.yml")
    job = pipeline["claims"]

    assert job["stage"] in pipeline["stages"]
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["reports"]["junit"] in " ".join(job["script"])


def test_the_hooks_name_commands_that_there_are():
    from causal_claims.cli import _COMMANDS

    known = {command.__name__.rpartition(".")[2].rstrip("_") for command in _COMMANDS}
    local = loaded("pre-commit-config.yaml")["repos"][0]
    ours = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

    for hook in [*local["hooks"], *ours]:
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert hook["entry"].split()[0] == "causal-claims"
        assert hook["entry"].split()[1] in known
    assert re.search(local["hooks"][0]["files"], "claims/contraction/test_heads.py")


def test_the_indexed_job_has_the_shape_kubernetes_asks_for():
    job = loaded("kubernetes-indexed-job.yaml")
    spec = job["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    (rule,) = spec["podFailurePolicy"]["rules"]

    assert (job["apiVersion"], job["kind"], spec["completionMode"]) == ("batch/v1", "Job", "Indexed")
    assert spec["parallelism"] <= spec["completions"]
    assert pod["restartPolicy"] == "Never"  # podFailurePolicy asks for it
    assert "backoffLimitPerIndex" in spec  # FailIndex asks for it
    assert (rule["action"], rule["onExitCodes"]["containerName"]) == ("FailIndex", container["name"])
    assert sorted(rule["onExitCodes"]["values"]) == [1, 4, 10, 11]
    assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
    needed = set(re.findall(r"\$\{([A-Z]+):\?", (KITS / "gate-one.sh").read_text()))
    assert needed <= {one["name"] for one in container["env"]}


@pytest.mark.parametrize("way", ["slurm", "kubernetes"])
def test_an_array_task_gates_the_checkpoint_of_its_number(tmp_path, way):
    shop = Shop.open(tmp_path, "moved", "unchanged")
    shop.keep()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/ci").symlink_to(KITS)
    common = {"CHECKPOINTS": "tables", "BASELINE": "main", "MODEL": "toy", "REPORTS": "reports/watch"}
    if way == "slurm":
        run = [shop.sh("docs/ci/slurm-array.sh", SLURM_ARRAY_TASK_ID=str(i), **common) for i in (0, 2)]
    else:
        command = loaded("kubernetes-indexed-job.yaml")["spec"]["template"]["spec"]["containers"][0]["command"]
        line = " ".join([*command[:-1], f"'{command[-1]}'"])
        run = [shop.sh(line, JOB_COMPLETION_INDEX=str(i), **common) for i in (0, 2)]

    assert [one.code for one in run] == [10, 4], "\n".join(one.text for one in run)
    assert (tmp_path / "reports/watch/moved/junit.xml").exists()
    assert "has no checkpoint number 2" in run[1].text
