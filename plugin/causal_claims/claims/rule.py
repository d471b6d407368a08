"""A rule: a kind's way from numbers to a decision.  Each kind is one subclass, in `kinds/`."""

import math
from abc import ABC, abstractmethod
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Self

from causal_claims.claims.effects import Effect
from causal_claims.errors import ClaimsError
from causal_claims.verdicts import Decision

if TYPE_CHECKING:
    from causal_claims.claims.data import Data


_MARGINS = ("beyond", "within", "bound", "at_least")


class Rule(ABC):
    """What a kind needs measured, how it is said, and how it is decided."""

    kind: str
    ceiling: str = "causal"  # the strongest wording a claim of this kind can carry
    corrects_selection: bool = False  # heads may be picked on the judging examples

    @abstractmethod
    def effects(self) -> tuple[Effect, ...]:
        """What it reads, in a fixed order."""

    @abstractmethod
    def subject(self) -> str:
        """The claim in words, without its margin."""

    @abstractmethod
    def needs(self) -> str:
        """What the figures must do: `above +0.02`."""

    @abstractmethod
    def decide(self, data: "Data") -> Decision:
        """The decision on these numbers."""

    def slug_parts(self) -> list[str]:
        """Metric and sites, for the pytest id."""
        cells = [cell for one in self.effects() for cell in one.cells]
        metrics = dict.fromkeys(cell.metric.name for cell in cells)
        conditions = list(dict.fromkeys(cell.condition.slug for cell in cells if cell.condition.steps))
        named = "vs".join(conditions)
        return [
            "+".join(metrics),
            *([named] if 0 < len(named) <= 60 else [f"{len(conditions)}conditions"] if conditions else []),
        ]

    def margin(self) -> float | None:
        """The margin as the record holds it."""
        return None

    def p_floor(self) -> float | None:
        """The smallest two-sided p that this design could ever reach, where the design limits it."""
        return None

    def with_margin(self, value: float) -> Self:
        """The same rule with another margin, as the record holds margins (signed)."""
        name = next((f.name for f in fields(self) if f.name in _MARGINS), None) if is_dataclass(self) else None
        if name is None:
            raise ClaimsError(f"{self.kind} has no margin that could be changed.")
        if name in ("beyond", "within"):
            if math.copysign(1, value) not in (1, math.copysign(1, self.margin() or 0.0)) or (
                name == "within" and not value
            ):
                size = "above 0" if name == "within" else "not negative, or signed as the record holds it"
                raise ClaimsError(f"{value:g} cannot be its margin ({name}=); give one that is {size}.")
            value = abs(value)
        return replace(self, **{name: value})

    def distance(self, effect: float) -> float | None:
        """How far an effect lies from what would change the decision, in units of the metric; None in other units."""
        margin = self.margin()
        return None if margin is None else abs(effect - margin)

    def design(self) -> dict[str, object]:
        """Settings other than margins that make it another claim; part of its id."""
        return {}
