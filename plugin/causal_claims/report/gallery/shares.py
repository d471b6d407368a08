"""Recovery and interaction as bars: a part beside its whole, single interventions beside all of them at once."""

from __future__ import annotations

from collections.abc import Sequence

from causal_claims.ledger import Record
from causal_claims.report.figures import Figure
from causal_claims.report.pictures.bars import Bar, bars
from causal_claims.report.text import clean
from causal_claims.report.values import Key, Numbers, Term, baseline_of, is_baseline, terms_of
from causal_claims.statistics import mean

_FIGURES = 16


def draw(records: Sequence[Record], numbers: Numbers) -> list[Figure]:
    """Needs the measurements: a record holds the share or the contrast alone."""
    found: dict[tuple[str, ...], Figure] = {}
    for one in records:
        if one.kind not in ("recovers", "interacts") or not numbers:
            continue
        rows = _recovery(one, numbers) if one.kind == "recovers" else _interaction(one, numbers)
        if len(rows) < 2:
            continue
        metric, name = clean(one.metric, 60), f"{clean(one.id, 80)}, {clean(one.model, 60)}"
        band = _needed(one, rows)
        what = (
            "the part that is taken back, beside the whole effect"
            if one.kind == "recovers"
            else "each alone, their sum, and jointly"
        )
        told = " Shaded: where the part must lie." if band else ""
        figure = Figure(
            f"{one.kind} {name}", f"{name}: {what}, in {metric}, with 95 % intervals.{told}",
            bars(f"{one.kind}, {name}", f"{metric}, mean difference", rows, band), ("bar", "effect", "ci_low", "ci_high"), rows,
            about=(one.key,),
        )  # fmt: skip
        found.setdefault((one.model, *(key[2] for terms in terms_of(one) for _, key in terms)), figure)
    return list(found.values())[:_FIGURES]


def _recovery(one: Record, numbers: Numbers) -> list[Bar]:
    effects = terms_of(one)
    return [
        row
        for label, terms in zip(("part", "whole"), effects, strict=False)
        if (row := _bar(label, terms, numbers)) is not None
    ]


def _interaction(one: Record, numbers: Numbers) -> list[Bar]:
    """Each condition against its baseline: those with the weight of a single one, their sum, the joint one."""
    terms = [term for term in terms_of(one)[0] if not is_baseline(term[1])]
    singles, joint = [t for t in terms if t[0] < 0], [t for t in terms if t[0] > 0]
    if len(joint) != 1 or len(singles) < 2:
        return []
    rows = [_bar(_short(key), _alone(key), numbers) for _, key in singles[:12]]
    rows.append(_bar("sum of the singles", tuple(term for _, key in singles for term in _alone(key)), numbers))
    rows.append(_bar("jointly", _alone(joint[0][1]), numbers))
    return [row for row in rows if row is not None] if all(rows) else []


def _bar(label: str, terms: Sequence[Term], numbers: Numbers) -> Bar | None:
    found = numbers.total(terms)
    if found is None or found.n < 3:
        return None
    ends = mean.hull(found.total)
    return label, float(found.total.mean()), ends.low, ends.high


def _needed(one: Record, rows: Sequence[Bar]) -> tuple[float, float] | None:
    """The band of the claim in units of the metric: its fractions of the whole."""
    if one.kind != "recovers" or one.margin is None:
        return None
    words = one.needs.split()
    upper = float(words[-1]) if "and" in words else 1.0
    return one.margin * rows[1][1], upper * rows[1][1]


def _alone(key: Key) -> tuple[Term, Term]:
    return (1.0, key), (-1.0, baseline_of(key))


def _short(key: Key) -> str:
    return clean(key[2].partition(" on ")[0], 60)
