"""An interval for one number, with the confidence it was built for and the method that built it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """From low to high; an infinite end means that the data do not limit that side."""

    low: float
    high: float
    confidence: float
    method: str

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"an interval needs low <= high; it was given [{self.low}, {self.high}].")

    def __repr__(self) -> str:
        return f"{self.confidence:.4g} {self.method} [{self.low:+.4g}, {self.high:+.4g}]"

    @property
    def width(self) -> float:
        return self.high - self.low

    def excludes(self, x: float) -> bool:
        """Whether x lies outside; an end itself is inside."""
        return x < self.low or x > self.high

    def inside(self, a: float, b: float) -> bool:
        """Whether the whole interval lies strictly between a and b."""
        return a < self.low and self.high < b

    def scaled(self, c: float) -> Interval:
        """The interval of the quantity times c; a negative c swaps the ends."""
        low, high = sorted((self.low * c, self.high * c))
        return Interval(low, high, self.confidence, self.method)
