"""Power of the designs on stand-ins: how many examples it would have taken to support what was planted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from causal_claims.ledger import Record
from causal_claims.report import glance
from causal_claims.report.figures import Figure
from causal_claims.report.pictures.curves import Curve, power_curves
from causal_claims.report.text import clean
from causal_claims.report.values import Numbers
from causal_claims.statistics.power import power
from causal_claims.verdicts import count

_ONE_SIDED = {"raises": 1, "lowers": -1, "above": 1, "below": -1}
_DECIDED = ("SUPPORTED", "REFUTED", "INCONCLUSIVE")
_CURVES = 8
_NS = [*range(8, 20), *range(20, 60, 5), *range(60, 200, 20), *range(200, 1001, 100)]


def draw(records: Sequence[Record], numbers: Numbers) -> list[Figure]:
    """From the measured spread and effect, by the t interval; on a real model the effect is not known, so none is drawn."""
    groups: dict[str, list[tuple[int, Curve]]] = defaultdict(list)
    for one in records:
        if one.stand_in and one.outcome in _DECIDED and (curve := _curve(one, numbers)) is not None:
            groups[glance.study_of(one)].append(curve)
    figures = []
    for study, curves in sorted(groups.items()):
        hardest = sorted(curves, key=lambda pair: -pair[0])
        drawn = [one for need, one in hardest if need > _NS[0]][:_CURVES]
        easy = sum(need <= _NS[0] for need, _ in curves)
        rest = len(curves) - len(drawn) - easy
        if not drawn:
            continue
        more = f" {count(easy, 'further claim')} would be supported with {_NS[0]} examples." if easy else ""
        more += f" {count(rest, 'claim')} between these are left out." if rest > 0 else ""
        caption = f"{clean(study, 40)}: the chance of SUPPORTED over the number of examples, at the planted effect; a dot is the number used.{more}"
        rows = [(one.label, n, p) for one in drawn for n, p in zip(one.x, one.y, strict=True)]
        figures.append(
            Figure(f"power {clean(study, 40)}", caption, power_curves(caption, drawn), ("claim", "n", "power"), rows)
        )
    return figures


def _curve(one: Record, numbers: Numbers) -> tuple[int, Curve] | None:
    """The least n with 80 % power, and the curve."""
    sign = _ONE_SIDED.get(one.kind) or (
        -1 if one.needs.startswith("below") else 1 if one.needs.startswith("above") else 0
    )
    found = numbers.of(one) if sign and len(one.effects) == 1 and one.margin is not None else None
    if found is None or found.n < 3 or one.kind in ("correlates", "beats", "dose", "strongest"):
        return None
    sd, effect = float(np.std(found.total, ddof=1)), float(found.total.mean())
    if sd == 0 or not np.isfinite(sd) or sign * (effect - (one.margin or 0.0)) <= 0:
        return None
    chances = [power(sign * effect, sd, n, sign * (one.margin or 0.0), one.confidence) for n in _NS]
    chances = [1.0 if not np.isfinite(p) else p for p in chances]
    need = next((n for n, p in zip(_NS, chances, strict=True) if p >= 0.8), _NS[-1] + 1)
    return need, Curve(clean(one.id, 60), _NS, chances, float(found.n))
