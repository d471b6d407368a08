"""Checkpoints as a training run drops them: which have arrived whole, and which of them are still to be gated."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TABLES = (".parquet", ".csv", ".jsonl")
MARK = "gated.json"


@dataclass(frozen=True)
class Arrival:
    """A checkpoint folder, or a table of what somebody else measured on one."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem if self.is_table else self.path.name

    @property
    def is_table(self) -> bool:
        return self.path.suffix in TABLES and self.path.is_file()

    def options(self, model: str | None) -> list[str]:
        """What pytest is told of it."""
        if self.is_table:
            return ["--claims-measurements", str(self.path)]
        return ["-m", str(model), "--claims-model", f"{model}={self.path}"]


def arrivals(folder: Path, reports: Path, settle: float = 30.0) -> list[Arrival]:
    """Whole checkpoints that have no mark of an earlier gating, in the order of their steps."""
    found = [Arrival(path) for path in folder.iterdir() if not path.name.startswith(".") and _whole(path, settle)]
    waiting = [one for one in found if not (reports / one.name / MARK).is_file()]
    return sorted(waiting, key=lambda one: _steps(one.name))


def _whole(path: Path, settle: float) -> bool:
    """Nothing was written for a while, and every file that the index names is there."""
    if path.is_file():
        return path.suffix in TABLES and time.time() - path.stat().st_mtime >= settle
    if not (path / "config.json").is_file():
        return False
    weights = [*path.glob("*.safetensors")]
    index = path / "model.safetensors.index.json"
    if index.is_file():
        try:
            named = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, OSError):
            return False
        if not named <= {one.name for one in weights}:
            return False
    return bool(weights) and all(time.time() - file.stat().st_mtime >= settle for file in _files(path))


def _files(path: Path) -> Iterator[Path]:
    return (one for one in path.iterdir() if one.is_file())


def _steps(name: str) -> tuple[object, ...]:
    """step-900 before step-1000."""
    return tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in re.split(r"(\d+)", name) if word)
