"""A file of measurements as columns, whatever its format; what cannot be read is a sentence."""

from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError, listing

COLUMNS = ("model", "metric", "condition", "example", "cluster", "value")
REQUIRED = ("model", "metric", "condition", "example", "value")


def read_columns(path: Path) -> tuple[dict[str, Any], int]:
    """The columns as they are, and the number a person would give the first row."""
    import pyarrow as pa

    _refuse_absent(path)
    try:
        table, first_row = _table(path)
        names = table.column_names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ClaimsError(f"{path.name} cannot be read as {path.suffix.lower()[1:]}: {_why(path, error)}.") from None
    _check_names(path.name, names)
    if table.num_rows == 0:
        raise ClaimsError(f"{path.name} has no rows; a measurement table has one row per example and condition.")
    columns = {column: table[column] for column in REQUIRED}
    columns["cluster"] = table["cluster"] if "cluster" in names else columns["example"]
    for column in COLUMNS[:-1]:
        if pa.types.is_dictionary(columns[column].type):
            columns[column] = columns[column].cast(columns[column].type.value_type)
        if pa.types.is_integer(columns[column].type) and column in ("example", "cluster"):
            columns[column] = columns[column].cast(pa.string())
    return columns, first_row


def _refuse_absent(path: Path) -> None:
    try:
        found = path.is_file()
        what = "this is a folder; give a file" if path.is_dir() else "there is no such file"
    except OSError as error:
        found, what = False, str(error.strerror)
    if not found:
        raise ClaimsError(f"--claims-measurements {str(path)[:300]}: {what}.")


def _table(path: Path) -> tuple[Any, int]:
    """The table by the file's suffix, and the number of its first row."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.ParquetFile(path).read(), 1  # read_table loads pandas where it is installed
    if suffix == ".csv":
        import pyarrow as pa
        from pyarrow import csv

        texts = csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=False)
        one_thread = csv.ReadOptions(use_threads=False)  # several do not know which row is wrong
        return csv.read_csv(path, read_options=one_thread, convert_options=texts), 2
    if suffix in (".jsonl", ".ndjson", ".json"):
        from pyarrow import json

        return json.read_json(path), 1
    raise ClaimsError(
        f"{path.name}: a measurement table is .parquet, .csv or .jsonl, not {suffix or 'a file without suffix'!r}."
    )


def _why(path: Path, error: Exception) -> str:
    """What pyarrow says on one line, and what is the matter most often."""
    what = "".join(c if c.isprintable() else "?" for c in " ".join(str(error).split())[:300].rstrip("."))
    with path.open("rb") as file:
        begins = file.read(2)
    if begins in (b"\xff\xfe", b"\xfe\xff"):
        return f"{what}; it is UTF-16, save it as UTF-8"
    if "(L" in what:
        return f'{what}; a field that holds a comma stands in quotes: "ablate(L0.H0, L0.H1)"'
    return what


def _check_names(file: str, names: list[str]) -> None:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        raise ClaimsError(f"{file}: the columns are separated by commas, not by {';' if ';' in names[0] else 'tabs'}.")
    if doubled := [name for name in names if names.count(name) > 1]:
        raise ClaimsError(f"{file} has the column {doubled[0]!r} more than once.")
    if missing := [column for column in REQUIRED if column not in names]:
        raise ClaimsError(
            f"{file} has no column {listing(map(repr, missing))}; it has {listing(map(repr, names))}. "
            f"A measurement table has the columns {listing(COLUMNS)} (cluster may be left out: every example is its own)."
        )
