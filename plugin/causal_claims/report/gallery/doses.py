"""Dose curves, with the band in which random sets of the same size lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from causal_claims.ledger import Record
from causal_claims.report.evidence import parts
from causal_claims.report.figures import Figure
from causal_claims.report.pictures.dose import Band, Point, curve
from causal_claims.report.text import clean
from causal_claims.report.values import Key, Numbers, terms_of

_FIGURES = 16


def draw(records: Sequence[Record], numbers: Numbers) -> list[Figure]:
    """One per curve; the band comes from claims that hold the same sets against random ones."""
    against = _random(records)
    found: dict[tuple[Key, ...], Figure] = {}
    for one in records:
        points = _points(one)
        if one.kind != "dose" or len(points) < 3:
            continue
        keys = tuple(terms[0][1] for terms in terms_of(one))
        band = [(points[i][0], *against[key]) for i, key in enumerate(keys) if key in against]
        if keys in found:
            continue
        what = f"{clean(one.metric, 60)} over the dose, {clean(one.model, 60)}"
        told = (
            " Grey: 95 % of the random sets of that size." if band else " No random sets of these sizes were measured."
        )
        rows = [[*point, *_ends(band, point[0])] for point in points]
        found[keys] = Figure(
            f"dose {clean(one.id, 80)} {clean(one.model, 60)}", f"{what}: effect and interval at each number of heads.{told}",
            curve(what, clean(one.metric, 60), points, band), ("dose", "effect", "ci_low", "ci_high", "random_low", "random_high"),
            rows, about=(one.key,),
        )  # fmt: skip
    return list(found.values())[:_FIGURES]


def _points(record: Record) -> list[Point]:
    """Doses are part of the design; ledgers from before it was kept have the number of sites instead."""
    each, terms = parts(record), terms_of(record)
    doses = (record.design.get("doses") if isinstance(record.design, Mapping) else None) or [
        max(1, one[0][1][2].count("L")) for one in terms
    ]
    if not (len(each) == len(terms) == len(doses)) or any(not isinstance(k, int | float) or k <= 0 for k in doses):
        return []
    return [
        (float(k), float(one["effect"]), _finite(one.get("ci_low")), _finite(one.get("ci_high")))
        for k, one in zip(doses, each, strict=True)
    ]


def _random(records: Sequence[Record]) -> Mapping[Key, tuple[float, float]]:
    found = {}
    for one in records:
        if one.kind == "beats" and len(each := parts(one)) > 8 and one.effects:
            ends = np.quantile([float(part["effect"]) for part in each[1:]], (0.025, 0.975))
            found[terms_of(one)[0][0][1]] = (float(ends[0]), float(ends[1]))
    return found


def _ends(band: Sequence[Band], dose: float) -> tuple[float | None, float | None]:
    return next(((low, high) for k, low, high in band if k == dose), (None, None))


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
