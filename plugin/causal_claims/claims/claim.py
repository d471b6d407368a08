"""A claim: a frozen, checkable statement as a value."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypedDict

from causal_claims.claims.effects import Cell, Effect, distinct_cells
from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError, listing
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
    expect: str | None  # "refuted" or "invalid": known not to stand, kept as a strict expected failure
    because: str | None  # why that outcome is expected; goes with expect
    given: "Behaviour | None"  # what the model must be able to do for the claim to mean anything
    picked_on: str | None  # the examples on which the heads were picked
    headline: bool  # in the small set that is also judged with Holm's correction
    gate: bool  # a regression of this claim stops a checkpoint
    supersedes: tuple[str, ...]
    contradicts: tuple[str, ...]
    depends_on: tuple[str, ...]


@dataclass(frozen=True)
class Behaviour:
    """A precondition: this level must lie above (or below) a bound, by its own interval, else the claim is NOT RUN."""

    level: Effect
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class Claim:
    """A kind's rule with its settings, and what is said about it."""

    rule: Rule
    about: About = field(default_factory=About, compare=False)

    def __post_init__(self) -> None:
        _check_about(self.rule.kind, self.about)

    @property
    def kind(self) -> str:
        return self.rule.kind

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell the claim needs, its precondition's too."""
        given = self.about.get("given")
        return distinct_cells([*self.rule.effects(), *([given.level] if given else [])])

    @property
    def subject(self) -> str:
        """What is claimed, without the margin: `raises r_v by ablate(L27.H11)`."""
        return self.rule.subject()

    @property
    def statement(self) -> str:
        return self.about.get("statement") or f"{self.subject}, {self.rule.needs()}"

    @property
    def slug(self) -> str:
        """For the pytest id: `raises-r_v-L27.H11`."""
        return "-".join([self.kind, *self.rule.slug_parts()])

    @property
    def id(self) -> str:
        """Stable under renaming and reordering of tests, and under a change of margin; unique by content."""
        return self.about.get("id") or f"{self.slug[:80]}-{self.fingerprint[:8]}"

    @property
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
        raise TypeError("a claim is neither true nor false by itself; hold the model to it: assert holds(claim).")

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            "a claim is one value; parametrize takes a list of claims: @pytest.mark.parametrize('claim', [claim])."
        )


def _check_about(kind: str, about: About) -> None:
    if unknown := set(about) - set(About.__annotations__):
        raise ClaimsError(
            f"{kind}(..., {min(unknown)}=...): no such setting; every kind takes {listing(About.__annotations__, 20)}."
        )
    wording, expect = about.get("wording"), about.get("expect")
    if wording is not None and wording not in LEVELS:
        raise ClaimsError(f"{kind}(..., wording={wording!r}): wording is one of {listing(LEVELS)}.")
    if expect is not None and expect not in ("refuted", "invalid", "inconclusive"):
        raise ClaimsError(f"{kind}(..., expect={expect!r}): expect is 'refuted', 'inconclusive' or 'invalid'.")
    if expect is not None and not about.get("because"):
        raise ClaimsError(f"{kind}(..., expect={expect!r}): say why in because='...', so that a reader can check it.")
    hand = about.get("id")
    if hand is not None and not (
        isinstance(hand, str) and hand and hand.isprintable() and not any(c.isspace() for c in hand)
    ):
        raise ClaimsError(f"{kind}(..., id={hand!r}): a claim id is printable text without spaces, e.g. 'S0-1'.")
    reported = about.get("reported")
    if reported is not None and (
        isinstance(reported, bool) or not isinstance(reported, int | float) or reported != reported
    ):
        raise ClaimsError(f"{kind}(..., reported={reported!r}): reported is the figure the finding gives, a number.")
