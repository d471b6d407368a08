"""Measured numbers on disk, addressed by what they are the numbers of.

A cell's address is a hash of everything that could change its numbers.  Finished cells are one file; a cell in progress
has one file a part, so a run that was cut off goes on.  Files are written whole (temporary, then renamed), so whoever
else writes and whenever a process dies a reader sees a whole file or none.  They also carry a checksum: what a machine
that lost its power left half written is measured again.
"""

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError

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


class Store:
    """A folder of entries; without a folder it keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def load(self, address: Address) -> Entry | None:
        """A finished cell, or None."""
        return self._read(self._file(address)) if self.folder is not None else None

    def parts(self, address: Address) -> list[Entry]:
        """What an earlier run measured of a cell before it was cut off."""
        if self.folder is None:
            return []
        found = [self._read(path) for path in sorted(self._partial(address).glob("*.json"))]
        return [entry for entry in found if entry is not None]

    def save(self, address: Address, entry: Entry) -> None:
        """A finished cell; its parts are no longer needed."""
        if self.folder is None:
            return
        self._write(self._file(address), entry)
        folder = self._partial(address)
        if folder.is_dir():
            for path in folder.iterdir():
                with contextlib.suppress(OSError):
                    path.unlink()
            with contextlib.suppress(OSError):
                folder.rmdir()

    def save_part(self, address: Address, entry: Entry) -> None:
        if self.folder is not None:
            name = hashlib.sha256("\0".join(sorted(entry.values)).encode()).hexdigest()[:24]
            self._write(self._partial(address) / f"{name}.json", entry)

    def __iter__(self) -> Iterator[Path]:
        """The files of finished cells."""
        return iter(sorted(self.folder.glob("??/*.json")) if self.folder is not None else [])

    def _file(self, address: Address) -> Path:
        assert self.folder is not None
        return self.folder / address.digest[:2] / f"{address.digest}.json"

    def _partial(self, address: Address) -> Path:
        assert self.folder is not None
        return self.folder / "parts" / address.digest

    def _read(self, path: Path) -> Entry | None:
        """The entry, or None where there is none that can be trusted: then it is measured again."""
        try:
            head, _, body = path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ClaimsError(f"the store of measurements cannot be read: {path}: {error.strerror}.") from None
        if head.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
            return None
        content = json.loads(body)
        return Entry(
            {k: float("nan") if v is None else float.fromhex(v) for k, v in content["values"].items()}, content["facts"]
        )

    def _write(self, path: Path, entry: Entry) -> None:
        values = {k: None if v != v else float(v).hex() for k, v in entry.values.items()}
        body = json.dumps({"values": values, "facts": dict(entry.facts)}, sort_keys=True).encode()
        whole = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        aside = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with aside.open("wb") as file:
                file.write(whole)
            os.replace(aside, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise ClaimsError(
                f"the store of measurements cannot be written: {path.parent}: {error.strerror}; free some space, name another "
                "folder, or measure without it: --claims-cache=off."
            ) from None
