"""A certificate: every simulated rate beside the tabled one, and whether they agree within simulation error."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

import numpy as np

from causal_claims.calibration.simulate import EXACT, SIMULATORS

STANDARD_ERRORS = 4.0  # of the difference of two simulated rates
ROUNDING = 0.05  # percent; the tables have one decimal
TABLE_RUNS = 20_000  # of the tables of one claim; those of many heads had fewer, and get fewer here


@dataclass(frozen=True)
class Rate:
    """One rate, in percent: what was found, what the table says, and how far apart they may be."""

    section: str
    case: dict[str, Any]
    quantity: str
    observed: float
    expected_low: float
    expected_high: float
    tolerance: float
    runs: int

    def __repr__(self) -> str:
        case = ", ".join(f"{key} {value}" for key, value in self.case.items())
        return f"{self.section} {case}: {self.quantity} {self.observed:.2f} %, table {self.expected} %, {self.verdict}"

    @property
    def expected(self) -> str:
        if self.expected_low == self.expected_high:
            return f"{self.expected_low:g}"
        return f"{self.expected_low:g} to {self.expected_high:g}"

    @property
    def verdict(self) -> str:
        near = self.expected_low - self.tolerance <= self.observed <= self.expected_high + self.tolerance
        return "ok" if near else "off"


@dataclass(frozen=True)
class Certificate:
    """All rates of one calibration."""

    runs: int
    seed: int
    rates: tuple[Rate, ...]

    def __repr__(self) -> str:
        return f"calibration of {len(self.rates)} rates, {self.runs} runs, seed {self.seed}: {len(self.off)} off"

    @property
    def off(self) -> tuple[Rate, ...]:
        """The rates that disagree with their table."""
        return tuple(rate for rate in self.rates if rate.verdict == "off")

    @property
    def ok(self) -> bool:
        return not self.off

    def to_json(self) -> dict[str, Any]:
        """Plain values for a ledger."""
        rates = [{**asdict(rate), "verdict": rate.verdict} for rate in self.rates]
        return {"runs": self.runs, "seed": self.seed, "ok": self.ok, "rates": rates}


def calibrate(runs: int, seed: int, sections: Iterable[str] | None = None) -> Certificate:
    """Simulate the tables and compare; 20,000 runs are what the tables had, 1,000 find gross errors in a minute.

    Sections of many heads take the same fraction of their table's own runs.  A row's draws depend on the seed and
    on the row alone, not on which sections are asked for.
    """
    tables = load_tables()
    wanted = list(tables) if sections is None else list(sections)
    for section in wanted:
        if section not in tables:
            raise ValueError(f"there is no table {section!r}; there are: {', '.join(tables)}.")
    if runs < TABLE_RUNS // 1000:
        raise ValueError(f"calibration needs at least {TABLE_RUNS // 1000} runs; {runs} were asked for.")
    return Certificate(runs, seed, tuple(rate for section in wanted for rate in _section(section, tables, runs, seed)))


def load_tables() -> dict[str, dict[str, Any]]:
    """The tables by section, in percent."""
    text = resources.files("causal_claims.calibration").joinpath("tables.json").read_text(encoding="utf-8")
    sections: dict[str, dict[str, Any]] = json.loads(text)["sections"]
    return sections


def tolerance(observed: float, expected: float, runs: int | None, table_runs: int) -> float:
    """How far two simulated percentages of the same rate may lie apart; `runs` is None for a computed one.

    Four standard errors of the difference, the table's rounding, and one event of ours, as rates near 0 are not
    normal.
    """
    ours = 0.0 if runs is None else 1 / runs
    weight = 0.0 if runs is None else runs / (runs + table_runs)
    rate = (weight * observed + (1 - weight) * expected) / 100
    rate = min(max(rate, 0.0005), 0.9995)
    return float(100 * (STANDARD_ERRORS * np.sqrt(rate * (1 - rate) * (ours + 1 / table_runs)) + ours) + ROUNDING)


def _section(section: str, tables: dict[str, dict[str, Any]], runs: int, seed: int) -> list[Rate]:
    table, rates = tables[section], []
    runs = max(1, runs * table["runs"] // TABLE_RUNS)
    for number, row in enumerate(table["rows"]):
        case = dict(zip(table["by"], row, strict=False))
        rng = np.random.default_rng([seed, *section.encode(), number])
        observed = SIMULATORS[section](case, runs, rng)
        for quantity, entry in zip(table["columns"], row[len(case) :], strict=True):
            if entry is None:
                continue
            low, high = entry if isinstance(entry, list) else (entry, entry)
            nearest = min(max(observed[quantity], low), high)
            own_runs = None if section in EXACT else runs
            allowed = tolerance(observed[quantity], nearest, own_runs, table["runs"])
            rates.append(Rate(section, case, quantity, observed[quantity], low, high, allowed, runs))
    return rates
