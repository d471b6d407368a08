"""Shards: every test once, evenly; merged they are the single run; what is lost is named and exits 11."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from causal_claims.cli import main
from causal_claims.pytest_plugin.sharding import _from
from causal_claims.recorded import read_measurements
from causal_claims.shares import Work, divide, loads
from hypothesis import given
from hypothesis import strategies as st
from small_suites import RECORDED, differences, live, recorded
from suite import table

ENVIRONMENTS = {
    "2/4": {"SLURM_ARRAY_TASK_ID": "11", "SLURM_ARRAY_TASK_MIN": "10", "SLURM_ARRAY_TASK_COUNT": "4"},
    "3/3": {"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_STEP": "2", "SLURM_ARRAY_TASK_COUNT": "3"},
    "1/8": {"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "8"},
}


@pytest.mark.parametrize(("shard", "environment"), ENVIRONMENTS.items())
def test_auto_reads_the_variables_of_arrays(shard, environment):
    assert str(_from(environment)) == shard


def test_auto_without_a_count_or_an_array_says_what_to_set():
    with pytest.raises(pytest.UsageError, match="set JOB_COMPLETIONS"):
        _from({"JOB_COMPLETION_INDEX": "0"})
    with pytest.raises(pytest.UsageError, match="write I/N"):
        _from({})


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/2/3", ""])
def test_a_wrong_shard_is_a_sentence(tmp_path, text):
    run = recorded().run_here(tmp_path, *RECORDED, f"--claims-shard={text}")

    assert run.code == 4
    assert "write I/N" in run.text


def test_a_shard_is_no_whole_run_for_a_baseline(tmp_path):
    run = recorded().run_here(tmp_path, *RECORDED, "--claims-shard=1/2", "--claims-save=main")

    assert run.code == 4
    assert "causal-claims merge" in run.text


# --- dividing

SUITES = st.lists(
    st.tuples(st.integers(0, 5), st.lists(st.integers(0, 30), min_size=1, max_size=4)), min_size=1, max_size=80
)


@given(suite=SUITES, count=st.integers(1, 9), load=st.floats(0, 50))
def test_every_test_is_in_one_share_and_none_is_much_heavier_than_it_must(suite, count, load):
    works = [Work(f"m{model}", {(model, cell): 1.0 + cell for cell in cells}) for model, cells in suite]
    shares = divide(works, count, lambda _: load)

    assert len(shares) == len(works)
    assert set(shares) <= set(range(count))
    heaviest = max(loads(works, shares, lambda _: load).values())
    alone = sum(loads(works, [0] * len(works), lambda _: load).values())
    largest = max(sum(work.cells.values()) for work in works)
    assert heaviest <= alone + 1e-9
    assert heaviest >= alone / count - 1e-6 or count == 1
    assert heaviest <= 2 * (alone / count + load + largest) + load


def test_models_stay_whole_where_that_is_even():
    works = [Work(f"m{i // 50}", {(i // 50, i): 1.0, (i // 50, "baseline"): 1.0}) for i in range(1000)]
    shares = divide(works, 4, lambda _: 100.0)
    homes = {(work.model, share) for work, share in zip(works, shares, strict=True)}

    assert len(homes) == 20
    assert len(set(loads(works, shares, lambda _: 100.0).values())) == 1


def test_one_large_model_is_cut_so_that_no_shard_idles():
    works = [Work("large", {i: 10.0, "baseline": 10.0}) for i in range(100)] + [
        Work("small", {("s", i): 1.0}) for i in range(20)
    ]
    cost = loads(works, divide(works, 4, lambda _: 20.0), lambda _: 20.0)

    assert set(cost) == {0, 1, 2, 3}
    assert max(cost.values()) < 1.25 * min(cost.values())


# --- merging


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
    """A recorded suite run alone, and as three shards."""
    root = tmp_path_factory.mktemp("shards")
    suite = recorded()
    alone = suite.run(root / "alone", *RECORDED)
    for i in (1, 2, 3):
        suite.run(root / "shards", *RECORDED, f"--claims-shard={i}/3", f"--junitxml=junit-{i}.xml")
    return alone, root / "shards"


def test_merged_shards_are_the_single_run(sharded, tmp_path, capsys):
    alone, shards = sharded
    junit = [str(shards / f"junit-{i}.xml") for i in (1, 2, 3)]
    whole = ["--out", str(tmp_path), "--junitxml", str(tmp_path / "j.xml")]
    code = main(["merge", str(shards / "reports"), *whole, "--junit", *junit])

    assert code == alone.code == 1
    assert differences(tmp_path, alone.folder / "reports", exact=True) == []
    ledger = json.loads((tmp_path / "claims.json").read_text())
    assert ledger["run"]["outcomes"] == alone.ledger["run"]["outcomes"]
    assert [one["q_bh"] for one in ledger["records"]] == [one["q_bh"] for one in alone.records]
    ours, theirs = (
        read_measurements(folder / "measurements.parquet") for folder in (tmp_path, alone.folder / "reports")
    )
    assert [one.key for one in ours.measurements()] == [one.key for one in theirs.measurements()]
    assert all((a.values == b.values).all() for a, b in zip(ours.measurements(), theirs.measurements(), strict=True))
    cases = (tmp_path / "j.xml").read_text()
    assert cases.count("<testcase") == 40
    assert re.search(r'tests="40"', cases)
    assert 'name="claims.supported"' in cases
    assert "40 records" in capsys.readouterr().out
    assert (tmp_path / "claims.html").is_file()


def test_a_lost_shard_is_named_and_exits_11(sharded, tmp_path, capsys):
    _, shards = sharded
    shutil.copytree(shards / "reports", tmp_path / "r")
    shutil.rmtree(tmp_path / "r" / "shard-2-of-3")

    assert main(["merge", str(tmp_path / "r")]) == 11
    assert "INCOMPLETE: shard 2/3 is missing" in capsys.readouterr().out
    assert json.loads((tmp_path / "r" / "claims.json").read_text())["run"]["incomplete"]


def test_a_shard_that_lost_tests_says_how_many(sharded, tmp_path, capsys):
    _, shards = sharded
    shutil.copytree(shards / "reports", tmp_path / "r")
    path = tmp_path / "r" / "shard-2-of-3" / "claims.json"
    path.write_text(path.read_text().replace('"missing": []', '"missing": ["test_x.py::a", "test_x.py::b"]'))

    assert main(["merge", str(tmp_path / "r")]) == 11
    assert "INCOMPLETE: shard 2/3 lost 2 tests: test_x.py::a, test_x.py::b" in capsys.readouterr().out


def test_shards_that_do_not_belong_together_are_refused(sharded, tmp_path, capsys):
    _, shards = sharded
    reports = shards / "reports"
    other = recorded().run_here(tmp_path, *RECORDED, "--claims-shard=1/2")
    third = recorded(4).run_here(tmp_path / "b", *RECORDED, "--claims-shard=3/3")

    assert other.code in (0, 1)
    assert third.code in (0, 1)
    assert main(["merge", str(reports / "shard-1-of-3"), str(tmp_path / "reports" / "shard-1-of-2")]) == 4
    assert (
        main(
            [
                "merge",
                *[str(reports / f"shard-{i}-of-3") for i in (1, 2)],
                str(tmp_path / "b" / "reports" / "shard-3-of-3"),
            ]
        )
        == 4
    )
    assert (
        main(
            [
                "merge",
                str(reports / "shard-1-of-3"),
                str(reports / "shard-1-of-3" / ".." / "shard-1-of-3"),
                str(tmp_path / "none"),
            ]
        )
        == 4
    )
    said = capsys.readouterr().err
    assert "cannot belong to one run" in said
    assert "different suites" in said
    assert "there is no such folder" in said


def test_a_shard_with_nothing_to_do_is_whole(tmp_path, capsys):
    suite = recorded(1)
    codes = [suite.run_here(tmp_path, *RECORDED, f"--claims-shard={i}/12", "-q").code for i in range(1, 13)]

    assert set(codes) <= {0, 1}
    assert main(["merge", str(tmp_path / "reports")]) == 1
    assert "8 records" in capsys.readouterr().out


def test_a_shard_whose_worker_died_is_incomplete_when_merged(tmp_path, capsys):
    crash = "\ndef test_crash():\n    import os; os._exit(3)\n"
    suite = recorded(2)
    suite = suite.with_file("test_x.py", suite.files["test_x.py"] + crash)
    listed = suite.run_here(tmp_path, *RECORDED, "--claims-shard=1/2", "--collect-only", "-q").text
    died = 1 if "test_crash" in listed else 2
    assert suite.run(tmp_path, *RECORDED, f"--claims-shard={died}/2", workers=1).code == 11
    assert suite.run_here(tmp_path, *RECORDED, f"--claims-shard={3 - died}/2").code in (0, 1)

    assert main(["merge", str(tmp_path / "reports")]) == 11
    assert "crashed while running test_x.py::test_crash" in capsys.readouterr().out


SHUFFLED = """
import os

def pytest_collection_modifyitems(items):
    if os.environ.get("SHUFFLED"):
        items.reverse()
"""


def test_shards_whose_tests_come_in_another_order_are_still_one_run(tmp_path, monkeypatch):
    """As with a plugin that shuffles by a seed of its own."""
    suite = recorded(3).with_file("conftest.py", SHUFFLED)
    alone = suite.run_here(tmp_path / "alone", *RECORDED)
    suite.run_here(tmp_path / "shards", *RECORDED, "--claims-shard=1/2")
    monkeypatch.setenv("SHUFFLED", "1")
    suite.run_here(tmp_path / "shards", *RECORDED, "--claims-shard=2/2")

    assert main(["merge", str(tmp_path / "shards" / "reports")]) == alone.code == 1
    assert differences(tmp_path / "shards" / "reports", tmp_path / "alone" / "reports", exact=True) == []


def test_shards_that_stop_early_are_the_single_run(tmp_path):
    """Cut through a model, so that its baseline is read on more examples in one shard than in the other."""
    draw = np.random.default_rng(0)
    base = draw.normal(size=160)
    effects = [3.0] * 4 + [0.0] * 4
    arms = {f"ablate(L0.H{h})": base + draw.normal(one, 1.0, 160) for h, one in enumerate(effects)}
    suite = recorded(1).with_file("m.csv", table({"baseline": base, **arms}))
    early = (*RECORDED, "--claims-sequential", "-q")
    alone = suite.run_here(tmp_path / "alone", *early)
    for i in (1, 2):
        suite.run_here(tmp_path / "shards", *early, f"--claims-shard={i}/2")
    reports = tmp_path / "shards" / "reports"
    read = [
        max(
            len(one.values)
            for one in read_measurements(reports / f"shard-{i}-of-2" / "measurements.parquet").measurements()
        )
        for i in (1, 2)
    ]

    assert read[0] != read[1]
    assert main(["merge", str(reports)]) == alone.code == 1
    assert differences(reports, tmp_path / "alone" / "reports", exact=True) == []
    assert json.loads((reports / "claims.json").read_text())["run"]["examples"] == alone.ledger["run"]["examples"]
    ours, theirs = (
        read_measurements(one / "measurements.parquet").measurements()
        for one in (reports, tmp_path / "alone" / "reports")
    )
    assert [(one.key, one.examples) for one in ours] == [(one.key, one.examples) for one in theirs]


def test_a_test_that_every_worker_runs_has_one_record(tmp_path):
    run = recorded(1).run(tmp_path, *RECORDED, "-q", "--dist=each", "--tx=2*popen")

    assert run.code == 1
    assert len(run.records) == 8


def test_reports_that_pytest_keeps_do_not_keep_the_texts_of_records(tmp_path):
    run = recorded(1).run_here(tmp_path, *RECORDED, "-q")

    assert [one for one in run.reports if one.when == "call"]
    assert not [one for one in run.reports if {"claims_records", "claims_cells"} & vars(one).keys()]


@pytest.mark.slow
def test_live_shards_with_and_without_workers_are_the_single_run(tmp_path, capsys):
    suite = live(tmp_path, models=2)
    options = ("--claims-cache=off", "-q")
    alone = suite.run_here(tmp_path / "alone", *options)
    suite.run_here(tmp_path / "shards", *options, "--claims-shard=1/2")
    suite.run(tmp_path / "shards", *options, "--claims-shard=2/2", workers=2)
    code = main(["merge", str(tmp_path / "shards" / "reports")])

    assert code == alone.code == 1
    assert len(alone.records) == 24
    assert differences(tmp_path / "shards" / "reports", tmp_path / "alone" / "reports") == []
    assert "INCOMPLETE" not in capsys.readouterr().out
