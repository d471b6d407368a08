"""Which models a test runs on, by its markers."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from causal_claims.errors import nearest
from causal_claims.models import Registry
from causal_claims.pytest_plugin.items import BY_HAND
from causal_claims.recorded import Recorded


class Markers:
    """Every key, family and further marker of the registry and of the table, with the models it selects."""

    def __init__(self, registry: Registry, recorded: Recorded | None) -> None:
        self._tabled = tuple(key for key in recorded.models if key != BY_HAND) if recorded is not None else None
        self.by_name = dict(registry.markers)
        for key in self._tabled or ():
            if key.isidentifier():
                self.by_name.setdefault(key, (key,))

    def of(self, model: str) -> list[str]:
        return [name for name, keys in self.by_name.items() if model in keys]

    def models(self, marks: set[str]) -> list[str]:
        """The model keys that a test's markers choose; with recorded numbers and no such marker, those of the table.

        A test marked `by_hand` brings numbers of no model.
        """
        if BY_HAND in marks:
            return []
        chosen = list(dict.fromkeys(key for name, keys in self.by_name.items() if name in marks for key in keys))
        if self._tabled is None:
            return chosen
        return [key for key in chosen if key in self._tabled] or chosen or list(self._tabled)


def refuse_unknown(config: pytest.Config) -> None:
    """Where markers are strict, `-m mistrall` is a usage error and no empty run; pytest 9.1 does not say so itself."""
    if not (config.getini("strict_markers") or config.getini("strict")):
        return
    registered = {re.split(r"[:(]", line)[0].strip() for line in config.getini("markers")}
    for name in _names(config.option.markexpr):
        if name not in registered:
            raise pytest.UsageError(
                f"-m {config.option.markexpr!r}: there is no marker {name!r}{nearest(name, registered)}; pytest --markers lists them."
            )


def _names(expression: str) -> Iterable[str]:
    """The markers that an expression names, without operators and arguments."""
    plain = re.sub(r"\([^()]*=[^()]*\)", "", expression)
    return (name for name in re.findall(r"[\w:+\-.\[\]\\/]+", plain) if name not in ("and", "or", "not"))
