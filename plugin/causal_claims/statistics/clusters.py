"""Rows that share a document, a seed or a prompt are one observation: their mean."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causal_claims.statistics.sample import Array, count, vector


class Clusters(NamedTuple):
    """One mean per cluster, in order of first appearance."""

    means: Array  # G, or G x H
    labels: tuple[Any, ...]
    sizes: NDArray[np.intp]  # G
    members: NDArray[np.intp]  # rows: the cluster of each


def cluster_means(values: ArrayLike, clusters: Sequence[Any] | NDArray[Any]) -> Clusters:
    """The mean of each cluster of rows; the one place where it is decided which rows belong together."""
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim not in (1, 2):
        raise ValueError(f"values must be rows or rows x columns; their shape is {rows.shape}.")
    if len(rows) == 0 or not np.isfinite(rows).all():
        raise ValueError(f"values must be finite and not empty; there are {len(rows)} rows. Repair the measurement.")
    if len(clusters) != len(rows):
        raise ValueError(f"every row needs a cluster; there are {len(rows)} rows and {len(clusters)} labels.")
    labels, members, sizes = _numbered(tuple(clusters))
    sums = np.zeros((len(sizes), *rows.shape[1:]))
    np.add.at(sums, members, rows)
    means = sums / sizes.reshape(-1, *[1] * (rows.ndim - 1))
    return Clusters(means, labels, sizes, members)


@lru_cache(maxsize=256)  # many cells lie on the same rows
def _numbered(clusters: tuple[Any, ...]) -> tuple[tuple[Any, ...], NDArray[np.intp], NDArray[np.intp]]:
    """The labels in order of appearance, the number of each row's, and how many rows each has."""
    numbers: dict[Any, int] = {}
    members = np.array([numbers.setdefault(label, len(numbers)) for label in clusters], dtype=np.intp)
    return tuple(numbers), members, np.bincount(members)


def icc(values: ArrayLike, clusters: Sequence[Any] | NDArray[Any]) -> float:
    """The intraclass correlation of rows within clusters, one-way; below 0 when clusters differ less than rows do."""
    rows = vector(values)
    grouped = cluster_means(rows, clusters)
    G, n = len(grouped.sizes), len(rows)
    if not 2 <= G < n:
        raise ValueError(f"an ICC needs 2 clusters and one with 2 rows; there are {G} clusters of {n} rows.")
    between = float((grouped.sizes * (grouped.means - rows.mean()) ** 2).sum()) / (G - 1)
    within = float(((rows - grouped.means[grouped.members]) ** 2).sum()) / (n - G)
    typical = (n - float((grouped.sizes**2).sum()) / n) / (G - 1)  # the common size when all are equal
    if between == within == 0:
        raise ValueError("an ICC needs variation; all rows are equal. Measure other examples.")
    return icc_from_mean_squares(between, within, typical)


def icc_from_mean_squares(between: float, within: float, size: float) -> float:
    """The intraclass correlation from the mean squares of an analysis of variance."""
    return (between - within) / (between + (size - 1) * within)


def design_effect(size: float, icc: float) -> float:
    """How many times too many the rows are: n rows in clusters of `size` are worth n / this independent ones."""
    if not size >= 1:
        raise ValueError(f"a cluster has at least 1 row; the size is {size}.")
    return 1 + (size - 1) * icc


def effective_n(rows: int, size: float, icc: float) -> float:
    """The number of independent examples that rows in clusters are worth."""
    return count(rows, "rows", at_least=1) / design_effect(size, icc)
