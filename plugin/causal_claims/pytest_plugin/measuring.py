"""Live numbers: the cells of all claims a worker will judge, measured in batches when the first of them is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from causal_claims.claims.claim import Claim
from causal_claims.claims.effects import Cell
from causal_claims.claims.picked import Heads, Pick
from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.measurements import Measurement
from causal_claims.models import Registry
from causal_claims.pytest_plugin.live import built, engine_settings
from causal_claims.pytest_plugin.options import Settings

if TYPE_CHECKING:
    from causal_claims.engine.engine import Engine


class Measuring:
    """The engine of a run, loaded when a model is first needed, and what it has measured."""

    def __init__(
        self, registry: Registry, settings: Settings, find: Callable[[str, Pick], Heads], progress: Any = None
    ) -> None:
        self.find = find  # the heads that a claim is about: from a file, or from `heads`
        self._registry = registry
        self._settings = settings
        self._progress = progress
        self._engines: dict[str, Engine] = {}
        self._found: dict[tuple[str, Cell], Measurement | ClaimsError] = {}
        self._groups: dict[str, str] = {}  # test -> the group it is handed out with
        self._wanted: dict[str, list[tuple[str, Claim]]] = {}  # group -> model and claim
        self._heads: dict[tuple[str, Pick], Heads] = {}
        self._last: dict[str, str] = {}  # model -> the last test that reads it

    def engine(self, model: str) -> Engine:
        """The engine that holds this model; a stand-in is built when it is first needed."""
        if model not in self._engines:
            share_cores()
            try:
                from causal_claims.engine.engine import Engine
            except ModuleNotFoundError as error:
                raise NotRunError(
                    f"{error.name} is not installed, so no model can be measured: pip install 'pytest-causal-claims[models]', "
                    "or judge recorded numbers with --claims-measurements FILE."
                ) from None
            spec = built(self._registry[model], self._settings.cache)
            self._engines[model] = Engine(
                replace(self._registry, models={model: spec}), engine_settings(self._settings)
            )
        return self._engines[model]

    def gather(self, items: Sequence[pytest.Item], groups: Mapping[str, str]) -> None:
        """Remember what the selected tests will need, after deselection; nothing is measured yet."""
        self._groups = dict(groups)
        for item in items:
            params = getattr(getattr(item, "callspec", None), "params", {})
            model = params.get("model_key")
            if model is None:
                continue
            wanted = self._wanted.setdefault(self._group(item.nodeid, model), [])
            for claim in (value for value in params.values() if isinstance(value, Claim)):
                wanted.append((model, claim))
                for cell in claim.cells:
                    self._last[cell.model or model] = item.nodeid

    def heads(self, model: str, pick: Pick) -> Heads:
        """The heads that a claim is about: found on the model, once."""
        if (model, pick) not in self._heads:
            self._heads[model, pick] = self.engine(model).heads(model, pick)
        return self._heads[model, pick]

    def cells(self, node_id: str, model: str, cells: Sequence[Cell]) -> dict[Cell, Measurement]:
        """These cells' measurements; what its group needs besides is measured with them, each model's at once."""
        found: dict[Cell, Measurement] = {}
        for key in dict.fromkeys(cell.model or model for cell in cells):
            here = [cell for cell in cells if (cell.model or model) == key]
            if any((key, cell) not in self._found for cell in here):
                self._measure(key, dict.fromkeys([*here, *self._together(self._group(node_id, model), key)]))
            for cell in here:
                one = self._found[key, cell]
                if isinstance(one, ClaimsError):
                    raise one
                found[cell] = one
        return found

    def done(self, node_id: str) -> None:
        """Free each model whose last claim this was."""
        for model, last in self._last.items():
            if last == node_id and (engine := self._engines.pop(model, None)) is not None:
                engine.release(model)

    def plan(self, model: str, cells: Sequence[Cell]) -> Any:
        return self.engine(model).plan(model, cells)

    def _together(self, group: str, key: str) -> Iterator[Cell]:
        """The cells on one model of all claims of a group."""
        for model, claim in self._wanted.get(group, ()):
            with suppress(ClaimsError):  # a claim that cannot be made says so where it is judged
                made = claim.of(lambda pick, model=model: self.find(model, pick))  # type: ignore[misc]
                yield from (cell for cell in made.cells if (cell.model or model) == key)

    def _measure(self, model: str, cells: Iterable[Cell]) -> None:
        missing = [cell for cell in cells if (model, cell) not in self._found]
        for other in [key for key in self._engines if key != model]:
            self._engines[other].release(other)  # one model in memory at a time
        for cell, one in self.engine(model).measure(model, missing, self._progress).items():
            self._found[model, cell] = one

    def _group(self, node_id: str, model: str) -> str:
        return self._groups.get(node_id, model)


def share_cores() -> None:
    """Workers side by side get a share of the cores each: threads that wait for one another stall a small model."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
