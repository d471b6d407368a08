"""A table from parquet, CSV or JSON lines, checked before anything is judged."""

import re
from pathlib import Path

import numpy as np

from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import parse_condition
from causal_claims.recorded.arms import Codes, Table, arms
from causal_claims.recorded.columns import check_text, numbers
from causal_claims.recorded.file import COLUMNS, read_columns
from causal_claims.recorded.provenance import read_provenance
from causal_claims.recorded.recorded import Recorded
from causal_claims.recorded.rows import rows

_METRIC = re.compile(r"[A-Za-z0-9_]+(\([^()]+\))?")


def read_measurements(path: Path) -> Recorded:
    """A table from parquet, CSV or JSON lines; whatever is wrong with it is a sentence that names rows."""
    columns, first_row = read_columns(path)
    name = path.name
    for column in ("model", "metric", "condition", "example", "cluster"):
        check_text(name, column, columns[column], first_row)
    values = numbers(name, columns["value"], first_row)
    coded = {column: columns[column].combine_chunks().dictionary_encode() for column in COLUMNS if column != "value"}
    codes = {column: array.indices.to_numpy(zero_copy_only=False).astype(np.int64) for column, array in coded.items()}
    words = {column: array.dictionary.to_pylist() for column, array in coded.items()}
    words["condition"] = _conditions(name, words["condition"], codes["condition"], first_row)
    for model in words["model"]:
        if len(model) > 100 or any(c.isspace() or c in "[]:|" or not c.isprintable() for c in model):
            raise ClaimsError(
                f"{name}: the model key {model[:100]!r} becomes part of test ids; "
                "use at most 100 characters, and no spaces, control characters, brackets, ':' or '|'."
            )
    for metric in words["metric"]:
        if not _METRIC.fullmatch(metric):
            code = words["metric"].index(metric)
            raise ClaimsError(
                f"{name}, {rows(np.flatnonzero(codes['metric'] == code), first_row)}: {metric!r} is no metric's name; "
                "write x, or x(option=value), with letters, digits and '_'."
            )
    known = read_provenance(path)
    found = arms(Table(name, words, codes, values, first_row), own=known is not None)
    return Recorded(found, name) if known is None else Recorded(map(known.of, found), name, known.picks)


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
            raise ClaimsError(f"{name}, {rows(np.flatnonzero(codes == code), first_row)}: {error}") from None
    return canonical
