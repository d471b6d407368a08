"""The sign-flip test: if nothing happened, each paired difference could as well have had the other sign."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from causal_claims.statistics.sample import Array, count, vector

EXACT_UP_TO = 16  # non-zero differences: 65,536 sign patterns
TIE = 1e-12  # sums this close, relative to the sum of absolute differences, are one sum
_SIGNS = np.where(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1), 1.0, -1.0).T  # 8 x 256


class SignFlip(NamedTuple):
    """p-values for the mean of symmetric differences, and the smallest two-sided p these data could have given."""

    p_two_sided: float
    p_greater: float
    p_less: float
    p_floor: float
    exact: bool
    flips: int


def sign_flip(d: ArrayLike, seed: int, flips: int = 1999) -> SignFlip:
    """The sign-flip test of differences symmetric about 0.

    Exact over all sign patterns up to 16 non-zero differences, else the share of `flips` random patterns with
    the observed one counted in.  Zeros keep their sign whatever it is, so they are left out.
    """
    return _sign_flip(vector(d, at_least=1).tobytes(), seed, count(flips, "flips", at_least=1))


@lru_cache(maxsize=1024)  # the same differences are looked at again at other confidences
def _sign_flip(d: bytes, seed: int, flips: int) -> SignFlip:
    values = np.frombuffer(d)
    values = values[values != 0]
    if len(values) == 0:
        return SignFlip(1.0, 1.0, 1.0, 1.0, True, 1)
    values = values / np.abs(values).max()
    observed, tie = float(values.sum()), TIE * float(np.abs(values).sum())
    if len(values) <= EXACT_UP_TO:
        sums = _half_of_all_sums(values)
        greater = np.count_nonzero(sums >= observed - tie) + np.count_nonzero(-sums >= observed - tie)
        less = np.count_nonzero(sums <= observed + tie) + np.count_nonzero(-sums <= observed + tie)
        either = 2 * np.count_nonzero(np.abs(sums) >= abs(observed) - tie)
        total = 2 * len(sums)
        return SignFlip(either / total, greater / total, less / total, 2 / total, True, total)
    sums = _random_sums(values, seed, flips)
    greater = 1 + np.count_nonzero(sums >= observed - tie)
    less = 1 + np.count_nonzero(sums <= observed + tie)
    either = 1 + np.count_nonzero(np.abs(sums) >= abs(observed) - tie)
    total = 1 + flips
    return SignFlip(either / total, greater / total, less / total, 1 / total, False, flips)


def _half_of_all_sums(values: Array) -> Array:
    """Sums under the sign patterns that keep the first value's sign; the others are their negatives."""
    sums = values[:1]
    for value in values[1:]:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def _random_sums(values: Array, seed: int, flips: int) -> Array:
    """Sums under random signs; one random byte signs eight values through a table of their 256 signed sums."""
    groups = -(-len(values) // 8)
    padded = np.zeros(groups * 8)
    padded[: len(values)] = values
    table = padded.reshape(groups, 8) @ _SIGNS  # groups x 256
    draws = np.random.default_rng(seed).integers(0, 256, size=(groups, flips), dtype=np.uint8)
    sums = np.zeros(flips)
    for row, bytes_drawn in zip(table, draws, strict=True):
        sums += row.take(bytes_drawn)
    return sums
