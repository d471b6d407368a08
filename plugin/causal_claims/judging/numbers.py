"""Guards on the numbers: whether they can bear on anything."""

from collections.abc import Iterator, Mapping, Set
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from causal_claims.claims.effects import Cell
from causal_claims.measurements import Measurement
from causal_claims.metrics.metric import Metric
from causal_claims.verdicts import Guard, Outcome, number

Cells = Mapping[Cell, Measurement]
_TELLING = 6  # numbers that two interventions, both delivered, do not share by chance
_ROUNDING = 5e-7  # of a value: what the order of a sum does to it in float32


def data_guards(
    cells: Cells, *, integrity: bool = False, cause: bool = True, pooled: bool = False, judged: Set[Cell] | None = None
) -> Iterator[Guard]:
    """All guards on recorded numbers.  A precondition on another metric than the `judged` cells' may be met on every example.

    A claim of exact equality (`integrity`) may see identical figures; one that asks for no `cause` may reproduce a figure
    however it was read.  Sets of examples that are judged as one sample (`pooled`) must vary as one.
    """
    yield _finite(cells)
    yield _delivered(cells)
    if not integrity:
        metrics = {cell.metric.name for cell in (cells if judged is None else judged)}
        yield _informative({cell: found for cell, found in cells.items() if cell.metric.name in metrics}, pooled)
    if cause:
        yield _read_position(cells)
    yield _replication_unit(cells)
    yield _numerics(cells)
    yield _gauge(cells)


def _finite(cells: Cells) -> Guard:
    for cell, found in cells.items():
        spec, values = cell.metric.spec, found.values
        bad = ~np.isfinite(values)
        if bad.any():
            return Guard(
                "uninformative",
                f"{int(bad.sum())} of {len(values)} values of {cell} are not finite, first {found.examples[int(bad.argmax())]}",
                True,
            )
        if spec is not None and ((values < spec.low) | (values > spec.high)).any():
            off = values[(values < spec.low) | (values > spec.high)][0]
            return Guard(
                "uninformative",
                f"{cell} holds {number(float(off))}, outside the declared range [{spec.low:g}, {spec.high:g}]",
                True,
            )
    return Guard("uninformative", "all values are finite and in range")


def _delivered(cells: Cells) -> Guard:
    for cell, found in cells.items():
        if found.receipt is not None and (fault := found.receipt.fault):
            return Guard("not delivered", f"{cell.condition}: {fault}", True)
    receipts = sum(found.receipt is not None for found in cells.values())
    return Guard(
        "not delivered", f"{receipts} interventions carry a receipt" if receipts else "no receipts: recorded numbers"
    )


def _informative(cells: Cells, pooled: bool) -> Guard:
    """A metric without variance, a constant arm beside a varying one, or the same figures twice."""
    name = "uninformative"
    if sentence := _without_variance(cells, pooled) or _constant_arm(cells) or _same_figures(cells) or _same_run(cells):
        return Guard(name, sentence, True)
    return Guard(name, "the metric varies, and no two conditions have the same figures")


def _without_variance(cells: Cells, pooled: bool) -> str | None:
    by_metric: dict[tuple[str, str | None], list[Measurement]] = {}
    for cell, found in cells.items():
        by_metric.setdefault((str(cell.metric), None if pooled else cell.metric.over), []).append(found)
    for (metric, _), measured in by_metric.items():
        values = np.concatenate([one.values for one in measured])
        if len(values) > 1 and np.ptp(values) == 0:
            return f"{metric} has no variance: all {len(values)} values are {number(float(values[0]))}"
    return None


def _constant_arm(cells: Cells) -> str | None:
    """A stuck metric: constant in one condition though it is no count.  A constant count (all right, none) is data."""
    for cell, found in cells.items():
        if len(found.values) < 2 or np.ptp(found.values) > 0:
            continue
        others = [other.values for twin, other in cells.items() if twin.metric == cell.metric and twin is not cell]
        if others and not all(_whole(values) for values in (found.values, *others)):
            return f"all {len(found.values)} values of {cell} are {number(float(found.values[0]))}: the metric is stuck"
    return None


def _same_figures(cells: Cells) -> str | None:
    """Different conditions with the same number on every example: one file under two names, or a hook that did nothing."""
    seen: dict[tuple[str, str | None, bytes], Cell] = {}
    for cell, found in cells.items():
        key = (cell.metric.name, cell.model, found.values.tobytes())
        twin = seen.setdefault(key, cell)
        if twin is cell or twin.condition == cell.condition:
            continue
        one, other = cells[twin].receipt, found.receipt
        baseline = not twin.condition.steps or not cell.condition.steps
        proven = (
            (one is None or one.fault is None) and (other is None or other.fault is None) and (one or other) is not None
        )
        if baseline and proven:
            continue  # it changed its site, and the metric did not move: an exact zero, judged as such
        if not baseline and _whole(found.values):
            continue  # two conditions may agree in every 0/1 outcome
        if (
            not baseline
            and len(found.values) < _TELLING
            and all(r is not None and r.fault is None for r in (one, other))
        ):
            continue  # both changed their sites: two that do next to nothing may round to the same few numbers
        what = "identical arms without a receipt" if baseline else "identical figures for different interventions"
        return f"{what}: {twin.condition_spelling} and {cell.condition_spelling} agree in all {len(found.values)} values of {cell.metric.name}"
    return None


def _same_run(cells: Cells) -> str | None:
    """One run under two names, measured in batches that round otherwise: two effects that differ by rounding alone.

    Both far beyond rounding themselves: two heads that do nothing are alike to any number of digits.
    """
    groups: dict[tuple[Metric, str | None], dict[Cell, Measurement]] = {}
    for cell, found in cells.items():
        groups.setdefault((cell.metric, cell.model), {})[cell] = found
    for (metric, _), measured in groups.items():
        base = next((found for cell, found in measured.items() if not cell.condition.steps), None)
        if base is None or len(base.values) < _TELLING:
            continue
        noise = max((found.noise_floor or 0.0 for found in measured.values()), default=0.0)
        effects = [(cell, found.values - base.values) for cell, found in measured.items() if cell.condition.steps]
        effects.sort(key=lambda one: float(one[1].mean()))
        for (one, x), (other, y) in pairwise(effects):
            size = float(min(np.abs(x).max(), np.abs(y).max()))
            rounding = max(_ROUNDING * float(np.abs(base.values).max()), 2 * noise)
            if one.condition != other.condition and np.abs(x - y).max() <= rounding < size / 100 and not _whole(x):
                return (
                    f"identical figures for different interventions, but for rounding: {one.condition_spelling} and "
                    f"{other.condition_spelling} agree in all {len(x)} values of {metric.name} within {number(rounding)}"
                )
    return None


def _read_position(cells: Cells) -> Guard:
    """What comes after the padding of a shorter prompt is no answer to the prompt."""
    for cell, found in cells.items():
        if late := found.facts.get("read_after_padding"):
            return Guard("read position", f"{cell.metric} is read after the prompt's last word: {late}", True)
    return Guard("read position", "no prompt is known to be read after padding")


def _replication_unit(cells: Cells) -> Guard:
    """Rows that are not independent count once.  Information only: the data are collapsed before judging."""
    name = "replication unit"
    for found in cells.values():
        units = len(set(found.clusters))
        if units < len(found.clusters):
            return Guard(
                name,
                f"{len(found.clusters)} rows are {units} clusters, and each cluster counts once",
                False,
                Outcome.INCONCLUSIVE,
            )
    return Guard(name, "every row is its own cluster")


def _numerics(cells: Cells) -> Guard:
    """Two ways of computing the same cell must agree; how far the noise reaches is judged with the effect."""
    for found in cells.values():
        if (examined := found.facts.get("cross_examined", "")).startswith("disagrees"):
            return Guard("numerics", f"the reference path {examined}", True)
    floors = [found.noise_floor for found in cells.values() if found.noise_floor is not None]
    if not floors:
        return Guard("numerics", "no noise floor is known for recorded numbers")
    return Guard("numerics", f"the noise floor is {max(floors):.2g}")


def _gauge(cells: Cells) -> Guard:
    """A metric that says it does not depend on the basis of the values, and does.  One that declares it only describes."""
    moved = {
        str(cell.metric): (cell.metric.spec, found.facts["gauge"])
        for cell, found in cells.items()
        if "gauge" in found.facts
    }
    for metric, (spec, fact) in moved.items():
        if not fact.startswith("moves"):
            continue
        if spec is None or spec.gauge_free:
            return Guard(
                "gauge",
                f"{metric} {fact}, though every logit stays; declare it gauge_free=False, or use a basis-independent twin",
                True,
            )
        return Guard("gauge", f"{metric} {fact}, though every logit stays: it describes and does not explain")
    return Guard("gauge", "no metric follows the basis of the values")


def repeated_rows(cells: Cells) -> dict[str | None, tuple[str, ...]]:
    """Per set of examples, units in which rows that agree to the last digit in every cell are one.

    Exact repeats of continuous numbers are the same prompt twice.  Coarsely rounded numbers and counts repeat by
    chance, so rows are joined only where rounding cannot explain that many repeats.
    """
    sets: dict[str | None, list[Measurement]] = {}
    for cell, measured in cells.items():
        sets.setdefault(cell.metric.over, []).append(measured)
    found: dict[str | None, tuple[str, ...]] = {}
    for overs in _twins({over: one for over, one in sets.items() if len({m.examples for m in one}) == 1}):
        columns = [m for over in overs for m in sets[over]]
        if any(len(np.unique(m.values)) == len(m.values) for m in columns) or not all(
            np.isfinite(m.values).all() for m in columns
        ):
            continue
        orders = [np.argsort(sets[over][0].clusters, kind="stable") for over in overs]
        table = np.column_stack([m.values[i] for over, i in zip(overs, orders, strict=True) for m in sets[over]])
        _, first, inverse, sizes = np.unique(table, axis=0, return_index=True, return_inverse=True, return_counts=True)
        repeats = int((sizes * (sizes - 1) // 2).sum())
        if repeats > 3 + 10 * _expected_repeats(table):
            for over, order in zip(overs, orders, strict=True):
                clusters = np.array(sets[over][0].clusters)[order][first[np.ravel(inverse)]]
                found[over] = tuple(str(one) for one in clusters[np.argsort(order)])
    return found


def _twins(sets: Mapping[str | None, list[Measurement]]) -> list[list[str | None]]:
    """Sets of examples that are paired by their clusters, one row each, are looked at together: their rows are one table."""
    groups: dict[tuple[str, ...], list[str | None]] = {}
    for over, measured in sets.items():
        clusters = measured[0].clusters
        alone = len(set(clusters)) < len(clusters)
        groups.setdefault((str(over),) if alone else tuple(sorted(clusters)), []).append(over)
    return list(groups.values())


def _expected_repeats(table: NDArray[np.float64]) -> float:
    """Pairs of rows that rounding alone would make equal, from the grid of each column and its spread."""
    n = len(table)
    columns = [table[:, 0], *(table[:, j] - table[:, 0] for j in range(1, min(table.shape[1], 4)))]
    chance = 1.0
    for column in columns:
        spread = float(np.std(column))
        gaps = np.diff(np.unique(column))
        gaps = gaps[gaps > 1e-9 * spread]  # differences of rounded numbers leave the grid by the last digit
        step = float(gaps.min()) if len(gaps) else np.inf
        chance *= min(1.0, step / (3.5 * spread)) if spread > 0 else 1.0
    return n * (n - 1) / 2 * chance


def _whole(values: NDArray[np.float64]) -> bool:
    return bool((values == np.round(values)).all())
