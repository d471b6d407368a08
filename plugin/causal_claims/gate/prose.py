"""Prose held to the ledger: a sentence that states a claim, and a figure that stands beside it.

    Head 11 raises R_V by 0.061 [claim:S0-1 effect], and this is its doing [claim:S0-1].

`[claim:ID]` states that the claim stands.  `[claim:ID FIELD]` binds the number just before it to the ledger's, at the
precision it is written in.  `[claim:ID refuted]` states an outcome, `[claim:ID refuted effect]` both.
`[claim:ID@MODEL ...]` names one of several models, `[claim:ID stand-in]` admits that a planted one took its place.  Code in Markdown, fenced or between backticks, is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from causal_claims.errors import listing, nearest
from causal_claims.ledger import Record
from causal_claims.verdicts import Outcome

FIELDS = ("effect", "ci_low", "ci_high", "n", "margin", "reported", "p_value", "effect_size")
STAND_IN = "stand-in"
_OUTCOMES = {str(outcome).lower().replace(" ", "-"): outcome for outcome in Outcome}
_TAG = re.compile(r"\[claim:([^\s\]@]+)(?:@([^\s\]]+))?(?:\s+([^\]]*))?\]")
_NUMBER = re.compile(r"[+\-\u2212]?(?:\d{1,3}(?:[,\u202f]\d{3})+|\d+)?\.?\d+(?:[eE][+-]?\d+)?(?:\s?%)?")
_CODE = re.compile(r"`[^`\n]*`")


@dataclass(frozen=True)
class Fault:
    """A place in a document that says other than the ledger does."""

    file: str
    line: int
    sentence: str
    stops: bool = True  # False: a note, e.g. a claim that nobody has decided yet

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {'' if self.stops else 'note: '}{self.sentence}"


def faults(file: str, text: str, records: Sequence[Record]) -> list[Fault]:
    """Every tag of a document that the ledger does not bear out."""
    found: list[Fault] = []
    for number, line in enumerate(_without_code(text), 1):
        for match in _TAG.finditer(line):
            found += [Fault(file, number, what, stops) for what, stops in _tag(match, line[: match.start()], records)]
    return found


def count_tags(text: str) -> int:
    return sum(len(_TAG.findall(line)) for line in _without_code(text))


def _tag(match: re.Match[str], before: str, records: Sequence[Record]) -> Iterable[tuple[str, bool]]:
    name, model, words = match[1], match[2], (match[3] or "").split()
    named = [one for one in records if name in (one.id, one.finding)]
    if not named:
        ids = [one.id for one in records]
        yield f"no claim {name!r}{nearest(name, ids)} in the ledger", True
        return
    chosen = [one for one in named if model in (None, one.model)]
    if not chosen:
        yield f"{name} was not judged on {model!r}; it was on {listing(one.model for one in named)}", True
        return
    if unknown := [one for one in words if one not in (*FIELDS, *_OUTCOMES, STAND_IN)]:
        yield f"{unknown[0]!r} is no field or outcome; there are {listing([*FIELDS, *_OUTCOMES, STAND_IN], 20)}", True
        return
    for one in chosen:
        if one.stand_in and STAND_IN not in words:
            yield (
                f"{one.id} was judged on a stand-in ({one.stand_in}) and not on {one.model}; if that is meant, write "
                f"[claim:{' '.join([name, STAND_IN, *words])}]",
                True,
            )
    for field in (one for one in words if one in FIELDS):
        yield from _figure(before, chosen, field)
    said = [_OUTCOMES[one] for one in words if one in _OUTCOMES]
    for one in chosen:
        if said and one.outcome not in said:
            yield f"{one.id} on {one.model} is said to be {listing(said)} and is {one.outcome}", True
        elif not said and one.outcome in (Outcome.REFUTED, Outcome.INVALID):
            yield f"states {one.id}, which is {one.outcome} on {one.model}: {one.line or one.reason}", True
        elif not said and one.outcome != Outcome.SUPPORTED:
            yield f"states {one.id}, which is {one.outcome} on {one.model}", False


def _figure(before: str, chosen: Sequence[Record], field: str) -> Iterable[tuple[str, bool]]:
    """The last number before the tag, rounded as its writer rounded it."""
    numbers = list(_NUMBER.finditer(before.rstrip().rstrip("*_ )")))
    if not numbers or not _adjacent(before, numbers[-1]):
        yield f"[claim:{chosen[0].id} {field}] stands after no number; write the figure just before it", True
        return
    written = numbers[-1][0]
    for one in chosen:
        value = getattr(one, field)
        if value is None:
            yield f"{one.id} on {one.model} has no {field} in the ledger, and {written} is written", True
        elif not agrees(written, float(value)):
            yield (
                f"{written} is written for the {field} of {one.id} on {one.model}, and the ledger has {float(value):.6g}",
                True,
            )


def agrees(written: str, value: float) -> bool:
    """Whether the ledger's value, rounded to the digits written, is what is written."""
    text = written.replace("\u2212", "-").replace(",", "").replace("\u202f", "").strip()
    percent = text.endswith("%")
    said = Decimal(text.rstrip("% "))
    half = Decimal(1).scaleb(int(said.as_tuple().exponent)) / 2
    return abs(said - Decimal(repr(value)) * (100 if percent else 1)) <= half


def _adjacent(before: str, number: re.Match[str]) -> bool:
    """Nothing but marks of emphasis, a bracket or a short unit may stand between figure and tag."""
    return len(re.sub(r"[\s*_)\]]", "", before[number.end() :])) <= 12


def _without_code(text: str) -> list[str]:
    lines, fence = [], ""
    for line in text.splitlines():
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
            lines.append("")
        else:
            lines.append("" if fence else _CODE.sub("", line))
    return lines
