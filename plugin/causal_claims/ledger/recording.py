"""From a verdict on a claim to its record."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from causal_claims.claims.claim import Claim
from causal_claims.ledger.carried import plain
from causal_claims.ledger.records import Record
from causal_claims.verdicts import Decision, Verdict, one_line


def record(
    claim: Claim,
    verdict: Verdict,
    *,
    model: str,
    node_id: str,
    source: str | None = None,
    finding: str | None = None,
    statement: str | None = None,
    checkpoint: str | None = None,
    stand_in: str | None = None,
    facts: Mapping[str, str] | None = None,
    attention: Mapping[str, Any] | None = None,
) -> Record:
    """A verdict on a claim, written down."""
    about, decision = claim.about, verdict.evidence.decision or Decision(verdict.outcome, verdict.reason)
    cells = claim.rule.effects()[0].cells
    subject = f"(stand-in {stand_in}) {claim.subject}" if stand_in else claim.subject
    line = one_line(
        verdict.outcome,
        subject,
        verdict.reason,
        verdict.evidence.decision,
        claim.rule.needs(),
        about.get("reported"),
    )
    return Record(
        id=claim.id,
        finding=about.get("finding") or finding,
        statement=about.get("statement") or statement or claim.statement,
        kind=claim.kind,
        level_of_evidence=verdict.evidence.level,
        model=model,
        checkpoint=checkpoint,
        stand_in=stand_in,
        metric=str(cells[0].metric),
        condition=cells[0].condition_spelling,
        margin=claim.rule.margin(),
        outcome=str(verdict.outcome),
        reason=verdict.reason,
        effect=_finite(decision.effect),
        ci_low=_finite(decision.ci_low),
        ci_high=_finite(decision.ci_high),
        confidence=decision.confidence,
        n=decision.n,
        n_unit=decision.n_unit,
        method=decision.method,
        p_value=_finite(decision.p_value),
        p_floor=_finite(decision.p_floor),
        effect_size=_finite(decision.effect_size),
        effect_size_name=decision.effect_size_name,
        reported=about.get("reported"),
        replication=verdict.evidence.replication,
        noise_floor=_finite(verdict.evidence.noise_floor),
        guards=[
            {"name": g.name, "sentence": g.sentence, "fired": g.fired, "outcome": str(g.outcome)}
            for g in verdict.evidence.guards
        ],
        receipt=verdict.evidence.receipt,
        controls=verdict.evidence.controls,
        measure_seconds=verdict.evidence.measure_seconds,
        source=about.get("source") or source,
        node_id=node_id,
        line=line,
        subject=claim.subject,
        needs=claim.rule.needs(),
        expected=str(claim.expected) if claim.expected else None,
        because=about.get("because"),
        headline=bool(about.get("headline")),
        gate=bool(about.get("gate")),
        smallest_detectable=_finite(decision.smallest_detectable),
        n_needed=decision.n_needed,
        parts=[{**asdict(part), "outcome": str(part.outcome)} for part in decision.parts],
        companions=dict(decision.companions),
        effects=[[[w, str(c.metric), c.condition_spelling, c.model] for w, c in e.terms] for e in claim.rule.effects()],
        facts=dict(facts or {}),
        lineage={name: list(about[name]) for name in ("supersedes", "contradicts", "depends_on") if about.get(name)},
        fingerprint=claim.fingerprint,
        design=plain(claim.rule.design()),
        sensitivity=[dict(one) for one in verdict.evidence.sensitivity],
        outliers=[dict(one) for one in verdict.evidence.outliers],
        attention=attention,
    )


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
