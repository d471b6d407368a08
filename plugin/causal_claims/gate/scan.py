"""The scan for heads that now carry what others carried: every head measured in both runs, corrected for choosing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect
from causal_claims.gate.cells import NEW, OLD, Tracked, joined
from causal_claims.gate.others import others_of
from causal_claims.gate.run import Run
from causal_claims.ledger import Record
from causal_claims.statistics.simultaneous import max_t
from causal_claims.verdicts import number

_PART = re.compile(r"ablate\((L\d+\.H\d+)\)")


@dataclass(frozen=True)
class Scan:
    """How many other heads could be looked at, and those that now do what was done elsewhere before."""

    looked_at: int
    grown: tuple[tuple[str, str], ...] = ()  # head, figures
    together: str | None = None  # figures of all of them, where none alone has grown beyond the margin


def scan_numbers(old: Run, new: Run, what: Tracked, model: str, sign: int, margin: float) -> Scan:
    """From the measurements: heads whose own effect has grown by more than the margin and is beyond it now.

    Both by the simultaneous lower band of all heads: a head that held the task up before and no longer does has grown,
    too, and carries nothing.  Where no head alone has, those that have grown at all are taken together.
    """
    if (others := others_of(what)) is None:
        return Scan(0)
    tail = f" on {others.over}" if others.over else ""
    here, metric = others.measured(new), others.metric
    heads = sorted((str(head), text) for head, text in others.measured(old).items() if head in here)
    growth, level = [], []
    for _, text in heads:
        one = Tracked(((1.0, metric, text, model), (-1.0, metric, f"baseline{tail}", model)))
        both = joined((OLD, old, one), (NEW, new, one))
        growth.append(sign * _values(both.data(), both.effects[1] - both.effects[0]))
        level.append(sign * _values(both.data(), both.effects[1]))
    if len({len(column) for column in growth}) != 1:
        return Scan(0)
    more, now = (max_t(np.column_stack(c), seed=0, confidence=0.975, side="lower") for c in (growth, level))
    carried = np.minimum(more.low, now.low)  # at least so much of what a head does now it did not do before
    ranked = np.argsort(-carried)

    def figures(estimate: float, low: float) -> str:
        return f"{number(sign * estimate)}, at least {number(sign * low)}"

    if (found := ranked[carried[ranked] > margin]).size:
        return Scan(len(heads), tuple((heads[i][0], figures(more.estimate[i], carried[i])) for i in found))
    slight = ranked[carried[ranked] > 0.0]
    if carried[slight].sum() <= margin:
        return Scan(len(heads))
    named = tuple((heads[i][0], number(sign * more.estimate[i])) for i in slight)
    return Scan(len(heads), named, figures(more.estimate[slight].sum(), carried[slight].sum()))


def scan_parts(before: Iterable[Record], now: Iterable[Record], like: Record, sign: int, margin: float) -> Scan:
    """From the parts of records alone: figures of single heads with their own intervals, widened for all of them."""
    then, here = _parts(before, like), _parts(now, like)
    mine = set(_PART.findall(like.condition))
    shared = sorted((set(then) & set(here)) - mine)
    if not shared:
        return Scan(0)
    from scipy import special

    factor = special.ndtri(1 - 0.025 / len(shared)) / special.ndtri(0.975)
    grown = []
    for head in shared:
        growth = sign * (here[head][0] - then[head][0])
        low = growth - factor * float(np.hypot(here[head][1], then[head][1]))
        lowest = sign * here[head][0] - factor * here[head][1]
        if low > margin and lowest > margin:
            grown.append((growth, head, f"{number(sign * growth)}, at least {number(sign * low)}"))
    return Scan(len(shared), tuple((head, text) for _, head, text in sorted(grown, reverse=True)))


def _values(data: Data, effect: Effect) -> np.ndarray:
    return data.sample(effect).values


def _parts(records: Iterable[Record], like: Record) -> dict[str, tuple[float, float]]:
    """Effect and half-width of each head that some record of the same metric and model has as a part."""
    over = like.condition.partition(" on ")[2]
    found = {}
    for record in records:
        if (record.model, record.metric) != (like.model, like.metric) or record.condition.partition(" on ")[2] != over:
            continue
        for part in record.parts:
            match = _PART.search(str(part["label"]))
            if match and None not in (part["effect"], part["ci_low"], part["ci_high"]):
                found[match[1]] = (float(part["effect"]), (float(part["ci_high"]) - float(part["ci_low"])) / 2)
    return found
