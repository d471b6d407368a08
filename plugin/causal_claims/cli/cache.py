"""`causal-claims cache`: what the store of measurements holds; whether it is sound; how large it may be."""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal_claims.errors import ClaimsError
from causal_claims.verdicts import count

if TYPE_CHECKING:
    from causal_claims.engine.store import Store

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB)?", re.IGNORECASE)
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def add(commands: Any) -> None:
    parser = commands.add_parser("cache", help="list, verify or prune the store of measurements", description=__doc__)
    parser.add_argument("action", choices=("list", "verify", "prune"))
    parser.add_argument(
        "--cache", default=".claims-cache", metavar="DIR|URL", help="the store (default: .claims-cache)"
    )
    parser.add_argument(
        "--to", metavar="SIZE", help="prune: to this size, e.g. 500MB or 20GB, what was used longest ago first"
    )
    parser.add_argument(
        "--remove", action="store_true", help="verify: remove the damaged files; runs measure them again"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from causal_claims.engine.store import Store

    place: Path | str = arguments.cache if "://" in arguments.cache else Path(arguments.cache).expanduser()
    if isinstance(place, Path) and not place.is_dir():
        raise ClaimsError(f"there is no store {arguments.cache}; give its folder or URL with --cache.")
    try:
        return {"list": _list, "verify": _verify, "prune": _prune}[arguments.action](Store(place), arguments)
    except OSError as error:
        raise ClaimsError(f"the store {arguments.cache} cannot be used: {error.strerror or error}.") from None


def _list(store: Store, arguments: argparse.Namespace) -> int:
    """By model and metric: cells, examples, bytes."""
    cells: Counter[tuple[str, str]] = Counter()
    numbers: Counter[tuple[str, str]] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    there = store.kept()
    for one in there:
        found = None if one.name.startswith("parts/") else store.entry(one.name)
        about = found.about if found is not None else {}
        what = "unfinished" if one.name.startswith("parts/") else "unnamed" if found is not None else "damaged"
        key = (about.get("model", f"({what})"), about.get("metric", ""))
        cells[key] += 1
        numbers[key] += len(found.values) if found is not None else 0
        sizes[key] += one.size
    for key in sorted(cells):
        print(f"{' '.join(key).strip():50}  {cells[key]:7} cells  {numbers[key]:9} numbers  {_bytes(sizes[key])}")
    oldest = f", the oldest used {(time.time() - there[0].used) / 86400:.1f} days ago" if there else ""
    print(f"{count(len(there), 'file')}, {_bytes(sum(one.size for one in there))}{oldest}.")
    return 0


def _verify(store: Store, arguments: argparse.Namespace) -> int:
    """Every checksum; 1 where a file is damaged."""
    there = store.kept()
    damaged = [one.name for one in there if store.entry(one.name) is None]
    for name in damaged:
        print(f"damaged: {name}")
        if arguments.remove and store.place is not None:
            store.place.remove(name)
    done = "" if not damaged else "; removed" if arguments.remove else "; a run that needs one measures it again"
    print(f"{count(len(there), 'file')}, {len(damaged)} damaged{done}.")
    return 1 if damaged and not arguments.remove else 0


def _prune(store: Store, arguments: argparse.Namespace) -> int:
    match = _SIZE.fullmatch(arguments.to or "")
    if match is None:
        raise ClaimsError(
            f"cache prune --to {arguments.to}: give the size to keep, e.g. --to 20GB; --to 0 empties the store."
        )
    removed, freed = store.prune(int(float(match[1]) * _UNITS[(match[2] or "B").upper()]))
    left = store.kept()
    print(
        f"{count(removed, 'file')} ({_bytes(freed)}) removed; {count(len(left), 'file')}, {_bytes(sum(one.size for one in left))} left."
    )
    return 0


def _bytes(size: int) -> str:
    for unit in ("GB", "MB", "KB"):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:.1f} {unit}"
    return f"{size} B"
