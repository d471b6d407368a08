"""Claims about heads that a screening finds: written with the heads' ranks, built once the heads are known.

    BY_ATTENTION = Pick("summed_attention", over="reports/discovery", by="task", lists=TASKS)

    picked(lambda heads: lowers(M, by=ablate(*heads["ceo"][:5]), id="S1-1.ceo"), BY_ATTENTION)

The heads are found on the model under test, on examples that do not judge them, or read from a file
(`--claims-heads KEY=FILE`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from causal_claims.claims.claim import Claim
from causal_claims.errors import ClaimsError, NotRunError, listing, nearest
from causal_claims.sites import Head

SCORES = {"summed_attention": "needle", "copy_score": "needle"}  # each with the span it looks at
SCHEMA = "causal-claims/heads/1"
OVERALL = "all"  # the list over all examples


class Ranked(Head):
    """A place in a list that is not known yet; it prints as `ceo#3`."""

    def __init__(self, name: str, place: int, number: int) -> None:
        super().__init__(place, number)
        object.__setattr__(self, "name", f"{name}#{place + 1}")

    def __str__(self) -> str:
        return str(vars(self)["name"])


@dataclass(frozen=True)
class Heads:
    """Heads in order of their score, a list for each group of examples and one, `all`, over all of them."""

    lists: Mapping[str, tuple[tuple[Head, float], ...]]
    source: str = "not known yet"
    score: str = "summed_attention"
    given: tuple[Head, ...] | None = None  # the shared heads, where a file names them
    width: int = 32  # heads that a layer has
    layers: int = 32

    def __getitem__(self, name: str) -> tuple[Head, ...]:
        if name not in self.lists:
            raise ClaimsError(
                f"{self.source} has no list of heads {name!r}{nearest(name, self.lists)}; it has {listing(self.lists)}."
            )
        return tuple(head for head, _ in self.lists[name])

    def first(self, name: str, k: int) -> tuple[Head, ...]:
        """The first k of a list; fewer than k would be another claim."""
        found = self[name]
        if len(found) < k:
            raise NotRunError(
                f"{self.source} lists {len(found)} heads for {name!r}, and the claim is about the first {k}."
            )
        return found[:k]

    @cached_property
    def groups(self) -> tuple[str, ...]:
        return tuple(name for name in self.lists if name != OVERALL)

    def times(self, head: Head) -> int:
        """In how many groups' lists a head is."""
        return sum(head in self[name] for name in self.groups)

    def shared(self, least: int, k: int | None = None) -> tuple[Head, ...]:
        """Heads in at least so many lists: the most frequent first, then by their mean score.  The first k, or all."""
        found = self.given if self.given is not None else self._shared(least)
        if k is not None and len(found) < k:
            raise NotRunError(f"{self.source}: {len(found)} heads are in {least} lists, and the claim is about {k}.")
        return found[:k]

    def _shared(self, least: int) -> tuple[Head, ...]:
        scores: dict[Head, list[float]] = {}
        for name in self.groups:
            for head, score in self.lists[name]:
                scores.setdefault(head, []).append(score)
        found = [head for head, several in scores.items() if len(several) >= least]
        if not found:
            raise NotRunError(
                f"{self.source}: no head is in {least} of the {len(self.groups)} lists, so there is none to ablate."
            )
        return tuple(sorted(found, key=lambda h: (-len(scores[h]), -sum(scores[h]) / len(scores[h]), h)))

    def to_json(self) -> dict[str, Any]:
        rows = {name: [[h.layer, h.index, score] for h, score in found] for name, found in self.lists.items()}
        shared = {} if self.given is None else {"shared": [[h.layer, h.index] for h in self.given]}
        return {
            "schema": SCHEMA,
            "score": self.score,
            "source": self.source,
            "heads": self.width,
            "layers": self.layers,
            "lists": rows,
            **shared,
        }

    @staticmethod
    def from_json(body: Mapping[str, Any], source: str) -> "Heads":
        """`lists` of [layer, head, score] (the score may be left out), and `shared` if it is given."""
        shared = body.get("shared")
        return Heads(
            {str(name): _heads(source, str(name), rows) for name, rows in body["lists"].items()},
            source,
            str(body.get("score", "summed_attention")),
            tuple(head for head, _ in _heads(source, "shared", shared)) if shared is not None else None,
            int(body.get("heads", 32)),
            int(body.get("layers", 32)),
        )


@dataclass(frozen=True)
class Pick:
    """How heads are found: by which score, on which examples, in one list for each value of a field."""

    score: str
    over: str
    by: str = "task"
    lists: tuple[str, ...] = ()  # beside the one over all examples
    top: int = 20

    def __post_init__(self) -> None:
        if self.score not in SCORES:
            raise ClaimsError(f"Pick({self.score!r}): heads are found by {listing(SCORES)}.")
        if self.top < 1:
            raise ClaimsError(f"Pick({self.score!r}, top={self.top}): a list has at least one head.")

    @cached_property
    def unknown(self) -> Heads:
        """Places in the lists, standing for heads until they are known."""
        named, apart = (*self.lists, OVERALL), 16 * sum(map(ord, self.score + self.over))  # no two picks alike
        rows = {n: tuple((Ranked(n, i, apart + k), 0.0) for i in range(self.top)) for k, n in enumerate(named)}
        shared = tuple(Ranked("shared", i, apart + len(named)) for i in range(self.top))
        return Heads(rows, score=self.score, given=shared)


def picked(build: Callable[..., Claim], *picks: Pick) -> Claim:
    """A claim about heads that are not known yet: `build` is given the heads of each pick, and makes it."""
    draft = build(*(pick.unknown for pick in picks))
    if "id" not in draft.about:
        raise ClaimsError(f"picked(...): {draft.subject} needs id='...': its heads differ from model to model.")
    if not picks:
        raise ClaimsError("picked(...): by which Pick?  Write picked(lambda heads: ..., Pick(...)).")
    return replace(draft, about={**draft.about, "picked_on": picks[0].over}, picks=picks, build=build)


def read_heads(path: Path) -> Heads:
    """Heads from a file."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ClaimsError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise ClaimsError(f"{path} is not JSON: {error}.") from None
    lists = body.get("lists") if isinstance(body, dict) else None
    if not isinstance(lists, dict) or not lists:
        raise ClaimsError(
            f'{path} must hold lists of heads: {{"lists": {{"ceo_lastname": [[17, 24], [20, 1]], ...}}}}.'
        )
    return Heads.from_json(body, str(path))


def _heads(path: str, name: str, rows: Any) -> tuple[tuple[Head, float], ...]:
    found: dict[Head, float] = {}
    try:
        for layer, index, *score in rows:
            head = Head(layer, index)
            if head in found:
                raise ClaimsError(f"{path}: {head} is twice in the list {name!r}.")
            found[head] = float(score[0]) if score else float(len(rows) - len(found))
    except (TypeError, ValueError, IndexError):
        raise ClaimsError(f"{path}: the list {name!r} must hold [layer, head] or [layer, head, score].") from None
    return tuple(found.items())
