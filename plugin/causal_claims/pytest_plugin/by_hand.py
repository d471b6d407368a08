"""Numbers that a test measured itself, as measurements: `holds(claim, values={condition: numbers})`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from causal_claims.claims.claim import Claim
from causal_claims.claims.effects import Cell
from causal_claims.errors import ClaimsError, listing
from causal_claims.interventions.intervention import Intervention, parse_condition
from causal_claims.measurements import Measurement

Values = Mapping[Any, Sequence[float]]  # condition -> numbers, as a test gives them


def measured_by_hand(claim: Claim, model: str, values: Values) -> dict[Cell, Measurement]:
    """Match the numbers to the claim's cells; all cells of one set of examples need equally many."""
    if not isinstance(values, Mapping):
        raise ClaimsError(
            "holds(claim, values=...): give a mapping of conditions to numbers, e.g. {'baseline': a, ablate(h): b}."
        )
    given: dict[str, Any] = {}
    for key, numbers in values.items():
        name = _spelling(key)
        if name in given:
            raise ClaimsError(f"holds(claim, values=...): the numbers of {name!r} are given twice; give them once.")
        given[name] = numbers
    cells = {cell: _measurement(claim, model, cell, given) for cell in claim.cells}
    if unused := set(given) - {name for cell in claim.cells for name in _names(cell)}:
        raise ClaimsError(
            f"holds(claim, values=...): the claim reads no condition {min(unused)!r}; it reads {_needed(claim)}."
        )
    by_set: dict[str | None, tuple[str, ...]] = {}
    for cell, found in cells.items():
        first = by_set.setdefault(cell.metric.over, found.examples)
        if len(first) != len(found.examples):
            raise ClaimsError(
                f"holds(claim, values=...): {cell} has {len(found.values)} numbers and another condition {len(first)}; they are paired by example."
            )
        if first != found.examples:
            odd = min(set(first) ^ set(found.examples))
            raise ClaimsError(
                f"holds(claim, values=...): {cell} and another condition need the same examples; {odd!r} is in one of them only."
            )
    return cells


def _measurement(claim: Claim, model: str, cell: Cell, given: Mapping[str, Any]) -> Measurement:
    numbers = next((given[name] for name in _names(cell) if name in given), None)
    if numbers is None:
        raise ClaimsError(
            f"holds(claim, values=...): there are no numbers for {cell}; the claim reads {_needed(claim)}, and values has {listing(given)}."
        )
    if isinstance(numbers, Mapping):
        examples, raw = tuple(map(str, numbers)), list(numbers.values())
    else:
        raw, examples = numbers, ()
    try:
        array = np.asarray(raw)
        if array.dtype.kind not in "biuf":
            raise TypeError
        found = array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise ClaimsError(f"holds(claim, values=...): {cell} holds something that is no number.") from None
    if found.ndim != 1:
        shape = " x ".join(map(str, found.shape)) or "a single number"
        raise ClaimsError(f"holds(claim, values=...): {cell} needs one number per example, not {shape}.")
    examples = examples or tuple(f"{cell.metric.over or 'example'}-{i:05d}" for i in range(len(found)))
    if not len(found) or not np.isfinite(found).all():
        what = (
            "is empty"
            if not len(found)
            else f"is not finite at {examples[int(np.flatnonzero(~np.isfinite(found))[0])]}"
        )
        raise ClaimsError(f"holds(claim, values=...): {cell} {what}.")
    order = sorted(range(len(examples)), key=examples.__getitem__)
    ids = tuple(examples[i] for i in order)
    return Measurement(cell.model or model, str(cell.metric), cell.condition_spelling, ids, ids, found[order])


def _names(cell: Cell) -> tuple[str, ...]:
    """How a person may name a cell, most exact first."""
    return (f"{cell.metric}: {cell.condition_spelling}", cell.condition_spelling, str(cell.condition))


def _spelling(key: Any) -> str:
    if isinstance(key, Intervention):
        return str(key)
    if isinstance(key, Cell):
        return f"{key.metric}: {key.condition_spelling}"
    if isinstance(key, str):
        head, found, condition = key.rpartition(": ")
        condition, on, over = condition.partition(" on ")
        try:
            return f"{head}{found}{parse_condition(condition)}{on}{over}"
        except ClaimsError:
            return key
    raise ClaimsError(
        f"holds(claim, values=...): {key!r} is no condition; write 'baseline', ablate(Head(27, 11)) or its spelling."
    )


def _needed(claim: Claim) -> str:
    return listing([repr(cell.condition_spelling) for cell in claim.cells], 6)
