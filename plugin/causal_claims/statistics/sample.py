"""What every procedure asks of its numbers: finite float64, of the right shape, enough of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]


def vector(values: ArrayLike, at_least: int = 2, name: str = "the sample") -> Array:
    """The values as a float64 vector, or a ValueError that says what is wrong with them."""
    return _finite(values, 1, at_least, name)


def matrix(values: ArrayLike, at_least: int = 2, columns: int = 1, name: str = "the matrix") -> Array:
    """The values as a float64 matrix, examples x columns, or a ValueError that says what is wrong with them."""
    array = _finite(values, 2, at_least, name)
    if array.shape[1] < columns:
        raise ValueError(f"{name} needs at least {columns} columns; it has {array.shape[1]}. Give one per condition.")
    return array


def same_length(a: Array, b: Array, names: str) -> None:
    """Two paired samples must be of one length."""
    if len(a) != len(b):
        raise ValueError(f"{names} are paired by example; there are {len(a)} and {len(b)}. Give both for every one.")


def fraction(value: float, name: str) -> float:
    """A confidence, a power or a level strictly between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1; it is {value}. Write 95 % as 0.95.")
    return float(value)


def positive(value: float, name: str) -> float:
    """A finite number above 0."""
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a number above 0; it is {value}.")
    return float(value)


def count(value: Any, name: str, at_least: int = 0, at_most: int | None = None) -> int:
    """A whole number within its limits."""
    if isinstance(value, bool) or int(value) != value or value < at_least or (at_most is not None and value > at_most):
        limits = f"at least {at_least}" if at_most is None else f"from {at_least} to {at_most}"
        raise ValueError(f"{name} must be a whole number {limits}; it is {value}.")
    return int(value)


def _finite(values: ArrayLike, dimensions: int, at_least: int, name: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions:
        shape = "a vector" if dimensions == 1 else "a matrix (examples x columns)"
        raise ValueError(f"{name} must be {shape}; its shape is {array.shape}.")
    if len(array) < at_least:
        raise ValueError(f"{name} needs at least {at_least} examples; there are {len(array)}. Measure more examples.")
    if not np.isfinite(array).all():
        bad = f"{int((~np.isfinite(array)).sum())} of {array.size} numbers"
        raise ValueError(f"{name} must be finite; {bad} are NaN or infinite. Repair the measurement.")
    return array
