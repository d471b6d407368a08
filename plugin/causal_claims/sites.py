"""Addresses in a model: `L27.H11` (query head), `L27.KV2` (key/value head), `L27.resid_post`.

A site also knows its place in the order of computation, so that a claim can be asked, before any model is loaded,
whether what it writes can reach what it reads.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, TypeVar

from causal_claims.errors import ClaimsError

LAST = 10**6  # the "layer" of the logits: after every block


class Stage(IntEnum):
    """What a block computes, in order.  `qkv` are computed beside each other."""

    RESID_PRE = 0
    QKV = 1
    PATTERN = 2
    Z = 3
    RESID_MID = 4
    RESID_POST = 5
    LOGITS = 6
    GENERATION = 7


RESID_STAGES = {"pre": Stage.RESID_PRE, "mid": Stage.RESID_MID, "post": Stage.RESID_POST}


class Point(NamedTuple):
    """A tensor's place in the order of computation: later points can depend on earlier ones, never the reverse."""

    layer: int
    stage: Stage


LOGITS = Point(LAST, Stage.LOGITS)
GENERATION = Point(LAST, Stage.GENERATION)


@dataclass(frozen=True, order=True)
class Head:
    """A query head, counted as the model's config counts them."""

    layer: int
    index: int

    def __post_init__(self) -> None:
        _check(self, self.layer, self.index)

    def __str__(self) -> str:
        return f"L{self.layer}.H{self.index}"


@dataclass(frozen=True, order=True)
class KVHead:
    """A key/value head; under grouped-query attention several query heads share one."""

    layer: int
    index: int

    def __post_init__(self) -> None:
        _check(self, self.layer, self.index)

    def __str__(self) -> str:
        return f"L{self.layer}.KV{self.index}"


@dataclass(frozen=True, order=True)
class VSlice:
    """Study 000's pseudo-head: the `index`-th of `of` equal column blocks of v_proj's output.  No head under GQA."""

    layer: int
    index: int
    of: int = 32

    def __post_init__(self) -> None:
        _check(self, self.layer, self.index)
        if not isinstance(self.of, int) or isinstance(self.of, bool):
            raise ClaimsError(f"VSlice: of must be a whole number, not {self.of!r}.")
        if self.index >= self.of:
            raise ClaimsError(
                f"{self} is out of range: v_proj's output was cut into {self.of} slices, 0 to {self.of - 1}."
            )

    def __str__(self) -> str:
        return f"L{self.layer}.V{self.index}of{self.of}"


@dataclass(frozen=True, order=True)
class Resid:
    """The residual stream of one layer: `pre` the block, `mid` (after attention) or `post` the block."""

    layer: int
    at: str = "post"

    def __post_init__(self) -> None:
        _check(self, self.layer, 0)
        if self.at not in RESID_STAGES:
            raise ClaimsError(
                f"Resid({self.layer}, {self.at!r}): the residual stream is read at 'pre', 'mid' or 'post'."
            )

    def __str__(self) -> str:
        return f"L{self.layer}.resid_{self.at}"


Site = Head | KVHead | VSlice | Resid
S = TypeVar("S", bound=Site)

_SPELLING = re.compile(r"L(\d+)\.(?:(H|KV)(\d+)|V(\d+)of(\d+)|resid_(pre|mid|post))")


def parse_site(text: str) -> Site:
    """The site that prints as `text`."""
    match = _SPELLING.fullmatch(text)
    if match is None:
        raise ClaimsError(f"{text!r} is no site; sites are written L27.H11, L27.KV2, L27.V11of32 or L27.resid_post.")
    layer, kind, index, cut, of, at = match.groups()
    if at:
        return Resid(int(layer), at)
    if cut:
        return VSlice(int(layer), int(cut), int(of))
    return (Head if kind == "H" else KVHead)(int(layer), int(index))


def heads(layer: int, indices: Iterable[int]) -> tuple[Head, ...]:
    """Several query heads of one layer: `heads(25, range(32))`."""
    if isinstance(indices, str) or not isinstance(indices, Iterable):
        raise ClaimsError(
            f"heads({layer!r}, {indices!r}): give the indices of the heads, e.g. range(32) or [1, 11, 22]."
        )
    chosen = tuple(Head(layer, index) for index in indices)
    return distinct(chosen, f"heads({layer}, ...)")


def distinct(sites: Iterable[S], asked: str) -> tuple[S, ...]:
    """The sites as a tuple; an empty or duplicated set is refused."""
    chosen = tuple(sites)
    if not chosen:
        raise ClaimsError(f"{asked} names no site; an intervention needs at least one, e.g. Head(27, 11).")
    twice = sorted({str(site) for site in chosen if chosen.count(site) > 1}) if len(set(chosen)) < len(chosen) else []
    if twice:
        raise ClaimsError(f"{asked} names {', '.join(twice)} more than once; name each site once.")
    return chosen


def compact(sites: Iterable[Site]) -> str:
    """Sites in few characters, runs of heads folded: `L25.H0..31`, `L27.H1+H11+H22`."""
    parts: list[str] = []
    groups: dict[str, list[int]] = {}
    for site in sorted(set(sites), key=str):
        # a place in a list that is not known yet is a kind of head with a name instead
        if type(site) is Head or type(site) is KVHead:
            groups.setdefault(f"L{site.layer}.{'H' if isinstance(site, Head) else 'KV'}", []).append(site.index)
        else:
            parts.append(str(site))
    for stem, indices in groups.items():
        letter = stem.split(".")[1]
        runs = _runs(sorted(indices))
        parts.append(stem + f"+{letter}".join(str(a) if a == b else f"{a}..{b}" for a, b in runs))
    return "+".join(sorted(parts))


def _runs(indices: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return [pair for a, b in runs for pair in ([(a, b)] if b - a > 1 or a == b else [(a, a), (b, b)])]


def _check(site: object, layer: int, index: int) -> None:
    if type(layer) is int is type(index) and layer >= 0 <= index:
        return
    for name, value in (("layer", layer), ("index", index)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ClaimsError(f"{type(site).__name__}: {name} must be a whole number, not {value!r}.")
        if value < 0:
            raise ClaimsError(f"{type(site).__name__}: {name} is {value}; layers and heads are counted from 0.")
