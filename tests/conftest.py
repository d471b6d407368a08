"""Tests share `tests/suite.py` under a name that no installed package has."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

if "tests_suite" not in sys.modules:
    spec = importlib.util.spec_from_file_location("tests_suite", Path(__file__).with_name("suite.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules["tests_suite"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["tests_suite"])
