"""A badge per model, as the JSON that badge services read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from causal_claims.ledger import Ledger
from causal_claims.report.glance import as_expected, tally
from causal_claims.verdicts import Outcome


def badges(ledger: Ledger, drifting: Iterable[str] = ()) -> dict[str, str]:
    """By model key: `{"schemaVersion": 1, "label": "claims: gpt2", "message": "41 hold, 2 refuted", "color": "red"}`.

    `drifting` names the model of each claim that a history found to drift.
    """
    drifts = Counter(drifting)
    found = {}
    for model in sorted({one.model for one in ledger.records}):
        records = [one for one in ledger.records if one.model == model]
        counts = tally(records)
        words = [f"{counts[Outcome.SUPPORTED]} hold"]
        words += [
            f"{counts[o]} {o.lower()}"
            for o in (Outcome.REFUTED, Outcome.INVALID, Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.NOT_RUN)
            if counts[o]
        ]
        words += [f"{drifts[model]} drift"] if drifts[model] else []
        surprising = {one.outcome for one in records if not as_expected(one)}
        colour = (
            "red"
            if surprising & {"REFUTED", "INVALID", "ERROR"}
            else "yellow"
            if surprising or drifts[model]
            else "brightgreen"
        )
        stand_in = " (stand-in)" if any(one.stand_in for one in records) else ""
        body = {"schemaVersion": 1, "label": f"claims: {model}{stand_in}", "message": ", ".join(words), "color": colour}
        found[model] = json.dumps(body) + "\n"
    return found
