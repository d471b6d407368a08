"""`--claims-heads`: claims about heads that are named in a file."""

import json

import pytest
from suite import PREAMBLE, ClaimSuite, heads_table

CLAIM = (
    PREAMBLE
    + """
BY = Pick("summed_attention", over="discovery", lists=("a",))

@pytest.mark.parametrize("claim", [picked(lambda found: raises(X, by=ablate(*found.first("a", 1)), beyond=0.5, id="c"), BY)])
def test_it(claim, holds):
    assert holds(claim)
"""
)


def run(folder, *options, heads=None):
    suite = ClaimSuite().with_file("test_c.py", CLAIM).with_file("m.csv", heads_table())
    if heads is not None:
        suite = suite.with_file("heads.json", json.dumps({"lists": {"a": heads}}))
    return suite.run_here(f"--claims-measurements={folder / 'm.csv'}", *options, folder=folder)


@pytest.mark.parametrize(("head", "outcome"), [(0, "SUPPORTED"), (1, "REFUTED")])
def test_the_claim_is_about_the_heads_of_the_file(tmp_path, head, outcome):
    ran = run(tmp_path, f"--claims-heads=toy={tmp_path / 'heads.json'}", heads=[[0, head]])
    assert ran.outcomes == {"c": outcome}
    assert f"ablate(L0.H{head})" in ran.records[0]["condition"]


def test_recorded_numbers_alone_cannot_tell_which_heads_are_meant(tmp_path):
    ran = run(tmp_path)
    assert ran.outcomes == {"c": "NOT RUN"}
    assert "--claims-heads toy=FILE" in ran.records[0]["reason"]


@pytest.mark.parametrize("given", ["toy", "toy=absent.json", "=heads.json"])
def test_a_wrong_option_is_a_usage_error(tmp_path, given):
    ran = run(tmp_path, f"--claims-heads={given}", heads=[[0, 0]])
    assert ran.code == 4
