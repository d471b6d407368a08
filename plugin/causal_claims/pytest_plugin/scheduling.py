"""Running with xdist: claims of one model go to one worker, a crashing test fails once, and none is lost unseen.

xdist's own loadgroup does nothing on pytest 9.2 (pytest-xdist#1386), and its scope schedulers hand a crashing test
out again and again.  The controller knows node ids only, so the model key at the head of the parameter id decides.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from causal_claims.pytest_plugin.cards import cards, shared
from causal_claims.pytest_plugin.grouping import grouped
from causal_claims.pytest_plugin.hooks import session_of

NO_CLAIMS = ""  # the model of tests that are no claims


class ClaimScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Groups of claims by model, cut into shares; tests that are no claims go out one by one."""

    def __init__(self, config: Any, log: Any, models: set[str]) -> None:
        super().__init__(config, log)
        self._models = models
        self._groups: dict[str, str] = {}
        self._numbers: dict[str, int] = {}  # of tests, by which workers are told of them
        self._waiting: dict[str, dict[str, int]] | None = None  # model -> its scopes in the queue and their tests
        self._held: dict[Any, str] = {}  # the model each worker was last given

    def schedule(self) -> None:
        if not self._groups and self.registered_collections:
            tests = next(iter(self.registered_collections.values()))
            self._groups = grouped(tests, self._models, len(self.nodes))
            self._numbers = {test: number for number, test in enumerate(tests)}
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid, nodeid)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """What is done is forgotten: xdist counts all that a worker was ever given, after each test."""
        test = self.registered_collections[node][item_index]
        scope = self._split_scope(test)
        del self.assigned_work[node][scope][test]
        if not self.assigned_work[node][scope]:
            del self.assigned_work[node][scope]
        self._reschedule(node)

    def remove_node(self, node: Any) -> str | None:
        """A worker is gone: the test it was running failed with it, the rest of its work goes to others."""
        workload = self.assigned_work.pop(node)  # in the order in which the worker ran it
        crashed: str | None = next((test for tests in workload.values() for test in tests), None)
        for scope, tests in workload.items():
            if unit := {test: False for test in tests if test != crashed}:
                self.workqueue[scope] = unit
        self._waiting = None
        for other in list(self.assigned_work):
            self._reschedule(other)
        return crashed

    def _assign_work_unit(self, node: Any) -> None:
        """The unit of a model that this worker holds, else of one that nobody holds, else of the one with most left."""
        if self._waiting is None:
            self._waiting = {}
            for scope, unit in self.workqueue.items():
                self._waiting.setdefault(self._model(scope), {})[scope] = len(unit)
        waiting = self._waiting
        others = {self._held.get(other) for other in self.assigned_work if other is not node}

        def order(model: str) -> tuple[bool, bool, int]:
            left = sum(waiting[model].values()) if model != NO_CLAIMS else 0
            return (model != self._held.get(node), model in others, -left)

        model = min(waiting, key=order)  # the first of equals
        scope = next(iter(waiting[model]))
        del waiting[model][scope]
        if not waiting[model]:
            del waiting[model]
        if model != NO_CLAIMS:
            self._held[node] = model
        unit = self.assigned_work[node][scope] = self.workqueue.pop(scope)
        node.send_runtest_some([self._numbers[test] for test in unit])

    def _model(self, scope: str) -> str:
        return NO_CLAIMS if scope in self._numbers else scope.partition("#")[0]  # such a scope is the test itself

    def _reschedule(self, node: Any) -> None:
        """A worker begins a test only when it knows of another: with a single one and work left it would wait forever."""
        if node not in self.registered_collections:
            return  # it takes another's place and is still collecting
        super()._reschedule(node)
        while self.workqueue and not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            self._assign_work_unit(node)


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
