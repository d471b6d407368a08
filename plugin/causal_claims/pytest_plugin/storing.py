"""The store of measurements after a run: held to its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from causal_claims.pytest_plugin.notes import notes_of
from causal_claims.verdicts import count

if TYPE_CHECKING:
    from causal_claims.pytest_plugin.settings import Settings


def prune(config: pytest.Config, settings: Settings) -> None:
    """By the controller, once every number of the run is in its files."""
    if settings.cache is None or settings.cache_size is None or settings.plan or config.option.collectonly:
        return
    from causal_claims.engine.store import Store

    try:
        removed, freed = Store(settings.cache).prune(int(settings.cache_size * 1e9))
    except OSError as error:
        notes_of(config).say(f"the store of measurements could not be pruned: {error.strerror or error}.")
        return
    if removed:
        notes_of(config).say(
            f"{count(removed, 'file')} ({freed / 1e6:.1f} MB) used longest ago were removed from the store."
        )
