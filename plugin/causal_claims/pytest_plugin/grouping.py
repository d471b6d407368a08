"""Which tests are handed out together: a pure function of the node ids, the same on controller and workers."""

from __future__ import annotations

import re
from collections import Counter

_KEY = re.compile(r"\[([^\[\]\s]+?)-")
_LARGEST = 48  # tests handed out at once, or half of what each worker gets: the rest of a large group goes to idle ones


def grouped(node_ids: list[str], models: set[str], workers: int) -> dict[str, str]:
    """Each test's group: `model#share` for claims, itself for any other.  A pure function of the ids."""
    keys = {node: key for node in node_ids if (key := model_of(node, models)) is not None}
    sizes = Counter(keys.values())
    shares = {
        key: max(1, min(-(-size // 4), -(-workers // max(1, len(sizes))), workers)) for key, size in sizes.items()
    }
    groups: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for node in node_ids:
        key = keys.get(node)
        if key is None:
            groups[node] = node
            continue
        length = -(-sizes[key] // shares[key])
        if workers > 1:
            length = min(max(_LARGEST, -(-len(node_ids) // (2 * workers))), length)
        groups[node] = f"{key}#{seen[key] // length}"
        seen[key] += 1
    return groups


def model_of(node_id: str, models: set[str]) -> str | None:
    match = _KEY.search(node_id)
    return match[1] if match and match[1] in models else None
