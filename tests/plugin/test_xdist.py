"""Parallel runs: the same ledger, and nothing lost without an exit code."""

import json

import pytest
from suite import HEAD, ClaimSuite, paired

MANY = (
    HEAD
    + """
CLAIMS = [raises(M, by=ablate(Head(0, h)), beyond=0.5) for h in range(12)] + [negligible(M, by=ablate(Head(0, h)), within=0.2, id=f"n{h}") for h in range(12)]
@pytest.mark.parametrize("claim", CLAIMS)
def test_it(claim, holds):
    assert holds(claim)
"""
)
ARMS = {"baseline": paired(0)["baseline"], **{f"ablate(L0.H{h})": paired(h / 10, seed=1)["ablate"] for h in range(12)}}
SUITE = ClaimSuite().table(**ARMS).with_file("test_many.py", MANY)
TIMES = ("measure_seconds",)


def stripped(result):
    return [{k: v for k, v in one.items() if k not in TIMES} for one in result.records]


def test_workers_write_the_same_ledger_as_one_process():
    alone, together = SUITE.run("-n", "0"), SUITE.run("-n", "2")

    assert len(alone.records) == 24
    assert stripped(alone) == stripped(together)
    assert alone.code == together.code == 1


def test_suite_properties_survive_xdist():
    for workers in ("0", "2"):
        root = SUITE.run("-n", workers).junit
        names = [p.get("name") for suite in root.iter("testsuite") for p in suite.findall("properties/property")]

        assert "claims.supported" in names
        assert len(names) == len(set(names))


def test_the_measurements_written_are_an_input_that_gives_the_same_verdicts():
    first = SUITE.run("-n", "2")
    again = SUITE.run(
        "--claims-measurements", str(first.folder / "reports" / "measurements.parquet"), measurements=False
    )

    assert [one["line"] for one in again.records] == [one["line"] for one in first.records]


CRASH = (
    MANY
    + """
def test_crash():
    import os; os._exit(3)
"""
)


def test_a_crashing_worker_fails_once_and_the_run_is_incomplete():
    result = SUITE.with_file("test_many.py", CRASH).run("-n", "2")

    assert result.code == 11
    assert result.text.count("crashed while running") >= 1
    assert len(result.records) == 24
    assert result.ledger["run"]["crashed"] == ["test_many.py::test_crash"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_report_that_cannot_travel_never_ends_in_exit_0(workers):
    lost = (
        HEAD
        + """
@pytest.fixture(autouse=True)
def spoil(request):
    yield
@pytest.mark.parametrize("claim", [raises(M, by=ablate(Head(0, h)), beyond=0.1) for h in (5, 6, 7)])
def test_it(claim, holds, record_property):
    record_property("bad", object())
    assert holds(claim)
"""
    )
    result = ClaimSuite().table(**ARMS).with_file("test_lost.py", lost).run("-n", workers)

    assert result.code != 0


def test_a_run_stopped_on_purpose_keeps_pytests_own_exit_code():
    result = SUITE.run("-x")

    assert result.code == 1


def test_claims_of_one_model_stay_together_and_others_are_spread():
    from causal_claims.pytest_plugin.grouping import grouped

    ids = [f"t.py::a[m{m}-raises-{i}]" for m in range(3) for i in range(8)] + ["t.py::plain"]
    groups = grouped(ids, {"m0", "m1", "m2"}, 3)

    assert len({groups[i] for i in ids if "[m0-" in i}) == 1
    assert groups["t.py::plain"] == "t.py::plain"
    assert len({groups[i] for i in grouped(ids[:8], {"m0"}, 4)}) == 1
    assert len(set(grouped([f"t.py::a[m0-{i}]" for i in range(100)], {"m0"}, 2).values())) > 2


def test_ledgers_are_valid_json_with_the_promised_fields():
    result = SUITE.run()
    body = json.loads((result.folder / "reports" / "claims.json").read_text())
    promised = [
        "id",
        "finding",
        "statement",
        "kind",
        "level_of_evidence",
        "model",
        "checkpoint",
        "stand_in",
        "metric",
        "condition",
        "margin",
        "outcome",
        "reason",
        "effect",
        "ci_low",
        "ci_high",
        "confidence",
        "n",
        "n_unit",
        "method",
        "p_value",
        "p_floor",
        "effect_size",
        "effect_size_name",
        "reported",
        "replication",
        "noise_floor",
        "guards",
        "receipt",
        "controls",
        "measure_seconds",
        "source",
        "node_id",
    ]

    assert body["schema"] == "causal-claims/1"
    assert all(name in record for record in body["records"] for name in promised)
    assert {"versions", "commit", "command", "date"} <= set(body["run"])
