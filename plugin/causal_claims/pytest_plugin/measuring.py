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
from causal_claims.examples import ExampleSet, first_units
from causal_claims.judging.arms import norm_controls
from causal_claims.measurements import Measurement
from causal_claims.models import Registry
from causal_claims.pytest_plugin.items import claims_in, model_in, pairs
from causal_claims.pytest_plugin.live import built, engine_settings
from causal_claims.pytest_plugin.notes import Notes
from causal_claims.pytest_plugin.pictures import Pictures
from causal_claims.pytest_plugin.rates import remember
from causal_claims.pytest_plugin.settings import Settings
from causal_claims.sites import Head

if TYPE_CHECKING:
    from causal_claims.engine.cluster import ClusterEngine
    from causal_claims.engine.engine import Engine
    from causal_claims.engine.settings import Progress


class Measuring:
    """The engine of a run, loaded when a model is first needed, and what it has measured."""

    def __init__(
        self, registry: Registry, settings: Settings, progress: Progress | None = None, notes: Notes | None = None
    ) -> None:
        self.pictures = Pictures()
        self.find: Callable[[str, Pick], Heads] = self.heads  # the heads that a claim is about; a file may name them
        self._registry = registry
        self._settings = settings
        self._progress = progress
        self._notes = notes or Notes()
        self._engines: dict[str, Engine | ClusterEngine] = {}
        self._refused: dict[str, ClaimsError] = {}  # models that cannot be loaded
        self._found: dict[tuple[str, Cell], Measurement | ClaimsError] = {}
        self._groups: dict[str, str] = {}  # test -> the group it is handed out with
        self._wanted: dict[str, list[tuple[str, Claim]]] = {}  # group -> model and claim
        self._heads: dict[tuple[str, Pick], Heads] = {}
        self._patterns: dict[tuple[str, Head, str], Mapping[str, Any] | None] = {}
        self._margins: dict[str, list[tuple[Sequence[Cell], float]]] = {}  # model -> what claims compare, how finely
        self._last: dict[str, str] = {}  # model -> the last test that reads it

    def engine(self, model: str) -> Engine | ClusterEngine:
        """The engine that holds this model; a stand-in is built when it is first needed."""
        if model not in self._engines and (cluster := self._settings.executor) is not None:
            from causal_claims.engine.cluster import ClusterEngine

            spec = built(self._registry[model], self._settings.cache)
            self._engines[model] = ClusterEngine(
                replace(self._registry, models={model: spec}),
                engine_settings(self._settings),
                cluster.address,
                cluster.actors,
            )
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
        self.pictures.choose((item.nodeid, claim, key) for item in items for claim, key in pairs([item]))
        for item in items:
            model = model_in(item)
            if model is None:
                continue
            if "model" in getattr(item, "fixturenames", ()):  # it measures by hand
                self._last[model] = item.nodeid
                continue
            wanted = self._wanted.setdefault(self._group(item.nodeid, model), [])
            for claim in claims_in(item).values():
                self._margins.setdefault(model, []).append((claim.cells, _fineness(claim)))
                wanted.append((model, claim))
                for cell in (*claim.cells, *norm_controls(claim)):
                    self._last[cell.model or model] = item.nodeid

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

    def heads(self, model: str, pick: Pick) -> Heads:
        """The heads that a claim is about: found on the model, once."""
        if (model, pick) not in self._heads:
            self._heads[model, pick] = self.engine(model).heads(model, pick)
        return self._heads[model, pick]

    def _together(self, group: str, key: str) -> Iterator[Cell]:
        """The cells on one model of all claims of a group."""
        for model, claim in self._wanted.get(group, ()):
            with suppress(ClaimsError):  # a claim that cannot be made says so where it is judged
                made = claim.of(lambda pick, model=model: self.find(model, pick))  # type: ignore[misc]
                cells = (*made.cells, *norm_controls(made))
                yield from (cell for cell in cells if (cell.model or model) == key)

    def look(self, model: str, cells: Sequence[Cell], share: float) -> dict[Cell, Measurement | ClaimsError]:
        """Cells on a share of their examples, for sequential runs."""

        def rows(data: ExampleSet) -> tuple[int, ...]:
            first = first_units((one.unit for one in data.examples), share)
            return tuple(row for row, one in enumerate(data.examples) if one.unit in first)

        found: dict[Cell, Measurement | ClaimsError] = {}
        for key in dict.fromkeys(cell.model or model for cell in cells):
            here = [cell for cell in cells if (cell.model or model) == key]
            if (refused := self._refused.get(key)) is not None:
                found.update(dict.fromkeys(here, refused))
                continue
            try:
                found.update(self.with_room(key).measure(key, here, self._progress, rows, self._margins.get(key, ())))
            except ClaimsError as error:
                self._refused[key] = error
                found.update(dict.fromkeys(here, error))
                continue
            self._note(key)
        return found

    def with_room(self, model: str) -> Engine | ClusterEngine:
        """The engine of a model; other models' weights go, oldest first, until it fits beside the rest."""
        engine = self.engine(model)
        for other in [key for key in self._engines if key != model]:
            if engine.has_room(model):
                break
            self._engines[other].release(other)
        return engine

    def here(self, model: str) -> Engine:
        """The engine of a model in this process, for a test that uses the model itself."""
        from causal_claims.engine.engine import Engine

        engine = self.with_room(model)
        if isinstance(engine, Engine):
            return engine
        raise ClaimsError(
            f"{model}: this test uses the model itself, which lies on the cluster; run it with --claims-executor=local."
        )

    def done(self, node_id: str) -> None:
        """Free each model whose last claim this was."""
        for model, last in self._last.items():
            if last == node_id and (engine := self._engines.pop(model, None)) is not None:
                engine.release(model)

    def attention(self, model: str, head: Head, over: str) -> Mapping[str, Any] | None:
        """A head's pattern on the first example of a set; None where the model is not in memory any more."""
        key = (model, head, over)
        if key not in self._patterns:
            engine = self._engines.get(model)
            self._patterns[key] = engine.attention(model, head, over) if engine is not None else None
        return self._patterns[key]

    def _measure(self, model: str, cells: Iterable[Cell]) -> None:
        missing = [cell for cell in cells if (model, cell) not in self._found]
        if (refused := self._refused.get(model)) is not None:  # a model that cannot be loaded is not tried again
            self._found.update(((model, cell), refused) for cell in missing)
            return
        try:
            found = self.with_room(model).measure(model, missing, self._progress, None, self._margins.get(model, ()))
        except ClaimsError as error:
            self._refused[model] = error
            self._found.update(((model, cell), error) for cell in missing)
            return
        self._found.update(((model, cell), one) for cell, one in found.items())
        self._note(model)
        measured = [(cell, one) for cell, one in found.items() if isinstance(one, Measurement)]
        remember(self._settings.cache, self._registry[model], measured)

    def _note(self, model: str) -> None:
        store = self.engine(model).store
        for sentence in store.sentences:
            self._notes.say(sentence, incomplete=store.trouble is not None)

    def _group(self, node_id: str, model: str) -> str:
        return self._groups.get(node_id, model)


def _fineness(claim: Claim) -> float:
    """The margin that an effect is held to, in units of the metric; 0 where there is none."""
    margin = getattr(claim.rule, "beyond", getattr(claim.rule, "within", None))
    return float(margin) if margin and claim.rule.distance(0.0) is not None else 0.0


def share_cores() -> None:
    """Workers side by side get a share of the cores each: threads that wait for one another stall a small model."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
