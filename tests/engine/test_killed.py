"""Whole runs of pytest, killed with SIGKILL; the fifty of them: `python tests/engine/killed.py 50`."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_run_that_was_killed_again_and_again_ends_with_the_ledger_of_an_undisturbed_one():
    script = Path(__file__).with_name("killed.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), "6"], capture_output=True, text=True, env=environment, timeout=300
    )
    assert run.returncode == 0, run.stdout + run.stderr[-2000:]
    words = run.stdout.split()
    assert words[0] == "killed"
    assert int(words[1]) == 6
    assert "ledgers equal" in run.stdout
