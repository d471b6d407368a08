"""Directions of the residual stream, handed out by name from a random orthogonal matrix."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Basis:
    """A random orthonormal basis of the residual stream; nothing planted in it is aligned with a coordinate.

    With `centred` the all-ones direction is never handed out: every planted direction is then orthogonal to it, the
    mean subtraction of LayerNorm does nothing to them, and LayerNorm acts on the planted subspace as RMSNorm does.
    """

    def __init__(self, d_model: int, rng: np.random.Generator, *, centred: bool) -> None:
        seed = rng.standard_normal((d_model, d_model))
        if centred:
            seed[:, 0] = 1.0
        self._columns: Array = np.linalg.qr(seed)[0].T  # directions x d_model
        self._next = int(centred)
        self.d_model = d_model

    def take(self, count: int) -> Array:
        """The next `count` directions.  # count x d_model"""
        taken = self._columns[self._next : self._next + count]
        if len(taken) < count:
            raise ValueError(f"a residual stream of width {self.d_model} has no {count} directions left")
        self._next += count
        return taken

    def one(self) -> Array:
        """The next direction.  # d_model"""
        first: Array = self.take(1)[0]
        return first

    def rest(self) -> Array:
        """All that is left, for the background.  # left x d_model"""
        return self.take(len(self._columns) - self._next)


def spread_codes(count: int, width: int, rng: np.random.Generator, steps: int = 60) -> Array:
    """Unit vectors that are as unlike each other as that many in that width can be.  # count x width

    Gradient descent on the sum of the tenth powers of all pairs' cosines, which only the largest ones feel.
    """
    codes = rng.standard_normal((count, width)).astype(np.float32)
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    for step in range(steps):
        cosines = codes @ codes.T
        np.fill_diagonal(cosines, 0.0)
        cubes = cosines * cosines * cosines
        push = (cubes * cubes * cubes) @ codes  # count x width
        push /= np.linalg.norm(push, axis=1).max() + 1e-12
        codes -= 0.3 * (1 - step / steps) * push
        codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    return codes.astype(np.float64)
