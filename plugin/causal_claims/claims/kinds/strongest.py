"""`strongest`: one intervention beats every other of a list, named before looking or picked after."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Unpack

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, as_effect, effect
from causal_claims.claims.estimate import estimate
from causal_claims.claims.kinds.deciding import decision, undecided
from causal_claims.claims.kinds.directed import Directed, check_way
from causal_claims.claims.kinds.family import interventions, parted
from causal_claims.claims.kinds.settings import check_effects, margin, several
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.sites import compact
from causal_claims.statistics.ranking import strongest as strongest_of
from causal_claims.verdicts import Decision, Outcome, number


@dataclass(frozen=True)
class Strongest(Directed):
    winner: Effect
    others: tuple[Effect, ...]
    picked: str
    way: str
    beyond: float = 0.0
    kind = "strongest"

    @property
    def corrects_selection(self) -> bool:  # type: ignore[override]
        return self.picked == "after"

    def effects(self) -> tuple[Effect, ...]:
        return (self.winner, *self.others)

    def subject(self) -> str:
        sites = compact(site for one in self.effects() for site in one.cells[0].condition.sites)
        where = f" at {sites}" if sites else ""
        return f"strongest {self.winner.label} of {len(self.others) + 1}{where}"

    def needs(self) -> str:
        by = f" by {number(self.beyond)}" if self.beyond else ""
        return f"{'above' if self.way == 'raises' else 'below'} every other{by}, picked {self.picked} looking"

    def margin(self) -> float | None:
        return self.beyond or None

    def slug_parts(self) -> list[str]:
        cell = self.winner.cells[0]
        condition = [cell.condition.slug] if cell.condition.steps else []
        return [cell.metric.name, *condition, f"of{len(self.others) + 1}"]

    def decide(self, data: Data) -> Decision:
        D = self.sign * data.matrix(self.effects())  # units x (1 + others)
        D[:, 0] -= self.beyond
        found = strongest_of(D, 0, picked_after=self.picked == "after", seed=data.seed)
        rival = self.others[found.rival - 1]
        lead = estimate(data, self.winner - rival if self.sign > 0 else rival - self.winner)
        estimates = [estimate(data, one) for one in self.effects()]
        parts = parted(self.effects(), estimates, [Outcome.SUPPORTED] + [Outcome.INCONCLUSIVE] * len(self.others))
        thin = estimates[0].thin or lead.thin
        size = replace(lead, p_value=min(1.0, 2 * found.p))
        if thin:
            return parts(undecided(size, f"too thin: {thin}", lead.effect))
        if found.supported:
            return parts(decision(size, Outcome.SUPPORTED, f"it leads every other; the nearest is {rival.label}"))
        short = lead.effect - self.beyond
        if found.refuted:
            better = self.effects()[max(found.beaten_by, key=lambda h: float(D[:, h].mean()))]
            than = (
                f"does not lead {better.label} by {number(self.beyond)}"
                if self.beyond
                else f"{better.label} is stronger"
            )
            return parts(decision(size, Outcome.REFUTED, f"{than} by the simultaneous band"))
        return parts(undecided(size, f"not told apart from {rival.label}", short))


def strongest(
    what: Metric | Effect,
    *,
    among: Iterable[Intervention | Effect],
    by: Intervention | None = None,
    picked: str = "before",
    way: str = "raises",
    beyond: float = 0.0,
    **about: Unpack[About],
) -> Claim:
    """`by` has the strongest effect of all in `among`; or an effect is the largest of a list of effects (levels, too).

    It leads every other by more than `beyond`.

    `picked="after"` says that it was found by looking at these examples; the rule then corrects for the choice.
    The effect reported is the lead over the nearest rival.
    """
    if picked not in ("before", "after"):
        raise ClaimsError(
            f"strongest(..., picked={picked!r}): heads are picked 'before' or 'after' looking at these examples."
        )
    check_way("strongest", way)
    beyond = margin(beyond, "strongest", "beyond", "the direction is given by way=.")
    winner = as_effect(what, by, "strongest")
    rivals = (
        several(among, "strongest", "among", "the effects to be compared with.")
        if isinstance(what, Effect)
        else tuple(effect(what, by=one) for one in interventions(among, "strongest", "among"))
    )
    check_effects(rivals, "strongest", "an effect is compared with effects: among=[level(M), ...].")
    others = tuple(dict.fromkeys(one for one in rivals if one.terms != winner.terms))
    if not others:
        raise ClaimsError("strongest(..., among=...): there is no other to be stronger than; list the rivals.")
    return Claim(Strongest(winner, others, picked, way, beyond), about)
