"""The ledger as Markdown, for pull requests and step summaries: what matters most first, the rest folded, cut by bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causal_claims.ledger import Ledger, Record
from causal_claims.report.glance import needs_a_look, tally, urgency
from causal_claims.report.outcomes import LOOKS, ORDER
from causal_claims.report.text import PARAGRAPH, clean
from causal_claims.verdicts import count

STEP_SUMMARY = 1_000_000  # bytes; a step summary above 1 MiB is not uploaded at all
_OPEN = 30
_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "\\`*_[]<>|&~#"}


def markdown(ledger: Ledger, limit: int = STEP_SUMMARY) -> str:
    """A summary line, a table of what needs a look, and everything else folded."""
    records = sorted(ledger.records, key=urgency)
    found = tally(records)
    counted = ", ".join(f"{found[name]} {name.lower()}" for name in ORDER if found[name]) or "nothing was judged"
    lines = ["## Causal claims", "", f"{count(len(records), 'claim')}: {counted}.", ""]
    if names := sorted({one.stand_in for one in records if one.stand_in}):
        lines += [f"> **Stand-ins, not the real models** ({', '.join(_cell(name) for name in names)}).", ""]
    if missing := ledger.run.get("missing"):
        lines += [f"> **Incomplete**: {count(len(missing), 'collected test')} sent no report.", ""]
    lines += _gate(ledger.run.get("gate"))
    if related := ledger.run.get("lineage"):
        lines += [*(f"- {_cell(one['sentence'], PARAGRAPH)}" for one in related), ""]
    look = [one for one in records if needs_a_look(one)][:_OPEN]
    lines += _table(look)
    rest = records[len(look) :]
    if rest:
        lines += [f"<details><summary>{len(rest)} more</summary>", "", *_table(rest), "</details>", ""]
    return _cut("\n".join(lines), limit)


def _gate(found: Mapping[str, Any] | None) -> list[str]:
    """What the gate said of the checkpoint, and every line that stopped it."""
    if not found:
        return []
    lines = [f"### {_cell(found['summary'], 600)}", ""]
    lines += [f"- {_cell(line, PARAGRAPH)}" for line in found["lines"]]
    return [*lines, ""] if found["lines"] else lines


def _table(records: list[Record]) -> list[str]:
    if not records:
        return []
    head = ["| outcome | model | claim | verdict |", "|---|---|---|---|"]
    return [*head, *(_row(one) for one in records), ""]


def _row(one: Record) -> str:
    look = LOOKS[one.outcome]
    expected = " (expected)" if one.expected == one.outcome else ""
    verdict = one.line.removeprefix(f"{one.outcome} ")
    return f"| {look.sign} {one.outcome}{expected} | {_cell(one.model)} | {_cell(one.id)} | {_cell(verdict)} |"


def _cell(text: str, limit: int = 300) -> str:
    """Text that cannot leave its cell, start markup or hide what it says."""
    return clean(text, limit).translate(_ENTITIES)


def _cut(text: str, limit: int) -> str:
    content = text.encode()
    if len(content) <= limit:
        return text
    note = "\n</details>\n\nCut here; the whole list is in claims.html.\n"
    kept = content[: limit - len(note.encode())].decode(errors="ignore")
    return kept.rpartition("\n")[0] + note
