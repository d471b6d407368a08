"""Running with xdist: claims of one model go to one worker, a crashing test fails once, and none is lost unseen.

xdist's own loadgroup does nothing on pytest 9.2 (pytest-xdist#1386), and its scope schedulers hand a crashing test
out again and again.  The controller knows node ids only, so the model key at the head of the parameter id decides.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from causal_claims.pytest_plugin.cards import cards, shared
from causal_claims.pytest_plugin.grouping import grouped
from causal_claims.pytest_plugin.hooks import session_of


class ClaimScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Groups of claims by model, cut into shares; tests that are no claims go out one by one."""

    def __init__(self, config: Any, log: Any, models: set[str]) -> None:
        super().__init__(config, log)
        self._models = models
        self._groups: dict[str, str] = {}
        self._held: dict[Any, str | None] = {}  # the model each worker was last given

    def schedule(self) -> None:
        if not self._groups and self.registered_collections:
            self._groups = grouped(next(iter(self.registered_collections.values())), self._models, len(self.nodes))
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid, nodeid)

    def remove_node(self, node: Any) -> str | None:
        """A worker is gone: the test it was running failed with it, the rest of its work goes to others."""
        workload = self.assigned_work.pop(node)
        left = {
            scope: [test for test, done in unit.items() if not done] for scope, unit in workload.items()
        }  # in the order in which the worker ran them
        crashed: str | None = next((tests[0] for tests in left.values() if tests), None)
        for scope, tests in left.items():
            if unit := {test: False for test in tests if test != crashed}:
                self.workqueue[scope] = unit
        for other in list(self.assigned_work):
            self._reschedule(other)
        return crashed

    def _assign_work_unit(self, node: Any) -> None:
        """The unit of a model that this worker holds, else of one that nobody holds, else of the one with most left."""
        held = {other: self._held.get(other) for other in self.assigned_work}
        left = Counter[str]()
        for scope, unit in self.workqueue.items():
            left[_model(scope)] += len(unit)
        others = {model for other, model in held.items() if other is not node}

        def order(scope: str) -> tuple[bool, bool, int]:
            return (_model(scope) != held.get(node), _model(scope) in others, -left[_model(scope)])

        scope = min(self.workqueue, key=order)  # the first of equals
        self.workqueue.move_to_end(scope, last=False)
        self._held[node] = _model(scope) if "#" in scope else self._held.get(node)
        super()._assign_work_unit(node)

    def _reschedule(self, node: Any) -> None:
        """A worker begins a test only when it knows of another: with a single one and work left it would wait forever."""
        if node not in self.registered_collections:
            return  # it takes another's place and is still collecting
        super()._reschedule(node)
        while self.workqueue and not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            self._assign_work_unit(node)


def _model(scope: str) -> str:
    return scope.partition("#")[0]


class Scheduler:
    """Gives xdist our way of handing tests out, unless the user asked for another, and workers their cards."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, config: pytest.Config, specs: list[Any]) -> None:
        """Before a worker's Python starts; one that takes a crashed worker's place takes its cards."""
        for spec, own in zip(specs, shared(cards(config), len(specs)), strict=True):
            if own:
                spec.env["CUDA_VISIBLE_DEVICES"] = own

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        if config.getoption("dist") != "load":
            return None
        session = session_of(config)
        models = {*session.registry.models, *(session.recorded.models if session.recorded else ())}
        return ClaimScheduling(config, log, models)
