"""The commands as they are typed in the project's folder: scripts do not put it on the path as `python -m` does."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", [("pytest", "claims/", "--collect-only", "-q"), ("causal-claims", "list")])
def test_it_finds_the_projects_claims_from_its_folder(command):
    script, *arguments = command
    done = subprocess.run(
        [Path(sys.executable).with_name(script), *arguments, "-m", "mistral"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "S3-8.logic" in done.stdout
