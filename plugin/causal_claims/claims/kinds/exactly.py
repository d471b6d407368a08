"""`exactly`: equality on every example, or its absence, for integrity rather than statistics."""

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect
from causal_claims.claims.kinds.settings import figure, margin
from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError
from causal_claims.verdicts import Decision, Outcome, number


@dataclass(frozen=True)
class Exactly(Rule):
    what: Effect
    equals: float
    within: float
    differs: bool
    kind = "exactly"
    ceiling = "descriptive"

    def effects(self) -> tuple[Effect, ...]:
        return (self.what,)

    def subject(self) -> str:
        return f"exactly {self.what.label}"

    def needs(self) -> str:
        value = f"{number(self.equals)}{f' ± {self.within:g}' if self.within else ''}"
        return f"other than {value} on some example" if self.differs else f"{value} on every example"

    def margin(self) -> float:
        return self.within

    def distance(self, effect: float) -> None:
        return None

    def design(self) -> dict[str, object]:
        return {"equals": self.equals, "differs": self.differs} if self.differs else {"equals": self.equals}

    def decide(self, data: Data) -> Decision:
        values = np.concatenate([sample.values for sample in data.samples(self.what)])
        off = int((np.abs(values - self.equals) > self.within).sum())
        low, high = float(values.min()), float(values.max())
        reason = (
            f"{off} of {len(values)} examples differ, the farthest by {number(float(np.abs(values - self.equals).max()))}"
            if off
            else "every example is equal"
        )
        return Decision(
            Outcome.SUPPORTED if bool(off) == self.differs else Outcome.REFUTED, reason, float(values.mean()), low, high, 1.0, len(values), "example", "equality on every example (the interval is the range)"
        )  # fmt: skip


def exactly(
    what: Effect, *, equals: float = 0.0, within: float = 0.0, differs: bool = False, **about: Unpack[About]
) -> Claim:
    """The value is the same number on every example, e.g. `exactly(level(M) - level(M, under=...))`.

    `within` is what arithmetic may move it by: two orders of the same sum differ in their last digits.  `differs` claims the
    contrary, another number on some example.
    """
    if not isinstance(what, Effect):
        raise ClaimsError(f"exactly({what!r}): give an effect, e.g. level(M, under=a) - level(M, under=b).")
    reach = margin(within, "exactly", "within", "give what arithmetic may move a value by.")
    return Claim(Exactly(what, figure(equals, "exactly", "equals"), reach, bool(differs)), about)
