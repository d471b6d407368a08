"""The arms of a table: one measurement per model, metric and condition, paired with its baseline row for row."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from causal_claims.errors import ClaimsError
from causal_claims.measurements import Measurement
from causal_claims.recorded.rows import rows as rows_of

Codes = NDArray[np.int64]


def arms(
    name: str,
    words: Mapping[str, list[str]],
    codes: Mapping[str, Codes],
    values: NDArray[np.float64],
    first_row: int,
    own: bool = False,
) -> Iterable[Measurement]:
    """One measurement per model, metric and condition, in example order.

    Every arm must match its baseline row for row, but in a table of our own: a level may be claimed in one condition
    without a baseline, and a sequential run ends each arm where its claims are clear.
    """
    spelled = sorted(set(words["condition"]))
    condition = np.array([spelled.index(text) for text in words["condition"]])[codes["condition"]]
    ranks = np.argsort(np.argsort(np.array(words["example"], dtype=object).astype(str)))
    order = np.lexsort((ranks[codes["example"]], condition, codes["metric"], codes["model"]))
    keys = np.column_stack([codes["model"], codes["metric"], condition])[order]  # rows x 3
    example, cluster = codes["example"][order], codes["cluster"][order]
    starts = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)])
    twice = np.flatnonzero((keys[1:] == keys[:-1]).all(axis=1) & (example[1:] == example[:-1]))
    if len(twice):
        i = int(twice[0])
        pair = sorted((int(order[i]), int(order[i + 1])))
        what = f"{spelled[keys[i, 2]]}, example {words['example'][example[i]]}"
        raise ClaimsError(f"{name}: {rows_of(pair, first_row)} hold the same measurement twice ({what}).")
    arms: dict[tuple[str, str, str], tuple[str, slice]] = {}
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        model, metric, text = words["model"][keys[start, 0]], words["metric"][keys[start, 1]], spelled[keys[start, 2]]
        arms[model, metric, text] = (text.partition(" on ")[2], slice(int(start), int(end)))
    for (model, metric, text), (over, rows) in arms.items():
        baseline = arms.get((model, metric, f"baseline on {over}" if over else "baseline"))
        if baseline is None and not own:
            raise ClaimsError(
                f"{name}: {metric} of {model} has the condition {text!r} and no baseline{f' on {over}' if over else ''}; add its rows."
            )
        if baseline is not None and not own:
            _same_examples(
                name, (model, metric, text), words["example"], example, cluster, order, rows, baseline[1], first_row
            )
        yield Measurement(
            model,
            metric,
            text,
            tuple(words["example"][i] for i in example[rows]),
            tuple(words["cluster"][i] for i in cluster[rows]),
            values[order[rows]],
        )


def _same_examples(
    name: str,
    key: tuple[str, str, str],
    examples: list[str],
    example: Codes,
    cluster: Codes,
    order: Codes,
    rows: slice,
    baseline: slice,
    first_row: int,
) -> None:
    here, there = example[rows], example[baseline]
    if not np.array_equal(here, there):
        odd = np.setxor1d(here, there)[0]
        place = order[rows][here == odd] if odd in here else order[baseline][there == odd]
        lacks = "its baseline lacks" if odd in here else "it lacks and its baseline has"
        raise ClaimsError(
            f"{name}: {key[2]!r} of {key[1]} in {key[0]} and its baseline have unequal examples: "
            f"{examples[odd]!r} ({rows_of(place.tolist(), first_row)}) {lacks}."
        )
    if not np.array_equal(cluster[rows], cluster[baseline]):
        at = int(np.flatnonzero(cluster[rows] != cluster[baseline])[0])
        raise ClaimsError(
            f"{name}: example {examples[here[at]]!r} is in another cluster under {key[2]!r} than in its baseline."
        )
