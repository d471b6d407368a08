"""What rules share that ask for a direction, declared before looking."""

from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError
from causal_claims.verdicts import number


class Directed(Rule):
    """In one direction: it raises, or it lowers."""

    way: str

    @property
    def sign(self) -> int:
        return 1 if self.way == "raises" else -1

    def design(self) -> dict[str, object]:
        return {"way": self.way}


class Beyond(Directed):
    """In its direction by more than a margin."""

    beyond: float

    def needs(self) -> str:
        return f"{'above' if self.sign > 0 else 'below'} {number(self.margin()) if self.beyond else 0}"

    def margin(self) -> float:
        return self.sign * self.beyond


def check_way(kind: str, way: str) -> None:
    if way not in ("raises", "lowers"):
        raise ClaimsError(f"{kind}(..., way={way!r}): the direction is 'raises' or 'lowers', declared before looking.")
