"""Pictures over several claims, and of kinds that are looked at rather than read: one file a sort of picture.

Each file has one function `draw(records, numbers)` that gives the figures it can draw from what the run has recorded.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    return [(heading, figures) for heading, figures in found if figures]
