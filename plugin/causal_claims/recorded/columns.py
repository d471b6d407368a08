"""Columns as text and as numbers: what is empty, missing or no number is named by its rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_claims.errors import ClaimsError
from causal_claims.recorded.rows import rows


def check_text(name: str, column: str, array: Any, first_row: int) -> None:
    import pyarrow as pa
    from pyarrow import compute

    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        raise ClaimsError(f"{name}: the column {column!r} must be text, not {array.type}.")
    empty = compute.fill_null(compute.equal(array, ""), True)
    if compute.any(empty).as_py():
        raise ClaimsError(f"{name}: {column} is empty in {rows(np.flatnonzero(empty.to_numpy()), first_row)}.")


def numbers(name: str, array: Any, first_row: int) -> NDArray[np.float64]:
    """The value column as float64; text that is no number, NaN and infinity are named."""
    import pyarrow as pa

    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        found = [_number(text) for text in array.to_pylist()]
        bad = [i for i, one in enumerate(found) if one is None]
        if bad:
            raise ClaimsError(f"{name}: value {array[bad[0]].as_py()!r} is no number, in {rows(bad, first_row)}.")
        values = np.array(found, dtype=np.float64)
    elif pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        if array.null_count:
            raise ClaimsError(
                f"{name}: value is missing in {rows(np.flatnonzero(array.is_null().to_numpy()), first_row)}."
            )
        values = array.to_numpy().astype(np.float64)
    else:
        raise ClaimsError(f"{name}: the column 'value' must hold numbers, not {array.type}.")
    if not np.isfinite(values).all():
        bad = np.flatnonzero(~np.isfinite(values)).tolist()
        raise ClaimsError(
            f"{name}: value is {values[bad[0]]} in {rows(bad, first_row)}; a measurement is a finite number."
        )
    return values


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None and text.isascii() and "_" not in text else None
    except ValueError:
        return None
