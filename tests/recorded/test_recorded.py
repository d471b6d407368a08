"""Recorded measurements: every format reads alike, what is written reads back, the order of rows never matters."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from causal_claims import Head, Metric, ablate, level, raises
from causal_claims.claims.effects import Cell
from causal_claims.claims.picked import Heads, Pick
from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.measurements import Measurement, Receipt
from causal_claims.recorded import read_measurements, write_measurements
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

X, BY = Metric("x"), ablate(Head(0, 0))
SAME_FOLDER = [HealthCheck.function_scoped_fixture]  # every example writes the same file over
NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6)


def rows(values=(0.1, -2.5e-300, 7.0), by=(1.1, 3.0, 1 / 3), model="toy", metric="x"):
    return [
        {
            "model": model,
            "metric": metric,
            "condition": condition,
            "example": f"e{i}",
            "cluster": f"c{i // 2}",
            "value": value,
        }
        for condition, arm in (("baseline", values), ("ablate(L0.H0)", by))
        for i, value in enumerate(arm)
    ]


def written(path: Path, table: list[dict]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(table), path)
    elif path.suffix == ".csv":
        pc.write_csv(pa.Table.from_pylist(table), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in table))
    return path


def figures(path: Path):
    found = read_measurements(path).cells("toy", [Cell(X), Cell(X, BY)])
    return [(one.examples, one.clusters, one.values.tolist()) for one in found.values()]


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl", "ndjson"])
def test_every_format_reads_to_the_last_digit(tmp_path, suffix):
    found = figures(written(tmp_path / f"m.{suffix}", rows()))

    assert found[0] == (("e0", "e1", "e2"), ("c0", "c0", "c1"), [0.1, -2.5e-300, 7.0])
    assert found[1][2] == [1.1, 3.0, 1 / 3]


@settings(suppress_health_check=SAME_FOLDER)
@given(st.permutations(range(6)))
def test_the_order_of_rows_never_matters(tmp_path, order):
    table = rows()

    assert figures(written(tmp_path / "m.jsonl", [table[i] for i in order])) == figures(
        written(tmp_path / "n.jsonl", table)
    )


@settings(suppress_health_check=SAME_FOLDER)
@given(NUMBERS, st.text(min_size=1, max_size=5).filter(str.strip), st.integers(0, 3))
def test_what_is_written_reads_back(tmp_path, values, name, shift):
    ids = tuple(sorted(f"{name}{i}" for i in range(len(values))))
    found = [
        Measurement("toy", "x", condition, ids, ids, np.array(values) + add)
        for condition, add in (("baseline", 0), (str(BY), shift))
    ]
    write_measurements(tmp_path / "m.parquet", found)
    cells = read_measurements(tmp_path / "m.parquet").cells("toy", [Cell(X), Cell(X, BY)])

    for one, other in zip(found, cells.values(), strict=True):
        assert one.key == other.key
        assert one.values.tobytes() == other.values.tobytes()
        assert dict(zip(other.examples, other.clusters, strict=True)) == dict(zip(ids, ids, strict=True))


def test_a_table_of_our_own_may_hold_a_condition_alone_and_arms_that_end_early(tmp_path):
    ids = ("e0", "e1", "e2")
    found = [
        Measurement("toy", "x", str(BY), ids, ids, np.arange(3.0)),
        Measurement("toy", "y", "baseline", ids, ids, np.arange(3.0)),
        Measurement("toy", "y", str(BY), ids[:2], ids[:2], np.ones(2)),
    ]
    write_measurements(tmp_path / "m.parquet", found)
    again = read_measurements(tmp_path / "m.parquet")
    early = again.cells("toy", [Cell(Metric("y")), Cell(Metric("y"), BY)])

    assert {one.key for one in again.measurements()} == {one.key for one in found}
    assert [one.examples for one in early.values()] == [ids[:2], ids[:2]]

    pq.write_table(pq.read_table(tmp_path / "m.parquet").replace_schema_metadata(None), tmp_path / "m.parquet")
    with pytest.raises(ClaimsError, match="no baseline"):
        read_measurements(tmp_path / "m.parquet")


def test_what_is_known_of_numbers_travels_with_them(tmp_path):
    pick = Pick("summed_attention", over="discovery", lists=("a",), top=2)
    heads = Heads({"a": ((Head(3, 1), 0.5), (Head(0, 2), 0.25))}, "screened", given=(Head(3, 1),), width=4, layers=6)
    receipt = Receipt(("L0.H0 (columns 0-3)",), 2, 2, 0.5, removed=True)
    ids = ("e0", "e1")
    bare = Measurement("toy", "x", "baseline", ids, ids, np.ones(2))
    known = replace(
        bare,
        condition=str(BY),
        receipt=receipt,
        noise_floor=1e-6,
        seconds=2.0,
        facts={"leak": "2 of 2", "stand_in": "f/v"},
    )
    write_measurements(tmp_path / "m.parquet", [bare, known], {("toy", pick): heads})
    again = read_measurements(tmp_path / "m.parquet")
    found = {one.condition: one for one in again.measurements()}

    assert again.picks == {("toy", pick): heads}
    assert (found[str(BY)].receipt, found[str(BY)].facts) == (receipt, known.facts)
    assert (found[str(BY)].noise_floor, found[str(BY)].seconds) == (1e-6, 2.0)
    assert (found["baseline"].receipt, found["baseline"].facts) == (None, {})


def test_without_a_cluster_column_every_example_is_its_own(tmp_path):
    table = [{k: v for k, v in row.items() if k != "cluster"} for row in rows()]

    assert figures(written(tmp_path / "m.csv", table))[0][1] == ("e0", "e1", "e2")


def test_further_columns_are_left_alone(tmp_path):
    assert figures(written(tmp_path / "m.csv", [{**row, "note": "x"} for row in rows()])) == figures(
        written(tmp_path / "n.csv", rows())
    )


def test_whole_numbers_single_precision_and_number_ids_are_read(tmp_path):
    table = [{**row, "value": int(row["value"]), "example": int(row["example"][1:])} for row in rows()]
    single = pa.table(
        {
            **{k: [row[k] for row in rows()] for k in rows()[0]},
            "value": pa.array([row["value"] for row in rows()], pa.float32()),
        }
    )
    pq.write_table(single, tmp_path / "s.parquet")

    assert figures(written(tmp_path / "m.parquet", table))[0][0] == ("0", "1", "2")
    assert figures(tmp_path / "s.parquet")[0][2][0] == pytest.approx(0.1, rel=1e-6)


def test_a_cell_that_the_table_lacks_is_not_run_and_the_sentence_says_what_there_is(tmp_path):
    found = read_measurements(written(tmp_path / "m.csv", rows()))

    with pytest.raises(NotRunError, match=r"no condition 'ablate\(L0.H1\)'.*it has ablate\(L0.H0\), baseline"):
        found.cells("toy", [Cell(X, ablate(Head(0, 1)))])
    with pytest.raises(NotRunError, match="no measurements of the model 'other'; it has toy"):
        found.cells("other", [Cell(X)])
    with pytest.raises(NotRunError, match="no metric 'y'"):
        found.cells("toy", level(Metric("y")).cells)


def test_a_table_without_named_examples_serves_a_claim_over_one_set(tmp_path):
    found = read_measurements(written(tmp_path / "m.csv", rows()))
    one = raises(X.on("plain"), by=BY)

    assert len(found.cells("toy", one.cells)) == 2
    with pytest.raises(NotRunError):
        found.cells("toy", [*one.cells, Cell(X.on("other"))])


def test_a_metrics_options_are_told_apart_where_the_table_names_them(tmp_path):
    table = rows(metric="x(k=1)") + rows(metric="x(k=2)", values=(5.0, 6.0, 7.0))
    found = read_measurements(written(tmp_path / "m.jsonl", table))

    assert next(iter(found.cells("toy", [Cell(Metric("x", k=2))]).values())).values.tolist() == [5.0, 6.0, 7.0]
    with pytest.raises(NotRunError):
        found.cells("toy", [Cell(Metric("x", k=3))])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_bad_row_is_named_as_a_person_would_count_it(tmp_path, suffix):
    table = rows()
    table[4]["value"] = float("nan")
    where = {"csv": 6, "parquet": 5}[suffix]  # the header of a CSV is line 1

    with pytest.raises(ClaimsError, match=f"row {where}; a measurement is a finite number"):
        read_measurements(written(tmp_path / f"m.{suffix}", table))


HEADER = "model,metric,condition,example,cluster,value"
ROWS = ["toy,x,baseline,e0,e0,1.5", "toy,x,baseline,e1,e1,2.5"]
ARM = ["toy,x,ablate(L0.H0),e0,e0,3.0", "toy,x,ablate(L0.H0),e1,e1,1.0"]


@pytest.mark.parametrize(("rows", "words"), [
    ([*ROWS, *ARM, ARM[0]], "rows 4, 6 hold the same measurement twice"),
    ([*ROWS, *ARM, "toy,x,ablate(L0.H0),e9,e9,1"], r"'e9' \(row 6\) its baseline lacks"),
    ([*ROWS, ARM[0]], r"'e1' \(row 3\) it lacks and its baseline has"),
    ([*ARM], "no baseline"),
    ([*ROWS, "toy,x,baseline,e2,e2,many"], "value 'many' is no number, in row 4"),
    ([*ROWS, "toy,x,baseline,e2,e2,nan"], "value is nan in row 4"),
    ([*ROWS, "toy,x,baseline,e2,e2,inf"], "value is inf in row 4"),
    ([*ROWS, "toy,x,baseline,e2,e2,"], "is no number, in row 4"),
    ([*ROWS, "toy,x,baseline,,e2,1"], "example is empty in row 4"),
    ([*ROWS, "toy,x,ablated,e0,e0,1"], "row 4: 'ablated' is no condition"),
    ([*ROWS, "toy,x,ablate(L0H0),e0,e0,1"], "'L0H0' is no site"),
    ([*ROWS, "toy,x,ablate(L0.H0),e0,e1,1", "toy,x,ablate(L0.H0),e1,e1,1"], "in another cluster"),
    ([*ROWS, "my model,x,baseline,e0,e0,1"], "becomes part of test ids"),
    ([], "has no rows"),
])  # fmt: skip
def test_a_bad_table_is_refused_by_a_sentence_that_names_rows(tmp_path, rows, words):
    (tmp_path / "m.csv").write_text("\n".join([HEADER, *rows]) + "\n")

    with pytest.raises(ClaimsError, match=words):
        read_measurements(tmp_path / "m.csv")


@pytest.mark.parametrize("fault", pa.ArrowException.__subclasses__())
def test_whatever_the_reader_finds_wrong_is_a_sentence(tmp_path, monkeypatch, fault):
    def broken(path):
        raise fault("something is wrong with it")

    path = written(tmp_path / "m.parquet", rows())
    monkeypatch.setattr("causal_claims.recorded.file._table", broken)
    with pytest.raises(ClaimsError, match=r"m\.parquet cannot be read as parquet: .*something is wrong with it"):
        read_measurements(path)
