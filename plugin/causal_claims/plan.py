"""A plan: the distinct cells that the selected claims need, by model, and what they could show."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from causal_claims.claims.claim import Claim
from causal_claims.claims.effects import Cell
from causal_claims.errors import ClaimsError
from causal_claims.statistics.power import mde80
from causal_claims.verdicts import count


@dataclass(frozen=True)
class Planned:
    """One claim on one model: its size, and the least that it could show."""

    claim: Claim
    model: str
    n: int | None  # independent examples, where they are known before measuring
    smallest_detectable: float | None  # in standard deviations of the per-example difference
    p_floor: float | None

    @property
    def line(self) -> str:
        n = f"n={self.n}" if self.n is not None else "n unknown before measuring"
        least = f", could show {self.smallest_detectable:.2f} sd" if self.smallest_detectable is not None else ""
        floor = f", p-floor {self.p_floor:.3g}" if self.p_floor is not None else ""
        return f"{self.model}  {self.claim.subject}: {n}{least}{floor}, {count(len(self.claim.cells), 'cell')}"


@dataclass
class Plan:
    """What would be measured, each cell once."""

    claims: list[Planned] = field(default_factory=list)
    cells: dict[str, dict[Cell, list[str]]] = field(default_factory=dict)  # model -> cell -> ids of claims that read it

    @property
    def distinct(self) -> int:
        return sum(len(found) for found in self.cells.values())

    def for_model(self, model: str) -> list[Cell]:
        """The cells of one model, the shallowest first write first, so that neighbours share what they start from."""
        return sorted(self.cells.get(model, {}), key=_depth)


def plan(
    pairs: Iterable[tuple[Claim, str]],
    size: Callable[[str, Claim], int | None],
    controls: Callable[[Claim], Iterable[Cell]] = lambda claim: (),
) -> Plan:
    """Gather the cells of claims, each on its model; `size` tells how many examples a claim will have, `controls` what
    is measured beside its own cells.
    """
    made = Plan()
    for claim, model in pairs:
        n = size(model, claim)
        floor = claim.rule.p_floor()
        made.claims.append(Planned(claim, model, n, mde80(1.0, n) if n is not None and n > 1 else None, floor))
        for cell in (*claim.cells, *controls(claim)):
            readers = made.cells.setdefault(cell.model or model, {}).setdefault(cell, [])
            readers.append(claim.id)
    return made


def size_from_examples(counts: Mapping[str, int]) -> Callable[[str, Claim], int | None]:
    """Sizes by the sets of examples that claims name."""

    def size(_: str, claim: Claim) -> int | None:
        names = {cell.metric.over for cell in claim.cells}
        found = [counts.get(name) if name is not None else None for name in names]
        known = [n for n in found if n is not None]
        return min(known) if known and len(known) == len(names) else None

    return size


def _depth(cell: Cell) -> tuple[int, str, str]:
    try:
        first = min(cell.condition.writes(), default=None)
    except (KeyError, ClaimsError):
        first = None
    return (-1 if first is None else first.layer, str(cell.metric), str(cell.condition))
