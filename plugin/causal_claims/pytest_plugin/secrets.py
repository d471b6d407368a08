"""What must not leave this machine in a report: tokens of the environment, passwords in URLs, the name in a home path."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

_NAMES = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|APIKEY|API_KEY|ACCESS_KEY|PRIVATE_KEY", re.IGNORECASE)
_SHORTEST = 6  # characters; a shorter value is no secret, and would be found everywhere
_SHAPES = (
    (re.compile(r"\b(hf|ghp|gho|github_pat|glpat|sk|xox[abp])[_-][A-Za-z0-9_-]{16,}"), r"\1_***"),
    (re.compile(r"(?<=://)[^/@\s\"]+:[^/@\s\"]+@"), "***@"),
)


def scrubbed(value: Any) -> Any:
    """The same text, list or mapping without what must stay here."""
    return _without(_values(_here(tuple(os.environ.items()), str(Path.home()))), value)


def _without(secrets: tuple[tuple[str, str], ...], value: Any) -> Any:
    if isinstance(value, str):
        return _text(secrets, value)
    if isinstance(value, Mapping):
        return {key: _without(secrets, one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without(secrets, one) for one in value)
    return value


def _text(secrets: tuple[tuple[str, str], ...], text: str) -> str:
    for value, name in secrets:
        text = text.replace(value, name)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


@lru_cache(maxsize=1)  # pytest writes each phase of each test into the environment
def _here(environment: tuple[tuple[str, str], ...], home: str) -> tuple[tuple[str, str], ...]:
    secrets = ((value, f"${name}") for name, value in environment if _NAMES.search(name) and len(value) >= _SHORTEST)
    return (*secrets, *([(f"{home}/", "~/")] if len(home) > 2 else []))


@cache
def _values(found: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Longest first, also as JSON spells them."""
    spelled = {spelling: name for value, name in found for spelling in (value, json.dumps(value)[1:-1])}
    return tuple(sorted(spelled.items(), key=lambda pair: -len(pair[0])))
