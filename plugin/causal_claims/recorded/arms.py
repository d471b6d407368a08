"""The arms of a table: one measurement per model, metric and condition, paired with its baseline row for row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal_claims.errors import ClaimsError
from causal_claims.measurements import Measurement
from causal_claims.recorded.rows import rows as rows_of

Codes = NDArray[np.int64]
Key = tuple[str, str, str]  # model, metric, condition


@dataclass(frozen=True, eq=False)
class Table:
    """A table's columns: each word once and its place in every row, and the values."""

    name: str
    words: Mapping[str, Sequence[str]]
    codes: Mapping[str, Codes]  # rows each
    values: NDArray[np.float64]  # rows
    first_row: int  # as a person counts it

    def rows(self, places: Iterable[int]) -> str:
        return rows_of([int(place) for place in places], self.first_row)


def arms(table: Table, own: bool = False) -> Iterator[Measurement]:
    """One measurement per model, metric and condition, in example order.

    Every arm must match its baseline row for row, but in a table of our own: a level may be claimed in one condition
    without a baseline, and a sequential run ends each arm where its claims are clear.
    """
    order, spans = _sorted(table)
    for (model, metric, text), span in spans.items():
        over = text.partition(" on ")[2]
        baseline = spans.get((model, metric, f"baseline on {over}" if over else "baseline"))
        if baseline is None and not own:
            raise ClaimsError(
                f"{table.name}: {metric} of {model} has the condition {text!r} and no baseline{f' on {over}' if over else ''}; add its rows."
            )
        if baseline is not None and not own:
            _same_examples(table, (model, metric, text), order[span], order[baseline])
        places = order[span]
        yield Measurement(
            model,
            metric,
            text,
            tuple(table.words["example"][i] for i in table.codes["example"][places]),
            tuple(table.words["cluster"][i] for i in table.codes["cluster"][places]),
            table.values[places],
        )


def _sorted(table: Table) -> tuple[Codes, dict[Key, slice]]:
    """The rows by arm and example, and where each arm lies among them; two rows of one example are refused."""
    words, codes = table.words, table.codes
    spelled = sorted(set(words["condition"]))
    condition = np.array([spelled.index(text) for text in words["condition"]])[codes["condition"]]
    ranks = np.argsort(np.argsort(np.array(words["example"], dtype=object).astype(str)))
    order = np.lexsort((ranks[codes["example"]], condition, codes["metric"], codes["model"]))
    keys = np.column_stack([codes["model"], codes["metric"], condition])[order]  # rows x 3
    example = codes["example"][order]
    twice = np.flatnonzero((keys[1:] == keys[:-1]).all(axis=1) & (example[1:] == example[:-1]))
    if len(twice):
        i = int(twice[0])
        what = f"{spelled[keys[i, 2]]}, example {words['example'][example[i]]}"
        raise ClaimsError(
            f"{table.name}: {table.rows(sorted(order[i : i + 2]))} hold the same measurement twice ({what})."
        )
    starts = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)]).tolist()
    return order, {
        (words["model"][keys[start, 0]], words["metric"][keys[start, 1]], spelled[keys[start, 2]]): slice(start, end)
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True)
    }


def _same_examples(table: Table, key: Key, arm: Codes, baseline: Codes) -> None:
    """The rows of an arm and of its baseline, each in example order."""
    model, metric, condition = key
    example, cluster = table.codes["example"], table.codes["cluster"]
    here, there = example[arm], example[baseline]
    if not np.array_equal(here, there):
        odd = np.setxor1d(here, there)[0]
        places = arm[here == odd] if odd in here else baseline[there == odd]
        lacks = "its baseline lacks" if odd in here else "it lacks and its baseline has"
        raise ClaimsError(
            f"{table.name}: {condition!r} of {metric} in {model} and its baseline have unequal examples: "
            f"{table.words['example'][odd]!r} ({table.rows(places)}) {lacks}."
        )
    apart = np.flatnonzero(cluster[arm] != cluster[baseline])
    if len(apart):
        raise ClaimsError(
            f"{table.name}: example {table.words['example'][here[apart[0]]]!r} is in another cluster under {condition!r} "
            "than in its baseline."
        )
