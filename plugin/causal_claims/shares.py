"""What cells cost beside one another, and how work is divided so that all shares end at the same time.

The unit of cost is one prompt through a gigabyte of weights.  Only ratios matter: nothing is loaded to find them.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from causal_claims.claims.effects import Cell
from causal_claims.errors import ClaimsError
from causal_claims.examples import examples
from causal_claims.models import ModelSpec
from causal_claims.sites import GENERATION

LOAD = 300.0  # loading a model costs as much as so many prompts through it
_UNKNOWN_ROWS = 64  # of a set of examples that is not declared where the work is divided
_TOKENS = 20  # of a generated text, where its metric does not say


@dataclass(frozen=True)
class Work:
    """One test: the model it runs on, and the cost of each cell it reads."""

    model: str | None
    cells: Mapping[Hashable, float] = field(default_factory=dict)


def gigabytes(spec: ModelSpec | None) -> float:
    return float(spec.min_memory_gb) if spec is not None and spec.min_memory_gb else 1.0


def load_cost(spec: ModelSpec | None) -> float:
    return LOAD * gigabytes(spec)


def cell_cost(cell: Cell, spec: ModelSpec | None) -> float:
    """Rows, times the share of the network that lies behind the first write, times the size of the model."""
    cost = rows_of(cell) * gigabytes(spec)
    if GENERATION in cell.metric.reads():
        return cost * float(cell.metric.option("tokens") or _TOKENS)
    first = min((site.layer for site in cell.condition.sites), default=0)
    layers = spec.layers if spec is not None and spec.layers else 0
    return cost * (1 - min(first, layers - 1) / layers if layers else 1.0)


def rows_of(cell: Cell) -> int:
    try:
        return len(examples(cell.metric.over).examples) if cell.metric.over is not None else _UNKNOWN_ROWS
    except ClaimsError:
        return _UNKNOWN_ROWS


@dataclass
class _Share:
    """What one shard has so far."""

    cost: float = 0.0
    models: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Piece:
    """Neighbouring tests of one model, which share cells."""

    model: str | None
    members: tuple[int, ...]
    cost: float


def divide(works: Sequence[Work], count: int, load: Callable[[str], float]) -> list[int]:
    """The share, from 0, of each test: a pure function, the same in every process that has the same tests.

    A model stays whole while that keeps the shares even; else it is cut where its tests share fewest cells, at the price
    of another load.  The largest pieces go first, each to the share that would then be the lightest.
    """
    best: tuple[float, list[int]] | None = None
    for parts in (1, 2, 4):
        made = _deal(_pieces(works, count * parts, load), count, load)
        if best is None or made[0] < 0.98 * best[0]:
            best = made
    assert best is not None
    return best[1]


def loads(works: Sequence[Work], shares: Sequence[int], load: Callable[[str], float]) -> dict[int, float]:
    """What each share costs: its models loaded once, its cells measured once."""
    found: dict[int, tuple[set[str], dict[Hashable, float]]] = {}
    for work, share in zip(works, shares, strict=True):
        models, cells = found.setdefault(share, (set(), {}))
        if work.model is not None:
            models.add(work.model)
        cells.update(work.cells)
    return {share: sum(map(load, models)) + sum(cells.values()) for share, (models, cells) in found.items()}


def _pieces(works: Sequence[Work], shares: int, load: Callable[[str], float]) -> list[_Piece]:
    by_model: dict[str | None, list[int]] = {}
    for i, work in enumerate(works):
        by_model.setdefault(work.model, []).append(i)
    whole = {model: _cost(works, members) for model, members in by_model.items()}
    total = sum(cost + (load(model) if model is not None else 0.0) for model, cost in whole.items())
    fair = total / shares
    pieces: list[_Piece] = []
    for model, members in by_model.items():
        parts = len(members) if model is None else max(1, round((whole[model] + load(model)) / fair)) if fair else 1
        most = whole[model] / max(1, min(parts, len(members)))
        piece: list[int] = []
        seen: dict[Hashable, float] = {}
        for i in members:
            more = sum(cost for cell, cost in works[i].cells.items() if cell not in seen)
            if piece and (model is None or sum(seen.values()) + more / 2 > most):
                pieces.append(_Piece(model, tuple(piece), sum(seen.values())))
                piece, seen = [], {}
            piece.append(i)
            seen.update(works[i].cells)
        pieces.append(_Piece(model, tuple(piece), sum(seen.values())))
    return pieces


def _cost(works: Sequence[Work], members: Sequence[int]) -> float:
    cells: dict[Hashable, float] = {}
    for i in members:
        cells.update(works[i].cells)
    return sum(cells.values())


def _deal(pieces: Sequence[_Piece], count: int, load: Callable[[str], float]) -> tuple[float, list[int]]:
    """Largest first; the heaviest share's cost, and the share of each test."""
    shares = [_Share() for _ in range(count)]
    dealt: dict[int, int] = {}

    def after(share: int, piece: _Piece) -> float:
        new = piece.model is not None and piece.model not in shares[share].models
        return shares[share].cost + piece.cost + (load(piece.model) if new and piece.model is not None else 0.0)

    for piece in sorted(pieces, key=lambda p: (-p.cost, p.members)):
        to = min(range(count), key=lambda s: (after(s, piece), s))
        shares[to].cost = after(to, piece)
        if piece.model is not None:
            shares[to].models.add(piece.model)
        dealt.update((i, to) for i in piece.members)
    return max(one.cost for one in shares), [dealt[i] for i in sorted(dealt)]
