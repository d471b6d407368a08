"""Ledgers of earlier versions: one step from each schema to the next, so that a history never breaks off.

A new schema adds a step here and a ledger of the old one to the tests; nothing else reads an old form.
"""

from collections.abc import Callable, Mapping
from typing import Any

from causal_claims.errors import ClaimsError, listing

Body = dict[str, Any]


def migrated(body: Any, wanted: str) -> Body:
    """The body of a ledger in the schema that this version reads."""
    schema = body.get("schema") if isinstance(body, dict) else None
    found: Body = dict(body) if isinstance(body, dict) else {}
    while schema != wanted:
        if schema not in _STEPS:
            raise ClaimsError(
                f"has the schema {schema!r}; this version reads {wanted!r} and, from earlier versions, {listing(_STEPS)}."
            )
        schema, step = _STEPS[str(schema)]
        try:
            found = {**step(found), "schema": schema}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ClaimsError(f"is damaged: {error}.") from None
    return found


_STATUS = {
    "holds": "SUPPORTED",
    "refuted": "REFUTED",
    "inconclusive": "INCONCLUSIVE",
    "invalid": "INVALID",
    "not run": "NOT RUN",
    "error": "ERROR",
}
_ABSENT = (
    "finding", "checkpoint", "stand_in", "margin", "effect", "p_value", "p_floor", "effect_size", "effect_size_name",
    "reported", "replication", "noise_floor", "receipt", "controls", "source",
)  # fmt: skip


def _from_0(body: Body) -> Body:
    """Before the first release: `claims` with a `status` and an interval as a pair, the revision under its own name."""
    records = []
    for one in body["claims"]:
        low, high = one.get("ci") or (None, None)
        known: Mapping[str, Any] = {
            "statement": one.get("claim", ""), "kind": "", "level_of_evidence": "descriptive", "metric": "", "condition": "",
            "reason": "", "confidence": 0.95, "n": 0, "n_unit": "example", "method": "", "guards": [],
            "measure_seconds": 0.0, "node_id": "",
        }  # fmt: skip
        kept = {name: value for name, value in one.items() if name not in ("claim", "status", "ci", "revision")}
        records.append({
            **dict.fromkeys(_ABSENT), **known, **kept, "checkpoint": one.get("revision"), "ci_low": low, "ci_high": high,
            "outcome": _STATUS[one["status"]],
        })  # fmt: skip
    return {"run": body.get("run", {}), "records": records}


_STEPS: dict[str, tuple[str, Callable[[Body], Body]]] = {"causal-claims/0": ("causal-claims/1", _from_0)}
