"""Where a function crosses zero: Chandrupatla's (1997) bracketing, which saves the 200 ms that scipy.optimize takes to
import."""

from __future__ import annotations

from collections.abc import Callable


def root(f: Callable[[float], float], low: float, high: float, precision: float = 1e-12) -> float:
    """A zero of f between low and high, where f must have opposite signs, to within `precision` of its argument.

    Inverse quadratic interpolation where the three last points allow it, else bisection.
    """
    a, b = high, low
    fa, fb = f(a), f(b)
    if fa == 0 or fb == 0:
        return a if fa == 0 else b
    if (fa > 0) == (fb > 0):
        raise ValueError(f"a root needs opposite signs at its ends; f({low}) = {fb} and f({high}) = {fa}.")
    t = 0.5
    for _ in range(200):
        x = a + t * (b - a)
        fx = f(x)
        if (fx > 0) == (fa > 0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        nearest = a if abs(fa) < abs(fb) else b
        least = (2e-16 * abs(nearest) + precision / 2) / abs(b - a)  # as a share of the bracket
        if fa == 0 or least > 0.5:
            return nearest
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        if 1 - (1 - xi) ** 0.5 < phi < xi**0.5:
            t = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        else:
            t = 0.5
        t = min(1 - least, max(least, t))
    return nearest
