"""`enriched`: a set of tokens ranks above the rest in a projection, e.g. of a head's OV circuit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Unpack

import numpy as np

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect
from causal_claims.claims.kinds.settings import figure, level_of, several
from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError, listing
from causal_claims.metrics.metric import Metric
from causal_claims.statistics import enrichment
from causal_claims.verdicts import Decision, Outcome

FEWEST = 5  # tokens; a tokenizer that cannot carry one as a single token leaves it out


@dataclass(frozen=True)
class Enriched(Rule):
    what: Effect
    members: tuple[str, ...]
    beyond: float
    kind = "enriched"
    ceiling = "descriptive"

    def effects(self) -> tuple[Effect, ...]:
        return (self.what,)

    def subject(self) -> str:
        return f"enriched {self.what.label} for {listing(self.members, 3)}"

    def needs(self) -> str:
        return f"AUC above {self.beyond:g}"

    def margin(self) -> float:
        return self.beyond

    def distance(self, effect: float) -> None:
        return None

    def design(self) -> dict[str, object]:
        return {"members": sorted(self.members)}

    def decide(self, data: Data) -> Decision:
        """The area under the curve of members against the rest, with a permutation p; the unit is the token.

        `what` may compare heads: `level(this) - level(other)`, a number per token.
        """
        sample = data.sample(self.what)
        order = sorted(set(data.units(self.what.cells[0])))
        index = {token: i for i, token in enumerate(order)}
        here = [index[token] for token in self.members if token in index]
        if len(here) < FEWEST:
            raise ClaimsError(
                f"{self.subject()}: the measurement has {len(here)} of the {len(self.members)} tokens, at least {FEWEST} are "
                f"needed; it lacks {listing([repr(token) for token in self.members if token not in index], 5)}."
            )
        found = enrichment.enrichment(sample.values, np.array(here), data.seed, confidence=data.confidence)
        low, high = found.interval.low, found.interval.high
        if low > self.beyond and found.p_greater <= 1 - data.confidence:
            outcome, reason = (
                Outcome.SUPPORTED,
                f"the {len(here)} tokens rank above the other {found.others}",
            )
        elif high < self.beyond:
            outcome, reason = Outcome.REFUTED, f"the interval does not reach {self.beyond:g}"
        else:
            outcome, reason = Outcome.INCONCLUSIVE, f"the interval reaches both sides of {self.beyond:g}"
        return Decision(
            outcome, reason, found.auc, low, high, data.confidence, len(here), "token", "AUC, permutation of set membership",
            found.p_two_sided, found.p_floor, found.auc, "AUC",
        )  # fmt: skip


def enriched(what: Metric | Effect, *, members: Iterable[str], beyond: float = 0.5, **about: Unpack[About]) -> Claim:
    """The examples named in `members` (tokens, when the metric gives a number per token) rank above all others."""
    chosen = several(members, "enriched", "members", "give the tokens, members=[' thank', ...].")
    if odd := [one for one in chosen if not isinstance(one, str)]:
        raise ClaimsError(
            f"enriched(..., members=...): {odd[0]!r} is no text; name examples (tokens) as the metric does."
        )
    if len(chosen) < FEWEST or len(set(chosen)) < len(chosen):
        raise ClaimsError(
            f"enriched(..., members=...): give at least {FEWEST} different tokens; there are {len(set(chosen))}."
        )
    bar = figure(beyond, "enriched", "beyond", 0, 1)
    return Claim(Enriched(level_of(what, "enriched"), chosen, bar), about)
