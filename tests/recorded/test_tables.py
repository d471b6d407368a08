"""Measurement tables: read, refused, written and read back."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from causal_claims import ClaimsError, Head, Metric, ablate, effect, raises, specific
from causal_claims.errors import NotRunError
from causal_claims.measurements import Measurement
from causal_claims.recorded import read_measurements, write_measurements
from hypothesis import given
from hypothesis import strategies as st

HEADER = "model,metric,condition,example,cluster,value"
BASE = ["toy,x,baseline,e0,e0,1.5", "toy,x,baseline,e1,e1,2.5"]
ARM = ["toy,x,ablate(L0.H0),e0,e0,3.0", "toy,x,ablate(L0.H0),e1,e1,1.0"]
M = Metric("x")


def csv(tmp_path, *rows, header=HEADER, name="m.csv"):
    (tmp_path / name).write_text("\n".join([header, *rows]) + "\n")
    return tmp_path / name


def values(path, condition="ablate(L0.H0)"):
    claim = raises(M, by=ablate(Head(0, 0)))
    found = read_measurements(path).cells("toy", claim.cells)
    return next(one.values.tolist() for cell, one in found.items() if cell.condition_spelling == condition)


def test_a_csv_made_by_hand_is_read(tmp_path):
    assert values(csv(tmp_path, *BASE, *ARM)) == [3.0, 1.0]


def test_parquet_and_json_lines_hold_the_same(tmp_path):
    table = pa.csv.read_csv(csv(tmp_path, *BASE, *ARM))
    pa.parquet.write_table(table, tmp_path / "m.parquet")
    (tmp_path / "m.jsonl").write_text("\n".join(json.dumps(row) for row in table.to_pylist()))

    assert values(tmp_path / "m.parquet") == values(tmp_path / "m.jsonl") == [3.0, 1.0]


@given(st.permutations([*BASE, *ARM]))
def test_row_order_never_matters(tmp_path_factory, rows):
    assert values(csv(tmp_path_factory.mktemp("t"), *rows)) == [3.0, 1.0]


def test_without_a_cluster_column_every_example_is_its_own(tmp_path):
    rows = [",".join(row.split(",")[:4] + row.split(",")[5:]) for row in (*BASE, *ARM)]
    found = read_measurements(csv(tmp_path, *rows, header="model,metric,condition,example,value"))

    assert found.cells("toy", raises(M, by=ablate(Head(0, 0))).cells)


def test_sites_in_another_order_are_the_same_condition(tmp_path):
    rows = [row.replace("ablate(L0.H0)", '"ablate(L0.H4, L0.H2)"') for row in ARM]
    claim = raises(M, by=ablate(Head(0, 2), Head(0, 4)))

    assert read_measurements(csv(tmp_path, *BASE, *rows)).cells("toy", claim.cells)


@pytest.mark.parametrize(("rows", "words"), [
    ([*BASE, *ARM, ARM[0]], "rows 4, 6 hold the same measurement twice"),
    ([*BASE, *ARM, "toy,x,ablate(L0.H0),e9,e9,1"], r"'e9' \(row 6\) its baseline lacks"),
    ([*BASE, ARM[0]], r"'e1' \(row 3\) it lacks and its baseline has"),
    ([*ARM], "no baseline"),
    ([*BASE, "toy,x,baseline,e2,e2,many"], "value 'many' is no number, in row 4"),
    ([*BASE, "toy,x,baseline,e2,e2,nan"], "value is nan in row 4"),
    ([*BASE, "toy,x,baseline,e2,e2,inf"], "value is inf in row 4"),
    ([*BASE, "toy,x,baseline,e2,e2,"], "is no number, in row 4"),
    ([*BASE, "toy,x,baseline,,e2,1"], "example is empty in row 4"),
    ([*BASE, "toy,x,ablated,e0,e0,1"], "row 4: 'ablated' is no condition"),
    ([*BASE, "toy,x,ablate(L0H0),e0,e0,1"], "'L0H0' is no site"),
    ([*BASE, "toy,x,ablate(L0.H0),e0,e1,1", "toy,x,ablate(L0.H0),e1,e1,1"], "in another cluster"),
    ([*BASE, "my model,x,baseline,e0,e0,1"], "becomes part of test ids"),
    ([], "has no rows"),
])  # fmt: skip
def test_a_bad_table_is_refused_by_a_sentence_that_names_rows(tmp_path, rows, words):
    with pytest.raises(ClaimsError, match=words):
        read_measurements(csv(tmp_path, *rows))


@pytest.mark.parametrize("name", ["m.txt", "m.xlsx", "m"])
def test_another_kind_of_file_is_refused(tmp_path, name):
    with pytest.raises(ClaimsError, match=r"\.parquet, \.csv or \.jsonl"):
        read_measurements(csv(tmp_path, *BASE, name=name))


def test_damaged_files_are_refused_in_a_sentence(tmp_path):
    for name in ("m.parquet", "m.jsonl", "m.csv"):
        (tmp_path / name).write_bytes(b"\x00\xff\xfe{PAR1")
        with pytest.raises(ClaimsError):
            read_measurements(tmp_path / name)


def test_a_text_value_column_in_parquet_and_doubled_columns_are_refused(tmp_path):
    table = pa.table({"model": ["t"], "metric": ["x"], "condition": ["baseline"], "example": ["a"], "value": [True]})
    pa.parquet.write_table(table, tmp_path / "m.parquet")
    with pytest.raises(ClaimsError, match="must hold numbers, not bool"):
        read_measurements(tmp_path / "m.parquet")
    with pytest.raises(ClaimsError, match="column 'value' more"):
        read_measurements(csv(tmp_path, "t,x,baseline,a,1,2", header="model,metric,condition,example,value,value"))


def test_what_a_table_lacks_is_told_with_what_it_has(tmp_path):
    found = read_measurements(csv(tmp_path, *BASE, *ARM))
    for claim, words in (
        (
            raises(M, by=ablate(Head(0, 1))),
            "no condition 'ablate\\(L0.H1\\)' of x for toy; it has ablate\\(L0.H0\\), baseline",
        ),
        (raises(Metric("y"), by=ablate(Head(0, 0))), "no metric 'y' for toy; it has x"),
    ):
        with pytest.raises(NotRunError, match=words):
            found.cells("toy", claim.cells)
    with pytest.raises(NotRunError, match=r"no measurements of the model 'other'; it has toy"):
        found.cells("other", raises(M, by=ablate(Head(0, 0))).cells)


def test_a_claim_over_two_sets_never_reads_the_same_rows_for_both(tmp_path):
    claim = specific(effect(M.on("a"), by=ablate(Head(0, 0))), effect(M.on("b"), by=ablate(Head(0, 0))))
    with pytest.raises(NotRunError, match=r"ablate\(L0.H0\) on a"):
        read_measurements(csv(tmp_path, *BASE, *ARM)).cells("toy", claim.cells)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20))
def test_what_is_written_is_what_is_read_back(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("t") / "m.parquet"
    ids = tuple(f"e{i:03d}" for i in range(len(numbers)))
    clusters = tuple(f"c{i % 3}" for i in range(len(numbers)))
    write_measurements(
        path, [Measurement("toy", "x", c, ids, clusters, np.array(numbers)) for c in ("baseline", "ablate(L0.H0)")]
    )
    found = read_measurements(path).cells("toy", raises(M, by=ablate(Head(0, 0))).cells)

    for one in found.values():
        assert one.values.tolist() == numbers
        assert (one.examples, one.clusters) == (ids, clusters)
