"""The command that runs a claim again."""

from __future__ import annotations

import shlex
from typing import Any

from causal_claims.ledger import Record
from causal_claims.report.text import clean


def command(record: Record, run: dict[str, Any]) -> str:
    """pytest on the one test, from the numbers or on the stand-in that this run used."""
    words = ["pytest", clean(record.node_id, 400)]
    if run.get("measurements"):
        words += ["--claims-measurements", str(run["measurements"])]
    if record.stand_in:
        words.append("--claims-stand-in")
    if (confidence := run.get("confidence")) not in (None, 0.95):
        words += ["--claims-confidence", f"{confidence:g}"]
    margins = run.get("margins")
    if isinstance(margins, dict) and record.id in margins:
        words += ["--claims-margin", f"{record.id}={margins[record.id]:g}"]
    return shlex.join(words)
