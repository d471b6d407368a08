"""Live numbers: the cells of all claims a worker will judge, measured in batches when the first of them is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from causal_claims.claims.effects import Cell
from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.judging.arms import norm_twins
from causal_claims.measurements import Measurement
from causal_claims.models import Registry
from causal_claims.pytest_plugin.items import claims_in, model_in
from causal_claims.pytest_plugin.live import built, engine_settings
from causal_claims.pytest_plugin.settings import Settings

if TYPE_CHECKING:
    from causal_claims.engine.engine import Engine


class Measuring:
    """The engine of a run, loaded when a model is first needed, and what it has measured."""

    def __init__(self, registry: Registry, settings: Settings, progress: Any = None) -> None:
        self._registry = registry
        self._settings = settings
        self._progress = progress
        self._engines: dict[str, Engine] = {}
        self._found: dict[tuple[str, Cell], Measurement | ClaimsError] = {}
        self._groups: dict[str, str] = {}  # test -> the group it is handed out with
        self._wanted: dict[str, dict[str, dict[Cell, None]]] = {}  # group -> model -> cells
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
            model = model_in(item)
            if model is None:
                continue
            if "model" in getattr(item, "fixturenames", ()):  # it measures by hand
                self._last[model] = item.nodeid
                continue
            wanted = self._wanted.setdefault(self._group(item.nodeid, model), {})
            for claim in claims_in(item).values():
                for cell in (*claim.cells, *norm_twins(claim).values()):
                    wanted.setdefault(cell.model or model, {})[cell] = None
                    self._last[cell.model or model] = item.nodeid

    def cells(self, node_id: str, model: str, cells: Sequence[Cell]) -> dict[Cell, Measurement]:
        """These cells' measurements; what its group needs besides is measured with them, each model's at once."""
        found: dict[Cell, Measurement] = {}
        for key in dict.fromkeys(cell.model or model for cell in cells):
            here = [cell for cell in cells if (cell.model or model) == key]
            if any((key, cell) not in self._found for cell in here):
                together = self._wanted.get(self._group(node_id, model), {}).get(key, {})
                self._measure(key, dict.fromkeys([*here, *together]))
            for cell in here:
                one = self._found[key, cell]
                if isinstance(one, ClaimsError):
                    raise one
                found[cell] = one
        return found

    def with_room(self, model: str) -> Engine:
        """The engine of a model; other models' weights go, oldest first, until it fits beside the rest."""
        engine = self.engine(model)
        for other in [key for key in self._engines if key != model]:
            if engine.has_room(model):
                break
            self._engines[other].release(other)
        return engine

    def done(self, node_id: str) -> None:
        """Free each model whose last claim this was."""
        for model, last in self._last.items():
            if last == node_id and (engine := self._engines.pop(model, None)) is not None:
                engine.release(model)

    def plan(self, model: str, cells: Sequence[Cell]) -> Any:
        return self.engine(model).plan(model, cells)

    def _measure(self, model: str, cells: Iterable[Cell]) -> None:
        missing = [cell for cell in cells if (model, cell) not in self._found]
        for cell, one in self.with_room(model).measure(model, missing, self._progress).items():
            self._found[model, cell] = one

    def _group(self, node_id: str, model: str) -> str:
        return self._groups.get(node_id, model)


def share_cores() -> None:
    """Workers side by side get a share of the cores each: threads that wait for one another stall a small model."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
