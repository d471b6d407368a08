"""Measured numbers, kept by what they are the numbers of.

A cell's address is a hash of everything that could change its numbers.  Finished cells are one file; a cell in progress
has one file a part, so a run that was cut off goes on.  Files appear whole (see places.py) and carry a checksum, so any
number of runs may share a store, and a damaged file is found, said and measured again.

A store that fails (a full disk, a network folder that is gone) never costs a measurement: the numbers stay in memory, the
run goes on without it, and says so.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from causal_claims.engine.places import Kept, Place, place

VERSION = 1  # of the engine's arithmetic: raised when the same cell may give other numbers


@dataclass(frozen=True)
class Address:
    """Where a cell's numbers live."""

    digest: str

    @staticmethod
    def of(identity: Mapping[str, object]) -> "Address":
        text = json.dumps({"engine": VERSION, **identity}, sort_keys=True, default=str)
        return Address(hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True, eq=False)
class Entry:
    """Numbers of some rows of a cell, and what is known of how they came about."""

    values: Mapping[str, float]  # by example id
    facts: Mapping[str, Any]
    about: Mapping[str, str] = field(default_factory=dict)  # model, metric, condition: for whoever lists the store


class Store:
    """Entries by address; without a place it keeps nothing."""

    def __init__(self, where: Path | str | None) -> None:
        self.place: Place | None = place(where) if where is not None else None
        self.damaged: list[str] = []  # files found damaged since the store was opened
        self.trouble: str | None = None  # why nothing is read or written any more

    def load(self, address: Address) -> Entry | None:
        """A finished cell, or None."""
        return self._read(_file(address))

    def parts(self, address: Address) -> list[Entry]:
        """What an earlier run measured of a cell before it was cut off."""
        found = [self._read(name) for name in self._names(_partial(address))]
        return [entry for entry in found if entry is not None]

    def save(self, address: Address, entry: Entry) -> None:
        """A finished cell; its parts are no longer needed."""
        self._write(_file(address), entry)
        for name in self._names(_partial(address)):
            with contextlib.suppress(OSError):
                self._there.remove(name)

    def save_part(self, address: Address, entry: Entry) -> None:
        name = hashlib.sha256("\0".join(sorted(entry.values)).encode()).hexdigest()[:24]
        self._write(f"{_partial(address)}/{name}.json", entry)

    def kept(self) -> list[Kept]:
        """Every file, the one used longest ago first."""
        return sorted(self._there.kept()) if self.place is not None else []

    def __iter__(self) -> Iterator[str]:
        """The names of finished cells."""
        return iter(sorted(one.name for one in self.kept() if not one.name.startswith("parts/")))

    def entry(self, name: str) -> Entry | None:
        """The entry of a file, or None where it is damaged."""
        content = self._there.read(name)
        return _parsed(content) if content is not None else None

    def prune(self, limit: int) -> tuple[int, int]:
        """Remove what was used longest ago until the rest fits into so many bytes; the files and bytes removed.

        A run that needs a removed cell measures it again; one that is reading it just then finds it absent.
        """
        there = self.kept()
        over, count, freed = sum(one.size for one in there) - limit, 0, 0
        for one in there:
            if freed >= over:
                break
            self._there.remove(one.name)
            count, freed = count + 1, freed + one.size
        return count, freed

    @property
    def sentences(self) -> list[str]:
        """What a run must say of its store."""
        many = len(self.damaged)
        said = (
            [
                f"the store of measurements had {many} damaged file{'s' if many > 1 else ''} (e.g. {self.damaged[0]}); measured again"
            ]
            if many
            else []
        )
        return [*said, *([self.trouble] if self.trouble else [])]

    @property
    def _there(self) -> Place:
        assert self.place is not None
        return self.place

    def _names(self, folder: str) -> list[str]:
        if self.place is None or self.trouble:
            return []
        try:
            return self.place.names(folder)
        except OSError as error:
            self._give_up("read", error)
            return []

    def _read(self, name: str) -> Entry | None:
        """The entry, or None where there is none that can be trusted: then it is measured again."""
        if self.place is None or self.trouble:
            return None
        try:
            content = self.place.read(name)
        except OSError as error:
            self._give_up("read", error)
            return None
        found = _parsed(content) if content is not None else None
        if content is not None and found is None:
            self.damaged.append(name)
        return found

    def _write(self, name: str, entry: Entry) -> None:
        if self.place is None or self.trouble:
            return
        values = {k: None if v != v else float(v).hex() for k, v in entry.values.items()}
        body = json.dumps(
            {"values": values, "facts": dict(entry.facts), "about": dict(entry.about)}, sort_keys=True
        ).encode()
        try:
            self.place.write(name, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        except OSError as error:
            self._give_up("written", error)

    def _give_up(self, what: str, error: OSError) -> None:
        self.trouble = (
            f"the store of measurements cannot be {what}: {self.place}: {error.strerror or error}.  What was measured from then "
            "on is in this run's files and not in the store; free some space, name another folder, or measure without it: "
            "--claims-cache=off"
        )


def _file(address: Address) -> str:
    return f"{address.digest[:2]}/{address.digest}.json"


def _partial(address: Address) -> str:
    return f"parts/{address.digest}"


def _parsed(content: bytes) -> Entry | None:
    """An entry whose checksum is right, or None."""
    head, _, body = content.partition(b"\n")
    if head.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        return None
    found = json.loads(body)
    values = {k: float("nan") if v is None else float.fromhex(v) for k, v in found["values"].items()}
    return Entry(values, found["facts"], found.get("about", {}))
