"""Checkpoints as a training run drops them: which have arrived whole, and which of them are still to be gated."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    return sorted(waiting, key=lambda one: by_steps(one.name))


def _whole(path: Path, settle: float) -> bool:
    """Nothing was written for a while, every file that the index names is there, and each ends where it says."""
    if path.is_file():
        settled = time.time() - path.stat().st_mtime >= settle
        return path.suffix in TABLES and settled and (path.suffix != ".parquet" or _ends_with(path, b"PAR1"))
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
    settled = all(time.time() - file.stat().st_mtime >= settle for file in _files(path))
    return bool(weights) and settled and all(map(_ended, weights))


def _ended(weights: Path) -> bool:
    """A safetensors file as long as its own header says: a writer that stalled leaves one that is not."""
    try:
        with weights.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header: dict[str, Any] = json.loads(file.read(min(length, weights.stat().st_size)))
        ends = [one["data_offsets"][1] for name, one in header.items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return False
    return weights.stat().st_size == 8 + length + max(ends, default=0)


def _ends_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(mark)))
        return file.read() == mark


def _files(path: Path) -> Iterator[Path]:
    return (one for one in path.iterdir() if one.is_file())


def by_steps(name: str) -> tuple[object, ...]:
    """step-900 before step-1000."""
    return tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in re.split(r"(\d+)", name) if word)
