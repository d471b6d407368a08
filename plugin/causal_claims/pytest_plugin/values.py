"""The value of an option, from its text; a wrong one ends the run with a sentence and exit code 4."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from causal_claims.errors import ClaimsError


def refuse(option: str, text: object, rule: str) -> pytest.UsageError:
    return pytest.UsageError(f"--claims-{option}={text}: {rule}.")


def choice(option: str, text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise refuse(option, text, f"it is one of {', '.join(allowed)}")
    return text


def number(option: str, text: str, low: float, high: float, rule: str) -> float:
    """A number strictly between two others."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low < value < high:
        raise refuse(option, text, rule)
    return value


def whole(option: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:18]) == int(text[:19]):
        raise refuse(option, text, "give a whole number of at least 1")
    return int(text)


def folder(option: str, path: Path) -> Path:
    if _blocked(path):
        raise refuse(option, path, "this is a file, or lies in one; give a folder, or off")
    return path


def file(option: str, path: Path) -> Path:
    if path.is_dir() or _blocked(path.parent):
        raise refuse(option, path, "this is a folder, or lies in a file; give a file")
    return path


def _blocked(path: Path) -> bool:
    return any(place.exists() and not place.is_dir() for place in (path, *path.parents))


def once(option: str, keys: Iterable[str]) -> None:
    """Of two values for one key the last would silently win."""
    for key, count in Counter(keys).items():
        if count > 1:
            raise pytest.UsageError(f"--claims-{option} {key}=...: {key} is given {count} times; give it once.")


def margin(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not name or not math.isfinite(found):
        raise pytest.UsageError(f"--claims-margin {text!r}: write ID=VALUE, e.g. S0-1=0.05.")
    return name, found


def scan(text: str | None, recorded: bool) -> str | None:
    """`all`, or layers as `0-3,25`."""
    if text is None:
        return None
    if recorded:
        raise pytest.UsageError("--claims-scan measures heads, and with --claims-measurements nothing is measured.")
    if text != "all" and not re.fullmatch(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*", text):
        raise refuse("scan", text, "write all, or layers as 0-3,25")
    return text


def fail_on(text: str) -> tuple[str, ...]:
    from causal_claims.gate.failing import DEFAULT_FAIL_ON, parse_fail_on

    try:
        return parse_fail_on(text) if text else DEFAULT_FAIL_ON
    except ClaimsError as error:
        raise pytest.UsageError(f"--claims-fail-on: {error}") from None
