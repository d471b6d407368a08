"""Where a head looks.  These describe; what a head does is shown by intervening."""

from collections.abc import Mapping
from typing import Any

from causal_claims.errors import ClaimsError
from causal_claims.metrics.metric import metric
from causal_claims.sites import Point, Stage


def _pattern(options: Mapping[str, Any]) -> tuple[Point, ...]:
    return (Point(options["layer"], Stage.PATTERN),)


@metric(reads=_pattern, low=-1, high=1)
def summed_attention(run: Any, *, layer: int = 0, head: int = 0, span: str = "needle", null: str = "none") -> Any:
    """What the last token gives to a span, summed over its tokens; with `null="uniform"`, above its share of the text."""
    _check_null("summed_attention", null)
    inside = run.span(span)
    given = (run.attention(layer, head) * inside).sum(-1)
    return given - inside.sum(-1) / run.batch.lengths if null == "uniform" else given


@metric(reads=_pattern, low=-1, high=1)
def delta_attention(run: Any, *, layer: int = 0, head: int = 0, span: str = "word", null: str = "uniform") -> Any:
    """Mean attention within a span (queries and keys both in it), above what uniform attention has at the same places.

    Without the null (`null="none"`) early positions score high for any head: token 1 sees two keys.
    """
    _check_null("delta_attention", null)
    inside = run.span(span).float()  # rows x positions
    pairs = inside[:, :, None] * inside[:, None]
    pattern = run.attention(layer, head, queries="all")
    if null == "uniform":
        seen = (run.batch.positions + 1)[:, :, None]  # keys that a query may see
        pattern = pattern - pairs.tril() / seen
    return (pattern * pairs).sum((1, 2)) / pairs.sum((1, 2))


def _check_null(name: str, null: str) -> None:
    if null not in ("uniform", "none"):
        raise ClaimsError(f"{name}(null={null!r}): null is 'uniform' or 'none'.")
