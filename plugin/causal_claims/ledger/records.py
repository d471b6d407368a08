"""One verdict as written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from causal_claims.ledger.carried import plain
from causal_claims.verdicts import Outcome


@dataclass
class Record:
    """One verdict with everything a report, the gate or a later judgement needs of it."""

    id: str
    finding: str | None
    statement: str
    kind: str
    level_of_evidence: str
    model: str
    checkpoint: str | None
    stand_in: str | None
    metric: str
    condition: str
    margin: float | None
    outcome: str
    reason: str
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    confidence: float
    n: int
    n_unit: str
    method: str
    p_value: float | None
    p_floor: float | None
    effect_size: float | None
    effect_size_name: str | None
    reported: float | None
    replication: Mapping[str, Any] | None
    noise_floor: float | None
    guards: list[dict[str, Any]]
    receipt: Mapping[str, Any] | None
    controls: Mapping[str, Any] | None
    measure_seconds: float
    source: str | None
    node_id: str
    line: str = ""
    subject: str = ""
    needs: str = ""
    expected: str | None = None
    because: str | None = None
    headline: bool = False
    gate: bool = False
    smallest_detectable: float | None = None
    n_needed: int | None = None
    p_holm: float | None = None
    q_bh: float | None = None
    parts: list[dict[str, Any]] = field(default_factory=list)
    companions: Mapping[str, float] = field(default_factory=dict)
    # per effect: [weight, metric, condition, model or null]
    effects: list[list[list[Any]]] = field(default_factory=list)
    facts: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, list[str]] = field(default_factory=dict)
    fingerprint: str = ""
    design: Mapping[str, Any] = field(default_factory=dict)  # settings of the kind, e.g. the doses of a curve
    # [{"vary": "confidence", "to": .99, "outcome": ...}]
    sensitivity: list[dict[str, Any]] = field(default_factory=list)
    # [{"unit": "e7", "value": 3.1, "prompt": "..."}]
    outliers: list[dict[str, Any]] = field(default_factory=list)
    attention: Mapping[str, Any] | None = None  # of the claimed head on one prompt: tokens, and per mille by query

    def to_plain(self) -> dict[str, Any]:
        """As JSON and execnet carry it."""
        return {name: plain(value) for name, value in vars(self).items()}

    @property
    def key(self) -> tuple[str, str]:
        """What history hangs on: the claim and the model, never the node id."""
        return (self.id, self.model)


def record_from(body: Mapping[str, Any]) -> Record:
    """A record as it was written; fields of a later version are left out."""
    known = {f.name for f in fields(Record)}
    found = Record(**{name: value for name, value in body.items() if name in known})
    Outcome(found.outcome)
    return found
