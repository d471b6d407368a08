"""A record is a verdict as written down; the ledger is all records of one run."""

import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from causal_claims.claims.claim import Claim
from causal_claims.errors import ClaimsError
from causal_claims.schemas import migrated
from causal_claims.verdicts import Decision, Outcome, Verdict, one_line

SCHEMA = "causal-claims/1"


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
    effects: list[list[list[Any]]] = field(
        default_factory=list
    )  # per effect: [weight, metric, condition, model or null]
    facts: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, list[str]] = field(default_factory=dict)
    fingerprint: str = ""
    design: Mapping[str, Any] = field(default_factory=dict)  # settings of the kind, e.g. the doses of a curve
    sensitivity: list[dict[str, Any]] = field(
        default_factory=list
    )  # [{"vary": "confidence", "to": .99, "outcome": ...}]
    outliers: list[dict[str, Any]] = field(default_factory=list)  # [{"unit": "e7", "value": 3.1, "prompt": "..."}]
    attention: Mapping[str, Any] | None = None  # of the claimed head on one prompt: tokens, and per mille by query

    def to_plain(self) -> dict[str, Any]:
        """As JSON and execnet carry it."""
        return {name: plain(value) for name, value in vars(self).items()}

    @property
    def key(self) -> tuple[str, str]:
        """What history hangs on: the claim and the model, never the node id."""
        return (self.id, self.model)


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


@dataclass
class Ledger:
    """All records of one run, and what the run was."""

    records: list[Record]
    run: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """One line a record, so that two ledgers can be told apart by any diff."""
        records = ",\n".join(_line(one.to_plain()) for one in self.records)
        return f'{{"schema": {_line(SCHEMA)},\n"run": {_line(plain(self.run))},\n"records": [\n{records}\n]}}\n'

    @property
    def by_outcome(self) -> dict[Outcome, list[Record]]:
        found: dict[Outcome, list[Record]] = {outcome: [] for outcome in Outcome}
        for one in self.records:
            found[Outcome(one.outcome)].append(one)
        return found


def read_ledger(path: Path) -> Ledger:
    """A ledger from its file; another schema or a damaged file is a sentence."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ClaimsError(f"ledger {path} cannot be read: {error.strerror}.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ClaimsError(f"ledger {path} is not JSON: {error}.") from None
    try:
        body = migrated(body, SCHEMA)
    except ClaimsError as error:
        raise ClaimsError(f"ledger {path} {error}") from None
    try:
        return Ledger([record_from(one) for one in body["records"]], body.get("run", {}))
    except (KeyError, TypeError, ValueError) as error:
        raise ClaimsError(f"ledger {path} is damaged: {error}.") from None


def record_from(body: Mapping[str, Any]) -> Record:
    """A record as it was written; fields of a later version are left out."""
    known = {f.name for f in fields(Record)}
    found = Record(**{name: value for name, value in body.items() if name in known})
    Outcome(found.outcome)
    return found


def write_whole(path: Path, text: str | bytes) -> None:
    """Replace a file at once, so that a reader sees the old one or the new one and never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode() if isinstance(text, str) else text
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def plain(value: Any) -> Any:
    """Only what JSON and execnet carry: numpy scalars and enums become plain, what is not finite becomes null."""
    if value is None or type(value) in (bool, str, int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, Iterable):
        return [plain(one) for one in value]
    if hasattr(value, "item"):
        return plain(value.item())
    return str(value)


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
