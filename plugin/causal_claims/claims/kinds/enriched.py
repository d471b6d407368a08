"""`enriched`: a set of tokens ranks above the rest in a projection, e.g. of a head's OV circuit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Unpack

import numpy as np

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect
from causal_claims.claims.kinds.settings import figure, level_of, several, whole
from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError, listing
from causal_claims.metrics.metric import Metric
from causal_claims.statistics import enrichment
from causal_claims.verdicts import Decision, Outcome

FEWEST = 5  # tokens; a tokenizer that cannot carry one as a single token leaves it out


@dataclass(frozen=True)
class Enriched(Rule):
    what: Effect
    members: tuple[str, ...]  # none where they are the `top` highest of `like`
    beyond: float
    like: Effect | None = None
    top: int = 0
    kind = "enriched"
    ceiling = "descriptive"

    def effects(self) -> tuple[Effect, ...]:
        return (self.what,) if self.like is None else (self.what, self.like)

    def subject(self) -> str:
        whose = f"the {self.top} highest of {self.like.label}" if self.like is not None else listing(self.members, 3)
        return f"enriched {self.what.label} for {whose}"

    def needs(self) -> str:
        return f"AUC above {self.beyond:g}"

    def margin(self) -> float:
        return self.beyond

    def distance(self, effect: float) -> None:
        return None

    def design(self) -> dict[str, object]:
        return {"top": self.top} if self.like is not None else {"members": sorted(self.members)}

    def decide(self, data: Data) -> Decision:
        """The area under the curve of members against the rest, with a permutation p; the unit is the token.

        `what` may compare heads: `level(this) - level(other)`, a number per token.  Another level's highest tokens are
        sought among those that both measurements have: two tokenizers carry different words.
        """
        scores = _by_token(data, self.what)
        members = self.members
        if self.like is not None:
            other = _by_token(data, self.like)
            scores = {token: score for token, score in scores.items() if token in other}
            members = tuple(sorted(scores, key=lambda token: -other[token])[: min(self.top, len(scores) // 2)])
        index = {token: i for i, token in enumerate(scores)}
        here = [index[token] for token in members if token in index]
        if len(here) < FEWEST:
            raise ClaimsError(
                f"{self.subject()}: the measurement has {len(here)} of the {len(members)} tokens, at least {FEWEST} are "
                f"needed; it lacks {listing([repr(token) for token in members if token not in index], 5)}."
            )
        values = np.array(list(scores.values()))
        found = enrichment.enrichment(values, np.array(here), data.seed, confidence=data.confidence)
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


def _by_token(data: Data, what: Effect) -> dict[str, float]:
    """The number of each token."""
    return dict(zip(sorted(set(data.units(what.cells[0]))), data.sample(what).values.tolist(), strict=True))


def enriched(
    what: Metric | Effect,
    *,
    members: Iterable[str] | Effect,
    top: int | None = None,
    beyond: float = 0.5,
    **about: Unpack[About],
) -> Claim:
    """The examples named in `members` (tokens, when the metric gives a number per token) rank above all others.

    Or, given another level as `members` and how many of its highest are meant (of few tokens, half of them at most), whether
    what is `top` there is high here:
    `enriched(level(M), members=level(M, model="other"), top=20)`.
    """
    bar = figure(beyond, "enriched", "beyond", 0, 1)
    if isinstance(members, Effect):
        high = whole(top, "enriched", "top", FEWEST)
        return Claim(Enriched(level_of(what, "enriched"), (), bar, members, high), about)
    if top is not None:
        raise ClaimsError(f"enriched(..., top={top!r}): it goes with another level, members=level(M, model='other').")
    chosen = several(members, "enriched", "members", "give the tokens, members=[' thank', ...].")
    if odd := [one for one in chosen if not isinstance(one, str)]:
        raise ClaimsError(
            f"enriched(..., members=...): {odd[0]!r} is no text; name examples (tokens) as the metric does."
        )
    if len(chosen) < FEWEST or len(set(chosen)) < len(chosen):
        raise ClaimsError(
            f"enriched(..., members=...): give at least {FEWEST} different tokens; there are {len(set(chosen))}."
        )
    return Claim(Enriched(level_of(what, "enriched"), chosen, bar), about)
