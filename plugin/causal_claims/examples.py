"""Examples: what a claim is measured on, one prompt each, in named sets.

A set is declared by a function that returns its examples; `Metric(..., over="recursive")` names it.  The sets of this
project live in `fixtures/`.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from causal_claims.errors import ClaimsError, listing, nearest


@dataclass(frozen=True)
class Example:
    """One prompt, its cluster (rows of one cluster are not independent), and whatever else a metric needs of it."""

    id: str
    prompt: str
    cluster: str = ""  # the example itself, unless several rows share a document or template
    fields: Mapping[str, str] = field(default_factory=dict)  # target, foil, corrupt, needle, ...

    @property
    def unit(self) -> str:
        return self.cluster or self.id


@dataclass(frozen=True)
class ExampleSet:
    name: str
    examples: tuple[Example, ...]

    @cached_property
    def hash(self) -> str:
        digest = hashlib.sha256()
        for one in self.examples:
            digest.update(repr((one.id, one.prompt, one.unit, sorted(one.fields.items()))).encode())
        return digest.hexdigest()


_SETS: dict[str, Callable[[], Iterable[Example]]] = {}


def example_set(name: str) -> Callable[[Callable[[], Iterable[Example]]], Callable[[], Iterable[Example]]]:
    """Declare a set of examples under a name.

    >>> @example_set("recursive")
    ... def recursive() -> list[Example]: ...
    """

    def declare(function: Callable[[], Iterable[Example]]) -> Callable[[], Iterable[Example]]:
        if name in _SETS and _SETS[name].__qualname__ != function.__qualname__:
            raise ClaimsError(f"a set of examples named {name!r} is declared already, in {_SETS[name].__module__}.")
        _SETS[name] = function
        return function

    return declare


@cache
def examples(name: str) -> ExampleSet:
    """The set of this name; ids must be unique in it."""
    if name not in _SETS:
        raise ClaimsError(
            f"there is no set of examples {name!r}{nearest(name, _SETS)}; there are {listing(sorted(_SETS))}. "
            "Declare one with @example_set in a module that conftest.py names in pytest_plugins."
        )
    rows = tuple(_SETS[name]())
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise ClaimsError(f"set of examples {name!r}: the id {row.id!r} occurs twice; ids are unique in a set.")
        seen.add(row.id)
    if not rows:
        raise ClaimsError(f"set of examples {name!r} is empty.")
    return ExampleSet(name, rows)


def declare(found: ExampleSet, name: str) -> None:
    """A set that was declared in another process."""
    if name in _SETS and examples(name).hash == found.hash:
        return
    _SETS[name] = lambda: found.examples
    examples.cache_clear()


def example_counts() -> dict[str, int]:
    """Independent units of every declared set."""
    return {name: len({one.unit for one in examples(name).examples}) for name in _SETS}


def first_units(units: Iterable[str], share: float) -> set[str]:
    """A share of the independent units, by a salted hash of their names: which come first says nothing about them.

    A larger share holds every smaller one, so that looks at growing shares measure each unit once.
    """
    ordered = sorted(set(units), key=lambda unit: hashlib.sha256(f"causal-claims look:{unit}".encode()).digest())
    return set(ordered[: max(1, round(share * len(ordered)))])


def in_discovery(example_id: str, share: float = 0.3) -> bool:
    """Whether a row belongs to the discovery part: a salted hash of its id decides, so the split never moves."""
    digest = hashlib.sha256(f"causal-claims split:{example_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
