"""What a process of a run wants said at its end: workers hand theirs to the controller, which writes and prints them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

NOTES: pytest.StashKey[Notes] = pytest.StashKey()


@dataclass
class Notes:
    """Sentences, and the facts that go into the ledger's `run`."""

    shard: dict[str, Any] | None = None
    said: list[str] = field(default_factory=list)  # for the terminal and the ledger
    incomplete: bool = False  # something that was measured could not be kept: the run exits 11
    saved: dict[str, int] = field(default_factory=dict)  # sequential runs: examples read and examples there

    def say(self, sentence: str, incomplete: bool = False) -> None:
        if sentence not in self.said:
            self.said.append(sentence)
        self.incomplete = self.incomplete or incomplete

    @property
    def lines(self) -> list[str]:
        """For the terminal."""
        if not self.saved:
            return self.said
        read, there = self.saved["read"], self.saved["there"]
        return [
            *self.said,
            f"sequential: {read:,} of {there:,} examples read by the claims that may stop early, {1 - read / max(1, there):.0%} saved",
        ]

    def add(self, other: dict[str, Any]) -> None:
        """What a worker sent."""
        self.shard = other.get("shard") or self.shard
        for sentence in other.get("said", ()):
            self.say(sentence)
        self.incomplete = self.incomplete or bool(other.get("incomplete"))
        for name, count in other.get("saved", {}).items():
            self.saved[name] = self.saved.get(name, 0) + count


def notes_of(config: pytest.Config) -> Notes:
    return config.stash.setdefault(NOTES, Notes())


def send(config: pytest.Config) -> None:
    """A worker at its clean end; one that dies sends nothing, and the run is incomplete anyway."""
    if (output := getattr(config, "workeroutput", None)) is not None:
        output["claims_notes"] = vars(notes_of(config))


def receive(config: pytest.Config, output: dict[str, Any] | None) -> None:
    notes_of(config).add((output or {}).get("claims_notes", {}))
