"""Pictures over several claims, and of kinds that are looked at rather than read: one file a sort of picture.

Each file has one function `draw(records, numbers)` that gives the figures it can draw from what the run has recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from causal_claims.ledger import Record
from causal_claims.report.figures import Figure
from causal_claims.report.gallery import controls, doses, forests, looks, powers, shares, sweeps
from causal_claims.report.values import Numbers

_PARTS = (
    ("Every study", forests),
    ("Sweeps over heads", sweeps),
    ("Doses", doses),
    ("Against random sets", controls),
    ("Recovery and interaction", shares),
    ("Where claimed heads look", looks),
    ("Power of the designs, on stand-ins whose effects are known", powers),
)


def gallery(records: Sequence[Record], numbers: Numbers) -> list[tuple[str, list[Figure]]]:
    """All that can be drawn, under a heading each; names of figures are unique on the page."""
    found = [(heading, part.draw(records, numbers)) for heading, part in _PARTS]
    seen: Counter[str] = Counter()
    return [(heading, [_named(one, seen) for one in figures]) for heading, figures in found if figures]


def _named(figure: Figure, seen: Counter[str]) -> Figure:
    """Two claims may have one id, and hostile names may be alike when cleaned."""
    seen[figure.place] += 1
    again = seen[figure.place]
    return figure if again == 1 else replace(figure, name=f"{figure.name} {again}")
