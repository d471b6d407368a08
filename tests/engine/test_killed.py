"""Whole runs of pytest, killed; the fifty of them: `python tests/engine/killed.py 50`."""

from killed import killed


def test_a_run_that_was_killed_again_and_again_ends_with_the_ledger_of_an_undisturbed_one(tmp_path):
    hit, saved, equal = killed(tmp_path, 3)
    assert hit > 0
    assert saved > 0
    assert equal
