"""Sweeps: the effect of every single head that was measured, as layers by heads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import isfinite

from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import parse_condition
from causal_claims.ledger import Record
from causal_claims.report.figures import Figure
from causal_claims.report.outcomes import ORDER
from causal_claims.report.pictures.heatmap import heatmap
from causal_claims.report.text import clean
from causal_claims.report.values import Key, Numbers, baseline_of, is_baseline, terms_of
from causal_claims.sites import Head

_FEWEST = 8  # heads below which a list is as good
_FIGURES = 12
_CLAIMING = ("raises", "lowers", "strongest", "ranks", "specific", "recovers")
Sweep = tuple[str, str, str, str]  # model, metric, operation with its options, examples


def draw(records: Sequence[Record], numbers: Numbers) -> list[Figure]:
    """From the measurements where they are at hand, else from the parts that records hold."""
    cells: dict[Sweep, dict[tuple[int, int], float]] = defaultdict(dict)
    for key, value in (*_parts(records), *_measured(numbers)):
        if (found := _single(key)) is not None and isfinite(value):
            sweep, head = found
            cells[sweep][head] = value
    claimed: dict[Sweep, dict[tuple[int, int], str]] = defaultdict(dict)
    for one in reversed(records):  # the most urgent claim on a head is told last, and stays
        if one.kind in _CLAIMING and one.effects and (found := _single(terms_of(one)[0][0][1])) is not None:
            claimed[found[0]][found[1]] = one.outcome
    drawn = sorted((s for s, found in cells.items() if len(found) >= _FEWEST), key=lambda s: (-len(cells[s]), s))
    return [_figure(sweep, cells[sweep], claimed[sweep]) for sweep in drawn[:_FIGURES]]


def _figure(sweep: Sweep, cells: dict[tuple[int, int], float], claimed: dict[tuple[int, int], str]) -> Figure:
    if 2 * len(claimed) > len(cells):
        claimed = {}  # a frame around most heads marks none
    model, metric, operation, over = (clean(word, 60) for word in sweep)
    words = f"{metric} by {operation} of each head{f' on {over}' if over else ''}, {model}"
    told = ", ".join(f"{o.lower()}" for o in ORDER if o in claimed.values())
    caption = f"{words}: mean difference to the baseline." + (
        f" Framed: heads that claims name ({told})." if told else ""
    )
    rows = [
        (layer, head, float(f"{value:.9g}"), claimed.get((layer, head), ""))
        for (layer, head), value in sorted(cells.items())
    ]
    return Figure(
        f"sweep {model} {metric} {operation} {over}".strip(), caption, heatmap(words, cells, claimed),
        ("layer", "head", "effect", "claim"), rows,
    )  # fmt: skip


def _single(key: Key) -> tuple[Sweep, tuple[int, int]] | None:
    """The sweep that a condition on one query head belongs to, and that head."""
    model, metric, spelled = key
    condition, _, over = spelled.partition(" on ")
    if is_baseline(key) or condition.count("(") != 1 or ".H" not in condition:
        return None
    try:
        steps = parse_condition(condition).steps
    except ClaimsError:
        return None
    if len(steps) != 1 or len(steps[0].sites) != 1 or not isinstance(steps[0].sites[0], Head):
        return None
    site, options = steps[0].sites[0], ", ".join(f"{k}={v}" for k, v in steps[0].options)
    operation = f"{steps[0].operation} ({options})" if options else steps[0].operation
    return (model, metric, operation, over), (site.layer, site.index)


def _parts(records: Iterable[Record]) -> Iterable[tuple[Key, float]]:
    """Single effects that records hold: their own, or one a part."""
    for one in records:
        effects = terms_of(one)
        plain = [terms for terms in effects if len(terms) == 2 and terms[0][0] == 1 and is_baseline(terms[1][1])]
        if len(plain) != len(effects):
            continue
        if len(effects) == len(one.parts) > 1:
            for terms, part in zip(effects, one.parts, strict=True):
                if isinstance(value := part.get("effect"), int | float):
                    yield terms[0][1], float(value)
        elif len(effects) == 1 and one.effect is not None and one.kind in ("raises", "lowers", "negligible"):
            yield effects[0][0][1], one.effect


def _measured(numbers: Numbers) -> Iterable[tuple[Key, float]]:
    for one in numbers.measurements():
        if is_baseline(one.key) or ".H" not in one.condition:
            continue
        if (found := numbers.total(((1.0, one.key), (-1.0, baseline_of(one.key))))) is not None:
            yield one.key, float(found.total.mean())
