"""The pytest plugin: hooks only, each a few lines that hand over to a room.

Every pytest run of an environment loads this module, so it imports nothing heavy: the rooms load when claims are used.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from causal_claims.pytest_plugin import options
from causal_claims.pytest_plugin.fixtures import holds, model_key

if TYPE_CHECKING:
    from causal_claims.pytest_plugin.session import ClaimsSession

__all__ = ["holds", "model_key"]


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Our scheduler must be known before xdist asks for one; a plan is made in this process."""
    if config.getoption("--claims-plan") and config.pluginmanager.hasplugin("xdist"):
        config.option.numprocesses, config.option.dist, config.option.tx = 0, "no", []
    if config.pluginmanager.hasplugin("xdist") and options.in_use(config):
        from causal_claims.pytest_plugin.scheduling import XdistHooks

        config.pluginmanager.register(XdistHooks(), "causal_claims_xdist")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "finding(number): the finding that this test states, e.g. finding('S0-1')")
    if options.in_use(config):
        _session(config).configure()
        if config.pluginmanager.hasplugin("html"):
            from causal_claims.pytest_plugin.html_report import HtmlColumns

            config.pluginmanager.register(HtmlColumns(), "causal_claims_html")


def pytest_report_header(config: pytest.Config) -> list[str]:
    return _session(config).header() if options.in_use(config) else []


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "holds" in metafunc.fixturenames:
        from causal_claims.pytest_plugin import parameters

        parameters.add_models(metafunc, _session(metafunc.config))


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


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With --claims-plan nothing is run: the plan is the output."""
    return True if session.config.getoption("--claims-plan") else None


def pytest_collection_finish(session: pytest.Session) -> None:
    if options.in_use(session.config):
        _session(session.config).collected([item.nodeid for item in session.items], session.items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if "holds" in getattr(item, "fixturenames", ()) or options.in_use(item.config):
        from causal_claims.pytest_plugin import telling

        telling.finish(item, call, report)
    return report


def pytest_runtest_logreport(report: Any) -> None:
    if (session := options.current()) is not None:
        session.saw(report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if (claims := _started(session.config)) is not None:
        claims.write(session)


@pytest.hookimpl(trylast=True, specname="pytest_sessionfinish")
def pytest_sessionfinish_status(session: pytest.Session) -> None:
    if (claims := _started(session.config)) is not None:
        claims.set_exit_status(session)


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    if (claims := _started(config)) is not None:
        from causal_claims.pytest_plugin import terminal

        terminal.summarise(terminalreporter, claims, int(exitstatus))


def pytest_unconfigure(config: pytest.Config) -> None:
    options.forget(config)


def _session(config: pytest.Config) -> ClaimsSession:
    from causal_claims.pytest_plugin.session import session_of

    return session_of(config)


def _started(config: pytest.Config) -> ClaimsSession | None:
    return options.session_in(config)
