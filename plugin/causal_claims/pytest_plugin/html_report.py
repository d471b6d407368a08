"""Columns for pytest-html, where that plugin is active."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from causal_claims.verdicts import number

_COLUMNS = ("outcome", "effect", "interval", "n", "p")


class HtmlColumns:
    """What each test's claim came out as, beside pytest's own result."""

    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        cells[1:1] = [f'<th class="sortable" data-column-type="claim_{name}">Claim: {name}</th>' for name in _COLUMNS]

    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:
        found = {name: value for name, value in getattr(report, "user_properties", ()) if name.startswith("claim.")}
        cells[1:1] = [
            f'<td class="col-claim_{name}">{cell}</td>' for name, cell in zip(_COLUMNS, _cells(found), strict=True)
        ]


def _cells(found: Mapping[str, Any]) -> list[str]:
    get = {name: found.get(f"claim.{name}") for name in ("outcome", "effect", "ci_low", "ci_high", "n", "p_value")}
    if get["outcome"] is None:
        return [""] * len(_COLUMNS)
    stand_in = f" (stand-in {found['claim.stand_in']})" if found.get("claim.stand_in") else ""
    ends = f"[{number(get['ci_low'])}, {number(get['ci_high'])}]" if get["effect"] is not None else ""
    p = "" if get["p_value"] is None else f"{get['p_value']:.3g}"
    return [
        escape(f"{get['outcome']}{stand_in}"),
        _key(get["effect"]) + ("" if get["effect"] is None else number(get["effect"])),
        ends,
        _key(get["n"]) + str(get["n"] or ""),
        _key(get["p_value"]) + p,
    ]


def _key(value: Any) -> str:
    """pytest-html sorts cells as text: a hidden number, shifted above zero and of one length, comes first."""
    shifted = 2e9 if value is None else min(1e9, max(-1e9, float(value))) + 1e9
    return f"<span hidden>{shifted:020.8f}</span>"
