"""Which models a claim test runs on, and how its parameters are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from causal_claims.claims.claim import Claim
from causal_claims.pytest_plugin.markers import Markers

SLUGS: pytest.StashKey[dict[int, str]] = pytest.StashKey()


def add_models(metafunc: pytest.Metafunc, markers: Markers) -> None:
    """Parametrize the test over its models, the key first in the id; two claims of one slug get their hash."""
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    keys = markers.models(marks)
    if keys:
        params = [pytest.param(key, marks=[getattr(pytest.mark, name) for name in markers.of(key)]) for key in keys]
        metafunc.parametrize("model_key", params, ids=keys, indirect=True, scope="session")
    claims = list(_claims(mark for mark in metafunc.definition.iter_markers("parametrize")))
    doubled = {name for name, count in Counter(claim.slug for claim in claims).items() if count > 1}
    slugs = metafunc.config.stash.setdefault(SLUGS, {})
    for claim in claims:
        if claim.slug in doubled:
            slugs[id(claim)] = f"{claim.slug}-{claim.about.get('id') or claim.fingerprint[:4]}"


def slug(config: pytest.Config, claim: Any) -> str:
    """A claim's name in a test id: short, printable, without brackets."""
    name: str = config.stash.get(SLUGS, {}).get(id(claim)) or claim.slug
    return name.replace("[", "(").replace("]", ")").replace("::", ":")[:120]


def _claims(marks: Iterator[pytest.Mark]) -> Iterator[Claim]:
    for mark in marks:
        values = mark.args[1] if len(mark.args) > 1 else mark.kwargs.get("argvalues", ())
        for row in values if isinstance(values, list | tuple) else ():
            cells = row.values if hasattr(row, "marks") else row if isinstance(row, list | tuple) else (row,)
            yield from (cell for cell in cells if isinstance(cell, Claim))
