"""Running with xdist: claims of one model go to one worker, a crashing test fails once, and none is lost unseen.

xdist's own loadgroup does nothing on pytest 9.2 (pytest-xdist#1386), and its scope schedulers hand a crashing test
out again and again.  The controller knows node ids only, so the model key at the head of the parameter id decides.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from causal_claims.pytest_plugin import options
from causal_claims.pytest_plugin.grouping import grouped


class ClaimScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Groups of claims by model, cut into shares; tests that are no claims go out one by one."""

    def __init__(self, config: Any, log: Any, models: set[str]) -> None:
        super().__init__(config, log)
        self._models = models
        self._groups: dict[str, str] = {}

    def schedule(self) -> None:
        if not self._groups and self.registered_collections:
            self._groups = grouped(next(iter(self.registered_collections.values())), self._models, len(self.nodes))
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid, nodeid)

    def remove_node(self, node: Any) -> str | None:
        """A worker is gone: the test it was running failed with it, the rest of its work goes to others."""
        crashed: str | None = super().remove_node(node)
        if crashed is not None:
            for scope, unit in list(self.workqueue.items()):
                if crashed in unit:
                    unit[crashed] = True
                    if all(unit.values()):
                        del self.workqueue[scope]
        return crashed


class XdistHooks:
    """What the controller hears of workers."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        if config.getoption("dist") != "load":
            return None
        from causal_claims.pytest_plugin.session import session_of

        session = session_of(config)
        models = {*session.registry.models, *(session.recorded.models if session.recorded else ())}
        return ClaimScheduling(config, log, models)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        if (session := options.current()) is not None:
            session.collected(ids)
