"""How an outcome looks: a word, a sign and a colour, so that none of them has to be trusted alone."""

from __future__ import annotations

from dataclasses import dataclass

from causal_claims.verdicts import Outcome


@dataclass(frozen=True)
class Look:
    """An outcome's class in the style sheet, its sign, and its colour on white paper (contrast 4.5 : 1 or better)."""

    outcome: Outcome
    letter: str
    sign: str
    colour: str
    meaning: str

    @property
    def word(self) -> str:
        return str(self.outcome)


LOOKS: dict[str, Look] = {
    str(look.outcome): look
    for look in (
        Look(Outcome.ERROR, "E", "!", "#8f1d3f", "the program or the machine failed; no verdict"),
        Look(Outcome.REFUTED, "R", "✗", "#b0400a", "the rule of the kind says the opposite"),
        Look(Outcome.INVALID, "V", "⊘", "#74379a", "a guard fired: this measurement cannot bear on the claim"),
        Look(Outcome.INCONCLUSIVE, "I", "?", "#7a5a00", "the data decide neither way"),
        Look(Outcome.NOT_RUN, "N", "–", "#59626e", "weights, hardware, numbers or the behaviour are absent"),
        Look(Outcome.SUPPORTED, "S", "✓", "#00734f", "the rule of the kind says so"),
    )
}  # worst first, the order in which people want to read them
ORDER = tuple(LOOKS)
