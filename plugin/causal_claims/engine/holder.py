"""What an actor of a cluster holds and is told: one model, and the examples and functions that a suite declares.

It loads torch when it is first asked for numbers, on the node where it lies.
"""

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from causal_claims.claims.effects import Cell
from causal_claims.claims.picked import Heads, Pick
from causal_claims.engine.settings import Settings
from causal_claims.examples import ExampleSet, declare, examples
from causal_claims.interventions.intervention import OPERATIONS
from causal_claims.metrics.metric import METRICS
from causal_claims.models import ModelSpec, Registry
from causal_claims.sites import Head

if TYPE_CHECKING:
    from causal_claims.engine.engine import Engine

Rows = Callable[[ExampleSet], tuple[int, ...]]
Margins = Iterable[tuple[Sequence[Cell], float]]


class Holder:
    """The actor: one engine, one model."""

    def __init__(self, spec: ModelSpec, settings: Settings) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1" if settings.device == "cpu" else str(os.cpu_count() or 1))
        self._spec, self._settings = spec, settings
        self._working = False
        self._since = time.monotonic()

    @cached_property
    def _engine(self) -> "Engine":
        from causal_claims.engine.engine import Engine

        return Engine(Registry({self._spec.key: self._spec}), self._settings)

    def idle(self) -> float:
        """Seconds since it last worked."""
        return 0.0 if self._working else time.monotonic() - self._since

    def release(self) -> None:
        """A run is done with the model, which may go as soon as another needs the room."""
        self._since = -math.inf

    def measure(
        self, declared: Mapping[str, Any], model: str, cells: Sequence[Cell], rows: Rows | None, margins: Margins
    ) -> Any:
        """The cells, and what the store has to say."""
        with self._at_work(declared):
            found = self._engine.measure(model, cells, None, rows, margins)
            store = self._engine.store
            return found, list(store.sentences), store.trouble

    def heads(self, declared: Mapping[str, Any], model: str, pick: Pick) -> Heads:
        """The heads that a pick finds on the model."""
        with self._at_work(declared):
            return self._engine.heads(model, pick)

    def attention(self, declared: Mapping[str, Any], model: str, head: Head, over: str) -> Any:
        """A head's pattern on the first example of a set."""
        with self._at_work(declared):
            return self._engine.attention(model, head, over)

    @contextmanager
    def _at_work(self, declared: Mapping[str, Any]) -> Iterator[None]:
        _learn(declared)
        self._working = True
        try:
            yield
        finally:
            self._working, self._since = False, time.monotonic()


def declarations(over: Iterable[str]) -> dict[str, Any]:
    """What an actor cannot import: sets of examples, and metrics and interventions that the suite itself declares."""
    from ray import cloudpickle

    found: dict[str, dict[str, Any]] = {
        "examples": {name: examples(name) for name in dict.fromkeys(over)},
        "metrics": {name: spec for name, spec in METRICS.items() if not _ours(spec.compute)},
        "operations": {name: one for name, one in OPERATIONS.items() if not _ours(one.apply)},
    }
    bodies = [spec.compute for spec in found["metrics"].values()] + [one.apply for one in found["operations"].values()]
    for module in {body.__module__ for body in bodies if body is not None}:
        if module in sys.modules:
            cloudpickle.register_pickle_by_value(sys.modules[module])
    return found


def _ours(body: Any) -> bool:
    return body is None or str(getattr(body, "__module__", "")).partition(".")[0] == "causal_claims"


def _learn(declared: Mapping[str, Any]) -> None:
    for name, one in declared["examples"].items():
        declare(one, name)
    METRICS.update(declared["metrics"])
    OPERATIONS.update(declared["operations"])
