"""One claim over many checkpoints: what came out at each, and what its effect did on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from causal_claims.gate.drift import Drift
from causal_claims.verdicts import number


@dataclass(frozen=True)
class Point:
    """One claim at one checkpoint."""

    run: str
    outcome: str
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    n: int

    @property
    def figures(self) -> str:
        """The effect with its interval."""
        limits = f" [{number(self.ci_low)}, {number(self.ci_high)}]" if self.ci_low is not None else ""
        return f"{number(self.effect)}{limits}"


def sparkline(values: Sequence[float | None]) -> str:
    """Figures as a row of bars, the lowest to the highest."""
    known = [value for value in values if value is not None]
    low, width = min(known), max(known) - min(known)
    marks = "▁▂▃▄▅▆▇█"
    return "".join(
        " " if value is None else marks[round((value - low) / width * 7) if width else 3] for value in values
    )


@dataclass(frozen=True)
class Trend:
    """One claim on one model over all checkpoints; a point is None where it was not judged."""

    id: str
    model: str
    subject: str
    points: tuple[Point | None, ...]
    drift: Drift | None
    reason: str  # why there is no drift test, or what it says

    @property
    def drifting(self) -> bool:
        return self.drift is not None and self.drift.drifting

    @property
    def line(self) -> str:
        found = [one for one in self.points if one is not None]
        head = f"{'DRIFT ' if self.drifting else ''}{self.model} {self.subject}: {found[-1].outcome} at {found[-1].run}"
        told = [one for one in found if one.effect is not None]
        went = f"; {told[0].figures}" if told else ""
        went += f" to {told[-1].figures} {sparkline([one.effect for one in told])}" if len(told) > 1 else ""
        return f"{head}{went}; {self.reason}"
