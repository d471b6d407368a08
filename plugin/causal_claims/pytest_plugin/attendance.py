"""The tests that were called and those that answered: a run that lost tests never exits 0."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

PHASES = ("setup", "call", "teardown")


class Attendance:
    """Node ids as they are collected and as their reports arrive, in this process or from workers."""

    def __init__(self) -> None:
        self.expected: set[str] = set()
        self.reported: set[str] = set()
        self.crashed: list[str] = []
        self.stopped = False  # on purpose, by -x or --maxfail

    def expect(self, node_ids: Iterable[str]) -> None:
        self.expected.update(node_ids)

    def saw(self, report: pytest.TestReport) -> None:
        """A test has answered with its last phase, or when xdist says what became of it: its worker crashed."""
        if report.when not in ("setup", "call"):
            self.reported.add(report.nodeid)
        if report.when not in PHASES:
            self.crashed.append(report.nodeid)

    def missing(self) -> list[str]:
        return sorted(self.expected - self.reported)
