"""Stand-ins for per-example differences: laws with a known mean and standard deviation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Shape = tuple[int, ...]


class Family(NamedTuple):
    """A law of differences."""

    draw: Callable[[np.random.Generator, Shape], Array]
    mean: float
    sd: float


def _zero_inflated(rng: np.random.Generator, shape: Shape, zeros: float, rate: float) -> Array:
    return np.where(rng.random(shape) < zeros, 0.0, rng.poisson(rate, shape))


def _zero_inflated_variance(zeros: float, rate: float) -> float:
    return (1 - zeros) * rate * (1 + zeros * rate)


_LOGNORMAL_MEAN = float(np.exp(0.5))
_LOGNORMAL_SD = float(np.sqrt((np.e - 1) * np.e))

FAMILIES = {
    "normal": Family(lambda rng, shape: rng.standard_normal(shape), 0.0, 1.0),
    "t3": Family(lambda rng, shape: rng.standard_t(3, shape), 0.0, float(np.sqrt(3))),
    "lognormal": Family(lambda rng, shape: rng.lognormal(0, 1, shape), _LOGNORMAL_MEAN, _LOGNORMAL_SD),
    "lognormal-": Family(lambda rng, shape: -rng.lognormal(0, 1, shape), -_LOGNORMAL_MEAN, _LOGNORMAL_SD),
    "contam": Family(  # one example in ten is large
        lambda rng, shape: 0.3 * rng.standard_normal(shape) + (rng.random(shape) < 0.1) * rng.exponential(3, shape),
        0.3,
        float(np.sqrt(0.09 + 0.1 * 18 - 0.09)),
    ),
    "zip_sym": Family(  # counts, mostly zero
        lambda rng, shape: _zero_inflated(rng, shape, 0.85, 1.5) - _zero_inflated(rng, shape, 0.85, 1.5),
        0.0,
        float(np.sqrt(2 * _zero_inflated_variance(0.85, 1.5))),
    ),
    "zip_skew": Family(
        lambda rng, shape: _zero_inflated(rng, shape, 0.85, 1.5) - _zero_inflated(rng, shape, 0.97, 1.0),
        0.15 * 1.5 - 0.03,
        float(np.sqrt(_zero_inflated_variance(0.85, 1.5) + _zero_inflated_variance(0.97, 1.0))),
    ),
    "bounded": Family(lambda rng, shape: rng.beta(2, 6, shape) - rng.beta(2, 6, shape), 0.0, float(np.sqrt(1 / 24))),
}


def standardised(family: str, rng: np.random.Generator, shape: Shape) -> Array:
    """Draws with mean 0 and standard deviation 1."""
    law = FAMILIES[family]
    return (law.draw(rng, shape) - law.mean) / law.sd


def correlated(family: str, rng: np.random.Generator, examples: int, heads: int, rho: float) -> Array:
    """Standardised draws, examples x heads, that share a part over heads."""
    shared = standardised(family, rng, (examples, 1))
    own = standardised(family, rng, (examples, heads))
    return np.asarray(np.sqrt(rho) * shared + np.sqrt(1 - rho) * own)
