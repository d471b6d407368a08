"""The full calibration takes minutes: it runs with `-m calibration` and is skipped, with that reason, otherwise."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "calibration: the tables at their full 20,000 runs; minutes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "calibration" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("calibration"):
            item.add_marker(pytest.mark.skip(reason="full size, takes minutes: run it with -m calibration"))
