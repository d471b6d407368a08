"""A claim: a frozen, checkable statement as a value."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, TypedDict

from causal_claims.claims.effects import Cell, Effect, distinct_cells
from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError, MisuseError, listing, nearest
from causal_claims.interventions.intervention import OPERATIONS
from causal_claims.verdicts import Outcome

LEVELS = ("descriptive", "correlational", "causal")


class About(TypedDict, total=False):
    """What every kind can be told beside its own settings."""

    reported: float | None  # the figure the finding gives
    finding: str | None  # its number in the list of findings, e.g. "S0-1"
    statement: str | None  # the sentence as the source says it
    source: str | None
    id: str | None  # by hand, else made from the content
    wording: str | None  # the strongest reading the statement asks for: one of LEVELS
    expect: str | None  # "refuted", "inconclusive" or "invalid": known not to stand, kept as a strict expected failure
    because: str | None  # why that outcome is expected; goes with expect
    given: "Behaviour | tuple[Behaviour, ...] | None"  # what must be there for the claim to mean anything
    asked: int | None  # how many heads the finding says it ablates
    picked_on: str | None  # the examples on which the heads were picked
    headline: bool  # in the small set that is also judged with Holm's correction
    gate: bool  # a regression of this claim stops a checkpoint
    supersedes: tuple[str, ...]  # ids of other claims, as below
    contradicts: tuple[str, ...]
    depends_on: tuple[str, ...]


@dataclass(frozen=True)
class Behaviour:
    """A precondition: this level must lie above (or below) a bound, by its own interval, else the claim is NOT RUN."""

    level: Effect
    above: float | None = None
    below: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.level, Effect):
            raise ClaimsError(f"Behaviour({self.level!r}, ...): give a level first, e.g. level(Metric('accuracy')).")
        bounds = [one for one in (self.above, self.below) if one is not None]
        if not bounds or not all(isinstance(one, int | float) and math.isfinite(one) for one in bounds):
            raise ClaimsError("Behaviour(level, ...): give above= or below=, a number that the level must pass.")


@dataclass(frozen=True)
class Claim:
    """A kind's rule with its settings, and what is said about it."""

    rule: Rule
    about: About = field(default_factory=About, compare=False)
    picks: tuple[Any, ...] = field(default=(), compare=False)  # how its heads are found, where they are not known yet
    build: "Callable[..., Claim] | None" = field(default=None, compare=False)

    def __post_init__(self) -> None:
        _check_about(self.rule, self.about)

    def of(self, heads: Callable[[Any], Any]) -> "Claim":
        """The claim about the heads that each of its picks has found; a claim that names its heads is itself."""
        if self.build is None:
            return self
        found = [heads(pick) for pick in self.picks]
        try:
            made = self.build(*found)
        except ClaimsError:
            raise
        except Exception as error:  # the fault of one claim is no fault of the run's others
            raise ClaimsError(
                f"{self.id}: it cannot be built about the heads that were found: {type(error).__name__}: {error}."
            ) from error
        return replace(made, about={**made.about, "picked_on": self.about.get("picked_on")})

    @property
    def kind(self) -> str:
        return self.rule.kind

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell the claim needs, its precondition's too."""
        return distinct_cells([*self.rule.effects(), *(one.level for one in self.preconditions)])

    @property
    def preconditions(self) -> tuple[Behaviour, ...]:
        given = self.about.get("given") or ()
        return (given,) if isinstance(given, Behaviour) else tuple(given)

    @property
    def subject(self) -> str:
        """What is claimed, without the margin: `raises r_v by ablate(L27.H11)`."""
        return self.rule.subject()

    @property
    def statement(self) -> str:
        return self.about.get("statement") or f"{self.subject}, {self.rule.needs()}"

    @cached_property
    def slug(self) -> str:
        """For the pytest id: `raises-r_v-L27.H11`."""
        return "-".join([self.kind, *self.rule.slug_parts()])

    @cached_property
    def id(self) -> str:
        """Stable under renaming and reordering of tests, and under a change of margin; unique by content."""
        return self.about.get("id") or f"{self.slug[:80]}-{self.fingerprint[:8]}"

    @cached_property
    def fingerprint(self) -> str:
        """A hash of what is measured and compared: kind, cells, and settings other than margins."""
        content = [self.kind, [[(w, str(c)) for w, c in e.terms] for e in self.rule.effects()], self.rule.design()]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def expected(self) -> Outcome | None:
        expect = self.about.get("expect")
        return Outcome(expect.upper()) if expect else None

    @property
    def best_level(self) -> str:
        """The strongest wording this design could ever carry, given perfect delivery."""
        steps = [step for cell in self.cells for step in cell.condition.steps]
        legacy = any((op := OPERATIONS.get(step.operation)) is not None and op.legacy for step in steps)
        gauge = any((spec := cell.metric.spec) is not None and not spec.gauge_free for cell in self.cells)
        ceiling = "causal" if steps and not legacy and not gauge else "descriptive"
        return min(ceiling, self.rule.ceiling, key=LEVELS.index)

    def __repr__(self) -> str:
        return f"<{self.subject}, {self.rule.needs()}>"

    def __bool__(self) -> bool:
        raise MisuseError("a claim is neither true nor false by itself; hold the model to it: assert holds(claim).")

    def __iter__(self) -> Iterator[Any]:
        raise MisuseError(
            "a claim is one value; parametrize takes a list of claims: @pytest.mark.parametrize('claim', [claim])."
        )


_TEXTS = ("finding", "statement", "source", "because", "picked_on")
_LISTS = ("supersedes", "contradicts", "depends_on")


def _check_about(rule: Rule, about: About) -> None:
    kind = rule.kind
    if unknown := set(about) - set(About.__annotations__):
        own: list[str] = [f.name for f in fields(rule)] if is_dataclass(rule) else []
        known = [*own, *About.__annotations__]
        raise ClaimsError(
            f"{kind}(..., {min(unknown)}=...): no such setting{nearest(min(unknown), known)}; "
            f"every kind takes {listing(About.__annotations__, 20)}."
        )
    wording, expect, reported, hand = (about.get(name) for name in ("wording", "expect", "reported", "id"))
    if wording is not None and wording not in LEVELS:
        raise ClaimsError(f"{kind}(..., wording={wording!r}): wording is one of {listing(LEVELS)}.")
    if expect is not None and expect not in ("refuted", "invalid", "inconclusive"):
        raise ClaimsError(f"{kind}(..., expect={expect!r}): expect is 'refuted', 'inconclusive' or 'invalid'.")
    if expect is not None and not about.get("because"):
        raise ClaimsError(f"{kind}(..., expect={expect!r}): say why in because='...', so that a reader can check it.")
    if hand is not None and not (
        isinstance(hand, str) and hand and hand.isprintable() and not any(c.isspace() for c in hand)
    ):
        raise ClaimsError(f"{kind}(..., id={hand!r}): a claim id is printable text without spaces, e.g. 'S0-1'.")
    if reported is not None and (
        isinstance(reported, bool) or not isinstance(reported, int | float) or not math.isfinite(reported)
    ):
        raise ClaimsError(f"{kind}(..., reported={reported!r}): reported is the figure the finding gives, a number.")
    for name in _TEXTS:
        if (text := about.get(name)) is not None and not isinstance(text, str):
            raise ClaimsError(f"{kind}(..., {name}={text!r}): {name} is a text.")
    for name in _LISTS:
        ids = about.get(name)
        if ids is not None and not (isinstance(ids, tuple | list) and all(isinstance(one, str) for one in ids)):
            raise ClaimsError(f"{kind}(..., {name}={ids!r}): {name} is a list of claim ids, e.g. {name}=('S0-1',).")
    given = about.get("given")
    several = given if isinstance(given, tuple | list) else [given]
    if given is not None and not all(isinstance(one, Behaviour) for one in several):
        raise ClaimsError(f"{kind}(..., given={given!r}): write given=Behaviour(level(ACCURACY), above=0.5).")
