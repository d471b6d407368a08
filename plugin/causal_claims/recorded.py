"""Recorded measurements: the long table `model, metric, condition, example, cluster, value` as a source of numbers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_claims.claims.effects import Cell
from causal_claims.errors import ClaimsError, NotRunError, listing
from causal_claims.interventions.intervention import parse_condition
from causal_claims.measurements import Measurement

COLUMNS = ("model", "metric", "condition", "example", "cluster", "value")
REQUIRED = ("model", "metric", "condition", "example", "value")
Codes = NDArray[np.int64]
_RAGGED = b"causal_claims.sequential"  # in the table's own metadata
_METRIC = re.compile(r"[A-Za-z0-9_]+(\([^()]+\))?")


class Recorded:
    """The measurements of a table, by model, metric and condition."""

    def __init__(self, measurements: Iterable[Measurement], source: str, ragged: bool = False) -> None:
        self.source = source
        self.ragged = ragged  # written by a sequential run: arms end where their claims were clear
        self._found = {one.key: one for one in measurements}
        self.models = tuple(dict.fromkeys(model for model, _, _ in self._found))

    def __len__(self) -> int:
        return len(self._found)

    def cells(self, model: str, cells: Sequence[Cell]) -> dict[Cell, Measurement]:
        """The measurements of these cells, matched by the spelling that claims print.

        A table without named examples serves claims over one set of examples; a metric's options may be left out
        where the table has the metric under its plain name.
        """
        named = len({cell.metric.over for cell in cells}) > 1
        found = {cell: self._one(cell.model or model, cell, named) for cell in cells}
        return _common(found) if self.ragged else found

    def some(self, keys: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], Measurement]:
        """Those of the keys that the table has, under the spelling it has them."""
        found = (self._get(*key) for key in keys)
        return {one.key: one for one in found if one is not None}

    def measurements(self) -> Iterable[Measurement]:
        """Every measurement of the table."""
        return self._found.values()

    def _get(self, model: str, metric: str, condition: str) -> Measurement | None:
        for name in dict.fromkeys((metric, metric.partition("(")[0])):
            for spelled in dict.fromkeys((condition, condition.partition(" on ")[0])):
                if (one := self._found.get((model, name, spelled))) is not None:
                    return one
        return None

    def _one(self, model: str, cell: Cell, named: bool) -> Measurement:
        conditions = [cell.condition_spelling] if named else [cell.condition_spelling, str(cell.condition)]
        for metric in dict.fromkeys((str(cell.metric), cell.metric.name)):
            for condition in conditions:
                if (found := self._found.get((model, metric, condition))) is not None:
                    return found
        raise NotRunError(self._missing(model, cell))

    def _missing(self, model: str, cell: Cell) -> str:
        if model not in self.models:
            return f"{self.source} has no measurements of the model {model!r}; it has {listing(self.models)}."
        metrics = dict.fromkeys(metric for m, metric, _ in self._found if m == model)
        if str(cell.metric) not in metrics and cell.metric.name not in metrics:
            return f"{self.source} has no metric {str(cell.metric)!r} for {model}; it has {listing(metrics)}."
        conditions = [
            c for m, metric, c in self._found if m == model and metric in (str(cell.metric), cell.metric.name)
        ]
        return f"{self.source} has no condition {cell.condition_spelling!r} of {cell.metric} for {model}; it has {listing(conditions, 6)}."


def read_measurements(path: Path) -> Recorded:
    """A table from parquet, CSV or JSON lines; whatever is wrong with it is a sentence that names rows."""
    columns, first_row = _read(path)
    name = path.name
    for column in ("model", "metric", "condition", "example", "cluster"):
        _texts(name, column, columns[column], first_row)
    values = _numbers(name, columns["value"], first_row)
    coded = {column: columns[column].combine_chunks().dictionary_encode() for column in COLUMNS if column != "value"}
    codes = {column: array.indices.to_numpy(zero_copy_only=False).astype(np.int64) for column, array in coded.items()}
    words = {column: array.dictionary.to_pylist() for column, array in coded.items()}
    words["condition"] = _conditions(name, words["condition"], codes["condition"], first_row)
    for model in words["model"]:
        if not model or any(c.isspace() or c in "[]:|" for c in model):
            raise ClaimsError(
                f"{name}: the model key {model!r} becomes part of test ids; use no spaces, brackets, ':' or '|'."
            )
    for metric in words["metric"]:
        if not _METRIC.fullmatch(metric):
            code = words["metric"].index(metric)
            raise ClaimsError(
                f"{name}, {_rows(np.flatnonzero(codes['metric'] == code), first_row)}: {metric!r} is no metric's name; "
                "write x, or x(option=value), with letters, digits and '_'."
            )
    ragged = _is_ragged(path)
    return Recorded(_split(name, words, codes, values, first_row, ragged), name, ragged)


def write_measurements(path: Path, measurements: Iterable[Measurement], ragged: bool = False) -> None:
    """The long table as parquet, readable as an input again; `ragged` says that arms may end early, on purpose."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from causal_claims.ledger import write_whole

    found = list(measurements)
    lengths = [len(one.values) for one in found]

    def repeated(words: list[str]) -> Any:
        indices = pa.array(np.repeat(np.arange(len(words), dtype=np.int32), lengths))
        return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))

    table = pa.table({
        "model": repeated([one.model for one in found]),
        "metric": repeated([one.metric for one in found]),
        "condition": repeated([one.condition for one in found]),
        "example": pa.array([example for one in found for example in one.examples], pa.string()),
        "cluster": pa.array([cluster for one in found for cluster in one.clusters], pa.string()),
        "value": pa.array(np.concatenate([one.values for one in found]) if found else np.empty(0)),
    })  # fmt: skip
    if ragged:
        table = table.replace_schema_metadata({_RAGGED: b"1"})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_whole(path, sink.getvalue().to_pybytes())


def _common(found: Mapping[Cell, Measurement]) -> dict[Cell, Measurement]:
    """The cells of one claim on the examples that all cells of their set have."""
    shared: dict[str | None, set[str]] = {}
    for cell, one in found.items():
        shared[cell.metric.over] = shared.get(cell.metric.over, set(one.examples)) & set(one.examples)
    return {cell: one.only(shared[cell.metric.over]) for cell, one in found.items()}


def _is_ragged(path: Path) -> bool:
    if path.suffix.lower() != ".parquet":
        return False
    import pyarrow.parquet as pq

    return _RAGGED in (pq.ParquetFile(path).schema_arrow.metadata or {})


def _read(path: Path) -> tuple[dict[str, Any], int]:
    """The columns as they are, and the number a person would give the first row."""
    import pyarrow as pa

    if not path.is_file():
        what = "this is a folder; give a file" if path.is_dir() else "there is no such file"
        raise ClaimsError(f"--claims-measurements {path}: {what}.")
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            import pyarrow.parquet as pq

            table, first_row = pq.ParquetFile(path).read(), 1  # read_table loads pandas where it is installed
        elif suffix == ".csv":
            from pyarrow import csv

            texts = csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=False)
            table, first_row = csv.read_csv(path, convert_options=texts), 2
        elif suffix in (".jsonl", ".ndjson", ".json"):
            from pyarrow import json

            table, first_row = json.read_json(path), 1
        else:
            raise ClaimsError(
                f"{path.name}: a measurement table is .parquet, .csv or .jsonl, not {suffix or 'a file without suffix'!r}."
            )
        names = table.column_names
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OSError, UnicodeDecodeError) as error:
        raise ClaimsError(
            f"{path.name} cannot be read as {suffix[1:]}: {' '.join(str(error).split())[:300]}."
        ) from None
    doubled = [c for c in names if names.count(c) > 1]
    if doubled:
        raise ClaimsError(f"{path.name} has the column {doubled[0]!r} more than once.")
    missing = [column for column in REQUIRED if column not in table.column_names]
    if missing:
        raise ClaimsError(
            f"{path.name} has no column {listing(map(repr, missing))}; it has {listing(table.column_names)}. "
            f"A measurement table has the columns {listing(COLUMNS)} (cluster may be left out: every example is its own)."
        )
    if table.num_rows == 0:
        raise ClaimsError(f"{path.name} has no rows; a measurement table has one row per example and condition.")
    columns = {column: table[column] for column in REQUIRED}
    columns["cluster"] = table["cluster"] if "cluster" in table.column_names else columns["example"]
    for column in COLUMNS[:-1]:
        if pa.types.is_dictionary(columns[column].type):
            columns[column] = columns[column].cast(columns[column].type.value_type)
        if pa.types.is_integer(columns[column].type) and column in ("example", "cluster"):
            columns[column] = columns[column].cast(pa.string())
    return columns, first_row


def _texts(name: str, column: str, array: Any, first_row: int) -> None:
    import pyarrow as pa
    from pyarrow import compute

    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        raise ClaimsError(f"{name}: the column {column!r} must be text, not {array.type}.")
    empty = compute.fill_null(compute.equal(array, ""), True)
    if compute.any(empty).as_py():
        raise ClaimsError(f"{name}: {column} is empty in {_rows(np.flatnonzero(empty.to_numpy()), first_row)}.")


def _numbers(name: str, array: Any, first_row: int) -> NDArray[np.float64]:
    """The value column as float64; text that is no number, NaN and infinity are named."""
    import pyarrow as pa

    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        found = [_number(text) for text in array.to_pylist()]
        bad = [i for i, one in enumerate(found) if one is None]
        if bad:
            raise ClaimsError(f"{name}: value {array[bad[0]].as_py()!r} is no number, in {_rows(bad, first_row)}.")
        values = np.array(found, dtype=np.float64)
    elif pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        if array.null_count:
            raise ClaimsError(
                f"{name}: value is missing in {_rows(np.flatnonzero(array.is_null().to_numpy()), first_row)}."
            )
        values = array.to_numpy().astype(np.float64)
    else:
        raise ClaimsError(f"{name}: the column 'value' must hold numbers, not {array.type}.")
    if not np.isfinite(values).all():
        bad = np.flatnonzero(~np.isfinite(values)).tolist()
        raise ClaimsError(
            f"{name}: value is {values[bad[0]]} in {_rows(bad, first_row)}; a measurement is a finite number."
        )
    return values


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None and "_" not in text else None
    except ValueError:
        return None


def _conditions(name: str, spelled: list[str], codes: Codes, first_row: int) -> list[str]:
    """Conditions in the spelling that claims print, whatever order their sites were written in."""
    canonical = []
    for code, text in enumerate(spelled):
        condition, on, over = text.partition(" on ")
        try:
            if over != over.strip() or bool(on) is not bool(over):
                raise ClaimsError(f"{text!r}: after ' on ' comes the name of a set of examples.")
            canonical.append(f"{parse_condition(condition)}{on}{over}")
        except ClaimsError as error:
            raise ClaimsError(f"{name}, {_rows(np.flatnonzero(codes == code), first_row)}: {error}") from None
    return canonical


def _split(
    name: str,
    words: Mapping[str, list[str]],
    codes: Mapping[str, Codes],
    values: NDArray[np.float64],
    first_row: int,
    ragged: bool = False,
) -> Iterable[Measurement]:
    """One measurement per model, metric and condition, in example order; arms of one set must match row for row."""
    spelled = sorted(set(words["condition"]))
    condition = np.array([spelled.index(text) for text in words["condition"]])[codes["condition"]]
    ranks = np.argsort(np.argsort(np.array(words["example"], dtype=object).astype(str)))
    order = np.lexsort((ranks[codes["example"]], condition, codes["metric"], codes["model"]))
    keys = np.column_stack([codes["model"], codes["metric"], condition])[order]  # rows x 3
    example, cluster = codes["example"][order], codes["cluster"][order]
    starts = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)])
    twice = np.flatnonzero((keys[1:] == keys[:-1]).all(axis=1) & (example[1:] == example[:-1]))
    if len(twice):
        i = int(twice[0])
        pair = sorted((int(order[i]), int(order[i + 1])))
        what = f"{spelled[keys[i, 2]]}, example {words['example'][example[i]]}"
        raise ClaimsError(f"{name}: {_rows(pair, first_row)} hold the same measurement twice ({what}).")
    arms: dict[tuple[str, str, str], tuple[str, slice]] = {}
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        model, metric, text = words["model"][keys[start, 0]], words["metric"][keys[start, 1]], spelled[keys[start, 2]]
        arms[model, metric, text] = (text.partition(" on ")[2], slice(int(start), int(end)))
    for (model, metric, text), (over, rows) in arms.items():
        baseline = arms.get((model, metric, f"baseline on {over}" if over else "baseline"))
        if baseline is None:
            raise ClaimsError(
                f"{name}: {metric} of {model} has the condition {text!r} and no baseline{f' on {over}' if over else ''}; add its rows."
            )
        if not ragged:
            _same_examples(
                name, (model, metric, text), words["example"], example, cluster, order, rows, baseline[1], first_row
            )
        yield Measurement(
            model,
            metric,
            text,
            tuple(words["example"][i] for i in example[rows]),
            tuple(words["cluster"][i] for i in cluster[rows]),
            values[order[rows]],
        )


def _same_examples(
    name: str,
    key: tuple[str, str, str],
    examples: list[str],
    example: Codes,
    cluster: Codes,
    order: Codes,
    rows: slice,
    baseline: slice,
    first_row: int,
) -> None:
    here, there = example[rows], example[baseline]
    if not np.array_equal(here, there):
        odd = np.setxor1d(here, there)[0]
        place = order[rows][here == odd] if odd in here else order[baseline][there == odd]
        lacks = "its baseline lacks" if odd in here else "it lacks and its baseline has"
        raise ClaimsError(
            f"{name}: {key[2]!r} of {key[1]} in {key[0]} and its baseline have unequal examples: "
            f"{examples[odd]!r} ({_rows(place.tolist(), first_row)}) {lacks}."
        )
    if not np.array_equal(cluster[rows], cluster[baseline]):
        at = int(np.flatnonzero(cluster[rows] != cluster[baseline])[0])
        raise ClaimsError(
            f"{name}: example {examples[here[at]]!r} is in another cluster under {key[2]!r} than in its baseline."
        )


def _rows(indices: Sequence[int] | NDArray[Any], first_row: int) -> str:
    numbers = [int(i) + first_row for i in indices]
    return f"row {numbers[0]}" if len(numbers) == 1 else f"rows {listing(numbers, 5)}"
