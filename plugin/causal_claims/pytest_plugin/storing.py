"""The store of measurements in a run: where it is, and how large it may grow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from causal_claims.pytest_plugin.notes import notes_of

if TYPE_CHECKING:
    from causal_claims.pytest_plugin.options import Settings


def add(group: Any, parser: pytest.Parser) -> None:
    group.addoption(
        "--claims-cache",
        metavar="DIR|URL|off",
        help="the store of measured cells: a folder, which many runs may share, or an object store, e.g. s3://bucket/prefix "
        "(default: .claims-cache)",
    )
    group.addoption(
        "--claims-cache-size", metavar="GB", help="after the run, forget what was used longest ago until the store fits"
    )
    parser.addini("claims_cache", "as --claims-cache", type="string", default=".claims-cache")
    parser.addini("claims_cache_size", "as --claims-cache-size", type="string", default="")


def where(text: str, root: Path) -> Path | str | None:
    """A folder from the root directory, a URL as it is, or no store."""
    if text == "off":
        return None
    return text if "://" in text else root / Path(text).expanduser()


def size(config: pytest.Config) -> float | None:
    text = config.getoption("--claims-cache-size") or str(config.getini("claims_cache_size"))
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise pytest.UsageError(f"--claims-cache-size={text}: give a number of gigabytes above 0.")
    return value


def prune(config: pytest.Config, settings: Settings) -> None:
    """By the controller, once every number of the run is in its files."""
    if settings.cache is None or settings.cache_size is None or settings.plan or config.option.collectonly:
        return
    from causal_claims.engine.store import Store

    try:
        count, freed = Store(settings.cache).prune(int(settings.cache_size * 1e9))
    except OSError as error:
        notes_of(config).say(f"the store of measurements could not be pruned: {error.strerror or error}.")
        return
    if count:
        notes_of(config).say(f"{count} files ({freed / 1e6:.1f} MB) used longest ago were removed from the store.")
