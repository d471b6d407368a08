"""A run judged again from its own table is the same run: the table carries what its guards knew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from checkpoints import WORDS
from small_suites import live
from suite import PLUGIN

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow

CLAIMS = """
import pytest
from causal_claims import *
from causal_claims.examples import Example, example_set

@example_set("told")
def told():
    return [Example(f"t{i}", " ".join(["the", WORDS[i], "Paris", "is"]), fields={"target": " Paris", "foil": " Berlin"}) for i in range(12)]

X, LEAKY, KL = Metric("logit_diff", over="small12"), Metric("logit_diff", over="told"), Metric("kl", over="small12")
pytestmark = pytest.mark.m0

@pytest.mark.parametrize("claim", [
    negligible(X, by=ablate(Head(0, 0)), within=9.0, id="plain"),
    negligible(LEAKY, by=ablate(Head(0, 0)), within=9.0, id="leaky"),
    above(level(KL, under=ablate(Head(0, 1))), 0, id="alone"),
])
def test_it(claim, holds):
    assert holds(claim)

@pytest.mark.by_hand
@pytest.mark.parametrize("claim", [above(level(Metric("hand")), 0, id="hand")])
def test_by_hand(claim, holds):
    assert holds(claim, values={"baseline": [1.0 + i for i in range(9)]})
"""


def told(folder: Path) -> dict[str, dict]:
    """The records without pictures, which only who holds the model can make."""
    records = json.loads((folder / "claims.json").read_text(encoding="utf-8"))["records"]
    return {one["id"]: {key: value for key, value in one.items() if key != "attention"} for one in records}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_judged_again_from_its_own_table_is_the_same_run(tmp_path, workers):
    suite = live(tmp_path / "checkpoints", models=1).with_file("test_x.py", f"WORDS = {WORDS!r}\n{CLAIMS}")
    first = suite.run(tmp_path / "run", "-q", "--claims-reports=first", workers=workers)
    table = "--claims-measurements=first/measurements.parquet"
    again = suite.run(tmp_path / "run", "-q", table, "--claims-reports=second", workers=workers)
    third = suite.run(tmp_path / "run", "-q", table.replace("first", "second"), "--claims-reports=third")
    here = tmp_path / "run"

    assert told(here / "first")["leaky"]["outcome"] == "INVALID", first.text
    assert {one["outcome"] for one in told(here / "first").values()} == {"INVALID", "SUPPORTED"}, first.text
    assert told(here / "second") == told(here / "first"), again.text
    assert told(here / "third") == told(here / "first"), third.text


def of_the_project(folder: Path, *options: str) -> dict[str, dict]:
    """The published procedure of study 003, run where the project's own claims lie."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "claims/suppressor",
        "-k",
        "S3-1.published",
    ]
    done = subprocess.run(
        [*command, f"--claims-reports={folder}", *options], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (folder / "claims.json").is_file(), done.stdout + done.stderr
    return told(folder)


def test_a_stand_in_stays_a_stand_in_and_without_its_metadata_a_table_knows_nothing(tmp_path):
    first = of_the_project(tmp_path / "first", "--claims-stand-in", "-n", "2")
    assert {(one["outcome"], one["stand_in"]) for one in first.values()} == {("INVALID", "suppressor/in_place")}

    path = tmp_path / "first" / "measurements.parquet"
    assert of_the_project(tmp_path / "second", f"--claims-measurements={path}") == first

    pq.write_table(pq.read_table(path).replace_schema_metadata(None), tmp_path / "bare.parquet")
    bare = of_the_project(tmp_path / "third", f"--claims-measurements={tmp_path}/bare.parquet")
    assert {one["stand_in"] for one in bare.values()} == {None}
