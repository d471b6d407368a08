"""The hooks of a run that has to do with claims; a run that has not never loads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from causal_claims.errors import listing
from causal_claims.pytest_plugin import executing, exit_status, files, gating, notes, sharding, storing, terminal
from causal_claims.pytest_plugin.attendance import Attendance
from causal_claims.pytest_plugin.items import claims_in, finding_of
from causal_claims.pytest_plugin.markers import refuse_unknown
from causal_claims.pytest_plugin.planning import planned
from causal_claims.pytest_plugin.session import ClaimsSession

NAME = "causal_claims_session"


class Hooks:
    """A plugin that pytest knows while the run lasts; it holds the run's session."""

    def __init__(self, claims: ClaimsSession) -> None:
        self.claims = claims

    def pytest_report_header(self) -> list[str]:
        return self.claims.header()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        if not self.claims.is_worker:
            refuse_unknown(session.config)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """-k knows a claim by the id it was given, and by its finding."""
        names = [claim.about.get(name) for claim in claims_in(item).values() for name in ("id", "finding")]
        item.extra_keyword_matches.update(str(name) for name in (*names, finding_of(item)) if name)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if self.claims.settings.plan:
            self.claims.plan = planned(session.items, self.claims.recorded)
            return
        self.collected([item.nodeid for item in session.items], session.items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        sharding.deselect(config, items, self.claims.registry)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        notes.receive(self.claims.config, getattr(node, "workeroutput", None))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self.collected(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """With --claims-plan nothing is run: the plan is the output."""
        return True if self.claims.settings.plan else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.claims.saw(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.claims.attendance.stopped = bool(session.shouldstop or session.shouldfail)
        notes.send(self.claims.config)
        if not self.claims.is_worker:
            storing.prune(self.claims.config, self.claims.settings)
            files.write(self.claims, session)

    @pytest.hookimpl(trylast=True, specname="pytest_sessionfinish")
    def pytest_sessionfinish_status(self, session: pytest.Session) -> None:
        if not self.claims.is_worker and not self.claims.config.option.collectonly:
            session.exitstatus = exit_status.settled(self.claims, session)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
        terminal.summarise(terminalreporter, self.claims, int(exitstatus))

    def collected(self, node_ids: Sequence[str], items: Sequence[pytest.Item] = ()) -> None:
        self.claims.collected(node_ids, items)
        if not self.claims.is_worker:
            gating.check_pins(self.claims, node_ids)


def session_of(config: pytest.Config, attendance: Attendance | None = None) -> ClaimsSession:
    """The session of this run, made when first asked for."""
    hooks: Hooks | None = config.pluginmanager.get_plugin(NAME)
    if hooks is None:
        sharding.refuse(config)
        hooks = Hooks(ClaimsSession(config, attendance))
        executing.prepare(config, hooks.claims.settings.executor, hooks.claims.settings.plan)
        gating.open_baseline(hooks.claims)
        for name, keys in hooks.claims.markers.by_name.items():
            config.addinivalue_line("markers", f"{name}: claims on {listing(keys)}")
        config.pluginmanager.register(hooks, NAME)
    return hooks.claims
