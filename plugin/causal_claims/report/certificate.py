"""The calibration certificate, as `causal-claims calibrate --json` writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causal_claims.report.text import clean, plain_figure
from causal_claims.verdicts import count


def certificate(found: Any) -> dict[str, Any] | None:
    """In one sentence, with its rates, those off their table first; None where there is none."""
    if not isinstance(found, Mapping) or not isinstance(found.get("rates"), list):
        return None
    rates = [one for one in found["rates"] if isinstance(one, Mapping)]
    off = sum(one.get("verdict") == "off" for one in rates)
    sentence = (
        f"{count(len(rates), 'simulated error rate')} against the published tables, {plain_figure(found.get('runs'))} data sets each, "
        f"seed {plain_figure(found.get('seed'))}: {off} off."
    )
    return {
        "ok": not off,
        "sentence": sentence,
        "rows": [_row(one) for one in sorted(rates, key=lambda rate: rate.get("verdict") != "off")],
    }


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    case = one.get("case")
    words = [f"{clean(k, 40)} {plain_figure(v)}" for k, v in case.items()] if isinstance(case, Mapping) else []
    low, high = one.get("expected_low"), one.get("expected_high")
    tabled = f"{plain_figure(low)} %" if low == high else f"{plain_figure(low)} to {plain_figure(high)} %"
    return (
        clean(one.get("section"), 20), ", ".join(words), clean(one.get("quantity"), 60),
        f"{plain_figure(one.get('observed'))} %", tabled, clean(one.get("verdict"), 10),
    )  # fmt: skip
