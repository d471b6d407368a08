"""Rows as a person counts them in the file."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from causal_claims.errors import listing


def rows(indices: Sequence[int] | NDArray[Any], first_row: int) -> str:
    numbers = [int(i) + first_row for i in indices]
    return f"row {numbers[0]}" if len(numbers) == 1 else f"rows {listing(numbers, 5)}"
