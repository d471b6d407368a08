"""Study 000's R_V: how many directions the values of the last tokens use, late against early.

PR(V) = (sum s_i^2)^2 / sum s_i^4 over the singular values s of V (window x columns) = tr(G)^2 / tr(G^2) with G = V V^T.
"""

from collections.abc import Mapping
from typing import Any

from causal_claims.metrics.metric import metric
from causal_claims.sites import Point, Stage


def _both_layers(options: Mapping[str, Any]) -> tuple[Point, ...]:
    return (Point(options["early"], Stage.QKV), Point(options["late"], Stage.QKV))


@metric(reads=_both_layers, low=0, gauge_free=False)
def r_v(run: Any, *, late: int = 27, early: int = 5, window: int = 16) -> Any:
    """PR of v_proj's output at the late layer over the early; below 1 is called contraction.

    It depends on the basis in which a head keeps its values, so it describes and does not explain.
    """
    ratio = [_participation(_values(run, layer, window)) for layer in (late, early)]
    return ratio[0] / (ratio[1] + 1e-8)


@metric(reads=_both_layers, low=0)
def r_v_written(run: Any, *, late: int = 27, early: int = 5, window: int = 16) -> Any:
    """The same of the values as query heads write them to the residual stream: G = sum over h of (V W_O)(V W_O)^T."""
    ratio = []
    for layer in (late, early):
        v = run.v(layer, last=window).float()  # rows x window x KV heads x d_head
        half = v.transpose(1, 2) @ run.written(layer)  # rows x KV heads x window x d_head
        ratio.append(_participation_of((half @ v.permute(0, 2, 3, 1)).sum(1)))
    return ratio[0] / (ratio[1] + 1e-8)


@metric(reads=lambda options: (Point(options["layer"], Stage.QKV),), low=1, gauge_free=False)
def participation(run: Any, *, layer: int = 27, window: int = 16) -> Any:
    """PR of one layer's v_proj output, from 1 (one direction) to the window (all alike)."""
    return _participation(_values(run, layer, window))


def _values(run: Any, layer: int, window: int) -> Any:
    return run.v(layer, last=window).flatten(2).float()  # rows x window x columns


def _participation(v: Any) -> Any:
    return _participation_of(v @ v.mT)


def _participation_of(gram: Any) -> Any:  # rows x window x window
    trace = gram.diagonal(dim1=-2, dim2=-1).sum(-1)
    return trace**2 / (gram**2).sum((-2, -1))
