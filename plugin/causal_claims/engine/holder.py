"""What an actor of a cluster holds and is told: one model, and the examples and functions that a suite declares.

It loads torch when it is made, on the node where it lies.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from causal_claims.claims.effects import Cell
from causal_claims.claims.picked import Heads, Pick
from causal_claims.engine.settings import Settings
from causal_claims.examples import ExampleSet, declare, examples
from causal_claims.interventions.intervention import OPERATIONS
from causal_claims.metrics.metric import METRICS
from causal_claims.models import ModelSpec, Registry
from causal_claims.sites import Head

Rows = Callable[[ExampleSet], tuple[int, ...]]
Margins = Iterable[tuple[Sequence[Cell], float]]


class Holder:
    """The actor: one engine, one model."""

    def __init__(self, spec: ModelSpec, settings: Settings) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1" if settings.device == "cpu" else str(os.cpu_count() or 1))
        from causal_claims.engine.engine import Engine

        self._engine = Engine(Registry({spec.key: spec}), settings)

    def measure(
        self, declared: Mapping[str, Any], model: str, cells: Sequence[Cell], rows: Rows | None, margins: Margins
    ) -> Any:
        """The cells, and what the store has to say."""
        _learn(declared)
        store = self._engine.store
        found = self._engine.measure(model, cells, None, rows, margins)
        return found, list(store.sentences), store.trouble

    def heads(self, declared: Mapping[str, Any], model: str, pick: Pick) -> Heads:
        """The heads that a pick finds on the model."""
        _learn(declared)
        return self._engine.heads(model, pick)

    def attention(self, declared: Mapping[str, Any], model: str, head: Head, over: str) -> Any:
        """A head's pattern on the first example of a set."""
        _learn(declared)
        return self._engine.attention(model, head, over)


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
