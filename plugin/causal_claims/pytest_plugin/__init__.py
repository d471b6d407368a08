"""The pytest plugin: hooks only, each a few lines that hand over to a room.

Every pytest run of an environment loads this module, so it imports nothing heavy: the rooms load when claims are used,
which an option of ours, a model registry, the first test that asks for `holds`, or its record from a worker tells.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import pytest

from causal_claims.pytest_plugin import options, place
from causal_claims.pytest_plugin.attendance import Attendance
from causal_claims.pytest_plugin.fixtures import holds, model, model_key

if TYPE_CHECKING:
    from causal_claims.pytest_plugin.session import ClaimsSession

__all__ = ["holds", "model", "model_key"]


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Our scheduler must be known before xdist asks for one; a plan is made in this process."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    if config.getoption("--claims-plan"):
        config.option.numprocesses, config.option.dist, config.option.tx = 0, "no", []
    if place.in_use(config):
        from causal_claims.pytest_plugin.scheduling import Scheduler

        config.pluginmanager.register(Scheduler(), "causal_claims_scheduler")


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """`-n auto`: a worker for each card; without cards, or without claims, xdist's own answer."""
    if not place.in_use(config):
        return None
    from causal_claims.pytest_plugin.cards import cards

    return len(cards(config)) or None


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "by_hand: a test that brings its own numbers, of no model; no table has a part in it"
    )
    config.addinivalue_line("markers", "finding(number): the finding that this test states, e.g. finding('S0-1')")
    if place.in_use(config):
        _begin(config)
        if config.pluginmanager.hasplugin("html"):
            from causal_claims.pytest_plugin.html_report import HtmlColumns

            config.pluginmanager.register(HtmlColumns(), "causal_claims_html")
    elif config.pluginmanager.hasplugin("xdist") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Listener(config), "causal_claims_listener")


class _Listener:
    """On the controller of workers nothing tells of claims until the first record arrives."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._attendance = Attendance()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._attendance.expect(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._config.pluginmanager.hasplugin("causal_claims_session"):
            return
        if hasattr(report, "claims_records"):
            _begin(self._config, self._attendance).saw(report)
        else:
            self._attendance.saw(report)


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "model_key" in metafunc.fixturenames:  # `holds` and `model` ask for it; somebody else's `model` does not
        from causal_claims.pytest_plugin import parameters

        parameters.add_models(metafunc, _begin(metafunc.config).markers)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    if type(val).__module__ != "causal_claims.claims.claim":
        return None
    from causal_claims.pytest_plugin import parameters

    return parameters.slug(config, val)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.failed:
        from causal_claims.pytest_plugin import telling

        telling.shorten_collection(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.config.pluginmanager.hasplugin("causal_claims_session"):
        from causal_claims.pytest_plugin import telling

        telling.finish(item, call, report)
    return report


def _begin(config: pytest.Config, attendance: Attendance | None = None) -> ClaimsSession:
    from causal_claims.pytest_plugin.hooks import session_of

    return session_of(config, attendance)
