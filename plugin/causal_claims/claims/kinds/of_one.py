"""What rules share that are decided by the interval of one effect."""

from abc import abstractmethod

from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect
from causal_claims.claims.estimate import Estimate, estimate
from causal_claims.claims.rule import Rule
from causal_claims.verdicts import Decision


class OfOne(Rule):
    what: Effect

    @abstractmethod
    def on(self, found: Estimate) -> Decision:
        """The decision on the estimate of that effect, and on nothing else."""

    def effects(self) -> tuple[Effect, ...]:
        return (self.what,)

    def decide(self, data: Data) -> Decision:
        return self.on(estimate(data, self.what))
