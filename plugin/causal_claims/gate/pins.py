"""Pinned revisions: a gate that does not know which weights it let through is none."""

from __future__ import annotations

import re
from collections.abc import Iterable

from causal_claims.errors import ClaimsError, listing
from causal_claims.models import Registry

_COMMIT = re.compile(r"[0-9a-f]{40}")


def refuse_unpinned(registry: Registry, keys: Iterable[str]) -> None:
    """Every model needs the full commit of its hub repository, or a folder, whose weights are hashed."""
    loose = []
    for key in sorted(set(keys)):
        spec = registry.models.get(key)
        if spec is None or spec.path is not None or spec.standing_in is not None:
            continue
        if spec.revision is None or not _COMMIT.fullmatch(spec.revision):
            loose.append(f"{key} ({spec.id}@{spec.revision or 'nothing'})")
    if loose:
        raise ClaimsError(
            f"the gate needs pinned revisions, and {listing(loose, 5)} {'is' if len(loose) == 1 else 'are'} not: write the "
            f"full commit of 40 digits as revision in {registry.source}, or give --claims-model KEY=ID@COMMIT."
        )
