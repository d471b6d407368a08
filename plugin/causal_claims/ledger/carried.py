"""Values as JSON and workers carry them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Only what JSON and execnet carry: numpy scalars and enums become plain, what is not finite becomes null."""
    if value is None or type(value) in (bool, str, int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, Iterable):
        return [plain(one) for one in value]
    if hasattr(value, "item"):
        return plain(value.item())
    return str(value)
