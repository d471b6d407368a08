"""A targeted set among its random control sets."""

from __future__ import annotations

from collections.abc import Sequence

from causal_claims.ledger import Record
from causal_claims.report.evidence import parts
from causal_claims.report.figures import Figure
from causal_claims.report.pictures.histogram import histogram
from causal_claims.report.text import clean
from causal_claims.report.values import Numbers, terms_of

_FIGURES = 16


def draw(records: Sequence[Record], numbers: Numbers) -> list[Figure]:
    """One per `beats` claim: the effect of every set, as the record holds them."""
    found = []
    for one in records:
        each = parts(one)
        if one.kind != "beats" or len(each) < 3:
            continue
        target, sets = each[0], each[1:]
        unit = clean(one.metric, 60)
        name = f"{clean(one.id, 80)}, {clean(one.model, 60)}"
        stronger = clean(one.reason, 200)
        picture = histogram(
            f"{unit}: the targeted set and {len(sets)} random sets, {name}", f"{unit}, mean difference to the baseline",
            [float(part["effect"]) for part in sets], float(target["effect"]), target.get("ci_low"), target.get("ci_high"),
        )  # fmt: skip
        conditions = [terms[0][1][2] for terms in terms_of(one)]
        conditions += [str(part.get("label")) for part in each[len(conditions) :]]
        rows = [
            ("target" if i == 0 else "random", conditions[i], part["effect"], part.get("ci_low"), part.get("ci_high"))
            for i, part in enumerate(each)
        ]
        found.append(
            Figure(f"random sets {name}", f"{name}: {stronger}.", picture, ("set", "condition", "effect", "ci_low", "ci_high"),
                   rows, about=(one.key,))
        )  # fmt: skip
    return found[:_FIGURES]
