"""What kinds are told, checked: a wrong setting is a sentence that names the kind and the setting."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from causal_claims.claims.effects import Effect, level
from causal_claims.errors import ClaimsError
from causal_claims.metrics.metric import Metric


def figure(value: Any, kind: str, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number, within bounds where there are any."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ClaimsError(f"{kind}(..., {name}={value!r}): {name} is a finite number.")
    if not low <= value <= high:
        raise ClaimsError(f"{kind}(..., {name}={value!r}): {name} lies between {low:g} and {high:g}.")
    return float(value)


def margin(value: Any, kind: str, name: str, advice: str) -> float:
    """A margin as a finite number that is not negative."""
    size = figure(value, kind, name)
    if size < 0:
        raise ClaimsError(f"{kind}(..., {name}={value!r}): a margin is not negative; {advice}")
    return size


def whole(value: Any, kind: str, name: str, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ClaimsError(f"{kind}(..., {name}={value!r}): {name} is a whole number of at least {least}.")
    return value


def pair(value: Any, kind: str, name: str, example: str) -> tuple[Any, Any]:
    """Two bounds, the lower first; what they may be is checked by the caller."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ClaimsError(f"{kind}(..., {name}={value!r}): give two bounds, {name}={example}.")
    return value[0], value[1]


def several(value: Any, kind: str, name: str, advice: str) -> tuple[Any, ...]:
    """A list of things; one thing, or a text, is no list."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ClaimsError(f"{kind}(..., {name}={value!r}): {name} takes a list; {advice}")
    return tuple(value)


def check_effects(given: Sequence[Any], kind: str, advice: str) -> None:
    for one in given:
        if not isinstance(one, Effect):
            raise ClaimsError(f"{kind}({one!r}, ...): {advice}")


def level_of(what: Any, kind: str) -> Effect:
    """An effect as it is, or a metric's own value."""
    if isinstance(what, Effect):
        return what
    if not isinstance(what, Metric):
        raise ClaimsError(f"{kind}({what!r}, ...): a metric comes first, e.g. Metric('logit_diff').")
    return level(what)
