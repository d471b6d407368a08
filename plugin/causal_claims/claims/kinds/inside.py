"""What rules share that ask for an effect inside a margin, on both sides of zero."""

from causal_claims.claims.rule import Rule


class Inside(Rule):
    within: float

    def needs(self) -> str:
        return f"within ±{self.within:g}"

    def margin(self) -> float:
        return self.within

    def distance(self, effect: float) -> float:
        return abs(self.within - abs(effect))
