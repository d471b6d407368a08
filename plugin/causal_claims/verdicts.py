"""What comes out of judging: an outcome, one sentence of reason, and the evidence all of it rests on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """The six ways a judgement can end."""

    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"
    NOT_RUN = "NOT RUN"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Part:
    """One of several things that a kind decides together, e.g. one head of `negligible(each=...)`."""

    label: str
    effect: float
    ci_low: float
    ci_high: float
    outcome: Outcome


@dataclass(frozen=True)
class Decision:
    """What a kind's rule makes of the numbers, before the guards have their say."""

    outcome: Outcome
    reason: str
    effect: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    confidence: float = 0.95
    n: int = 0
    n_unit: str = "example"
    method: str = ""
    p_value: float | None = None
    p_floor: float | None = None
    effect_size: float | None = None
    effect_size_name: str | None = None
    smallest_detectable: float | None = None
    n_needed: int | None = None
    parts: tuple[Part, ...] = ()
    companions: Mapping[str, float] = field(default_factory=dict)  # other procedures' figures, for information


@dataclass(frozen=True)
class Guard:
    """A check on the design or the data, and what it saw."""

    name: str
    sentence: str
    fired: bool = False
    outcome: Outcome = Outcome.INVALID  # what it makes of the claim when it fires


@dataclass(frozen=True)
class Evidence:
    """All that a verdict rests on."""

    decision: Decision | None
    guards: tuple[Guard, ...] = ()
    level: str = "descriptive"
    receipt: Mapping[str, object] | None = None
    controls: Mapping[str, object] | None = None
    noise_floor: float | None = None
    replication: Mapping[str, object] | None = None
    measure_seconds: float = 0.0
    sensitivity: tuple[Mapping[str, object], ...] = ()  # what was varied, to what, and the outcome then
    outliers: tuple[Mapping[str, object], ...] = ()  # units far from the others, with their prompts


@dataclass(frozen=True)
class Verdict:
    """The outcome, its reason in one sentence, and the evidence."""

    outcome: Outcome
    reason: str
    evidence: Evidence


def number(value: float | None) -> str:
    """A signed figure for people: four significant digits, never `-0`."""
    if value is None:
        return "n/a"
    if not math.isfinite(value):
        return "unbounded" if math.isinf(value) else "nan"
    if value == 0:
        return "0"
    return f"{value:+.4g}" if 1e-4 <= abs(value) < 1e6 else f"{value:+.2e}"


def count(n: int, noun: str, plural: str | None = None) -> str:
    """`1 claim`, `2 claims`."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def one_line(
    outcome: Outcome, subject: str, reason: str, decision: Decision | None, needs: str, reported: float | None
) -> str:
    """The form a verdict has everywhere: in the terminal, as JUnit message, in Markdown.  At most 200 characters."""
    judged = outcome in (Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE)
    if judged and decision is not None and decision.effect is not None:
        figures = f"{number(decision.effect)} [{number(decision.ci_low)}, {number(decision.ci_high)}] n={decision.n}"
        tail = f", needs {needs}" if needs else ""
        tail += f" (reported {number(reported)})" if reported is not None else ""
        return _fit(outcome, subject, figures + tail)
    return _fit(outcome, subject, reason)


def _fit(outcome: Outcome, subject: str, rest: str, limit: int = 200) -> str:
    line = " ".join(f"{outcome} {subject}: {rest}".split())
    if len(line) <= limit:
        return line
    room = limit - len(f"{outcome} : ") - len(rest)
    if room >= 40:
        return " ".join(f"{outcome} {subject[: room - 1]}…: {rest}".split())
    return line[: limit - 1] + "…"
