"""Where a store keeps its files: a folder, on this machine or a network, or an object store that fsspec knows.

Both give a reader a whole file or none, whoever else writes: a folder by renaming, an object store by its nature.
"""

import contextlib
import glob
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from causal_claims.errors import ClaimsError

_TRIES = 20
_STRAY = 24 * 3600.0  # seconds after which a file that was never renamed belongs to a writer that died


@dataclass(frozen=True, order=True)
class Kept:
    """One file of a store, the one used longest ago first."""

    used: float  # seconds since the epoch
    name: str  # from the store's root, with slashes
    size: int


class Place(Protocol):
    """Bytes by name.  Whatever goes wrong is an OSError; a file that is not there is None."""

    def read(self, name: str) -> bytes | None: ...
    def write(self, name: str, content: bytes) -> None: ...
    def remove(self, name: str) -> None: ...
    def names(self, folder: str) -> list[str]: ...
    def kept(self) -> Iterator[Kept]: ...


def place(where: Path | str) -> Place:
    """A folder, or `s3://bucket/prefix` and whatever else fsspec has a file system for."""
    return Objects(where) if isinstance(where, str) and "://" in where else Folder(Path(where))


class Folder:
    """Files are written aside and renamed; what a machine that lost its power left half written fails its checksum."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def read(self, name: str) -> bytes | None:
        path = self.root / name
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # so that pruning takes what nobody uses
        return content

    def write(self, name: str, content: bytes) -> None:
        for left in reversed(range(_TRIES)):
            try:
                self._write(self.root / name, content)
                return
            except (
                FileNotFoundError,
                FileExistsError,
            ):  # who removed the folder's last file took the folder, just then
                if not left:
                    raise

    def remove(self, name: str) -> None:
        path = self.root / name
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            path.parent.rmdir()  # when it was the last one there

    def _write(self, path: Path, content: bytes) -> None:
        aside = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with aside.open("wb") as file:
                file.write(content)
            os.replace(aside, path)
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise

    def names(self, folder: str) -> list[str]:
        return sorted(glob.glob(f"{folder}/*.json", root_dir=self.root))

    def kept(self) -> Iterator[Kept]:
        now = time.time()
        for pattern in ("[0-9a-f][0-9a-f]/*", "parts/*/*"):
            for found in glob.iglob(pattern, root_dir=self.root, include_hidden=True):
                path = self.root / found
                with contextlib.suppress(FileNotFoundError):
                    about = path.stat()
                    stray = path.name.startswith(".") and now - about.st_mtime > _STRAY
                    if stray or path.suffix == ".json":
                        yield Kept(
                            0.0 if stray else about.st_mtime, path.relative_to(self.root).as_posix(), about.st_size
                        )


class Objects:
    """An object store: one put is one whole object."""

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ModuleNotFoundError:
            raise ClaimsError(
                f"--claims-cache={url}: fsspec is not installed: pip install 'pytest-causal-claims[store]', and the package "
                "of your object store, e.g. s3fs or gcsfs."
            ) from None
        self.url = url.rstrip("/")
        try:
            self.files, self.root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise ClaimsError(f"--claims-cache={url}: {error}; install the package that fsspec needs for it.") from None

    def __str__(self) -> str:
        return self.url

    def read(self, name: str) -> bytes | None:
        try:
            return bytes(self._do("cat_file", self._path(name)))
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        self._do("makedirs", self._path(name).rpartition("/")[0], exist_ok=True)
        self._do("pipe_file", self._path(name), content)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._do("rm_file", self._path(name))

    def names(self, folder: str) -> list[str]:
        try:
            found = self._do("ls", self._path(folder), detail=False, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(f"{folder}/{one.rpartition('/')[2]}" for one in found if str(one).endswith(".json"))

    def kept(self) -> Iterator[Kept]:
        try:
            found = self._do("find", self.root, detail=True)
        except FileNotFoundError:
            return
        for path, about in found.items():
            name = str(path).removeprefix(self.root).lstrip("/")
            if name.endswith(".json") and name.count("/") in (1, 2):
                yield Kept(_seconds(about), name, int(about.get("size") or 0))

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _do(self, method: str, *given: Any, **more: Any) -> Any:
        """Every object store's client raises its own kinds."""
        try:
            return getattr(self.files, method)(*given, **more)
        except OSError:
            raise
        except Exception as error:
            raise OSError(0, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error


def _seconds(about: dict[str, Any]) -> float:
    for name in ("LastModified", "mtime", "updated", "last_modified", "created"):
        value = about.get(name)
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, datetime):
            return value.timestamp()
    return 0.0
