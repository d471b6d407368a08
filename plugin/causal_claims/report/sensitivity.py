"""Would it flip: the probes of a record in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causal_claims.ledger import Record
from causal_claims.report.text import clean, figure, plain_figure


def sentence(record: Record) -> str:
    """What flips it first; then what does not."""
    probes = [one for one in record.sensitivity if isinstance(one, Mapping)]
    flips = [one for one in probes if one.get("outcome") != record.outcome]
    stays = [one for one in probes if one.get("outcome") == record.outcome]
    words = "; ".join(f"{clean(one.get('outcome'), 20)} {_condition(one)}" for one in flips)
    if stays:
        rest = _joined([_condition(one) for one in stays])
        words = f"{words}; not {rest}" if flips else f"no: not {rest}"
    return f"{words}." if words else ""


def _joined(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def fragile(record: Record) -> bool:
    """Whether leaving out a single example, or a confidence of 99 %, would have given another outcome."""
    return any(
        isinstance(one, Mapping)
        and one.get("outcome") != record.outcome
        and (
            one.get("vary") == "without"
            or (one.get("vary") == "confidence" and _number(one.get("to")) > record.confidence)
        )
        for one in record.sensitivity
    )


def _condition(one: Mapping[str, Any]) -> str:
    to = one.get("to")
    if one.get("vary") == "confidence":
        return f"at {plain_figure(to)}"
    if one.get("vary") == "margin":
        return f"at a margin of {figure(_number(to))}"
    return "without any one example" if to == "any" else f"without {clean(to, 60)}"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
