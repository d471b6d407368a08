"""Ledgers for pages: claims of many kinds, judged on synthetic numbers like any others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from causal_claims import Head, Metric, ablate, beats, dose, effect, interacts, lowers, negligible, raises, recovers
from causal_claims.claims.claim import Claim
from causal_claims.judging.judge import judge
from causal_claims.ledger import Ledger, Record, record
from causal_claims.measurements import Measurement, Receipt
from causal_claims.recorded import Recorded
from causal_claims.report.page import Sources

X = Metric("logit_diff", over="facts")
HOSTILE = "<script>window.pwned=1</script></script><img src=x onerror=window.pwned=2>\"'&\u202eevil\u0000\u0007|`[x](javascript:window.pwned=3)"


def every_kind() -> list[Claim]:
    """One claim or more for each picture of the gallery."""
    joint = {1: ablate(Head(0, 1)), 2: ablate(Head(0, 1), Head(0, 2)), 4: ablate(*(Head(0, i) for i in range(1, 5)))}
    sets = [ablate(Head(0, a), Head(0, b)) for a in range(5, 12) for b in range(a + 1, 12)]
    whole = effect(X, by=ablate(Head(0, 1), Head(0, 2)))
    return [
        raises(X, by=ablate(Head(0, 1)), beyond=0.2, reported=0.9, id="S0-1.one", finding="S0-1", source="a paper, section 3"),
        raises(X, by=ablate(Head(0, 3)), beyond=0.2, id="S0-2.refuted", finding="S0-2"),
        lowers(X, by=ablate(Head(0, 2)), beyond=0.1, id="S1-1.lowers", finding="S1-1"),
        negligible(X, each=[ablate(Head(0, i)) for i in range(3, 16)], within=0.3, id="S1-2.others", finding="S1-2"),
        beats(X, by=joint[2], against=sets, way="raises", id="S1-3.random", finding="S1-3"),
        dose(X, at=joint, way="raises", id="S2-1.dose", finding="S2-1"),
        interacts(X, parts=[joint[1], ablate(Head(0, 2))], id="S2-2.together", finding="S2-2", expect="refuted", because="they add up"),
        recovers(effect(X, by=joint[1]), of=whole, at_least=0.5, id="S2-3.half", finding="S2-3"),
    ]  # fmt: skip


def measured(claim: Claim, n: int = 40) -> dict[object, Measurement]:
    """Head 1 raises by 1, head 2 by a half, others do nothing; one example goes its own way."""
    ids = tuple(f"facts-{i:03d}" for i in range(n))
    base, found = np.random.default_rng(0).normal(size=n), {}
    for cell in claim.cells:
        moves = {1: 1.0, 2: 0.5}
        total = sum(moves.get(site.index, 0.0) for site in cell.condition.sites)
        draw = np.random.default_rng(sum(cell.condition_spelling.encode()))
        values = base + (total + 0.25 * draw.normal(size=n) if cell.condition.steps else 0.0)
        if cell.condition.steps:
            values[7] = base[7] + total - 4.0
        sites = tuple(f"{site} -> o_proj input columns 0:64" for site in cell.condition.sites)
        receipt = Receipt(sites, n, n, 1.25, True) if cell.condition.steps else None
        found[cell] = Measurement("toy", str(cell.metric), cell.condition_spelling, ids, ids, values, receipt)
    return found


def sources(claims: Sequence[Claim] | None = None, stand_in: str | None = None) -> Sources:
    records, used = [], {}
    for claim in every_kind() if claims is None else claims:
        cells = measured(claim)
        used.update({one.key: one for one in cells.values()})
        verdict = judge(claim, cells, probe=True)
        node = f"claims/toy/test_toy.py::test_it[toy-{claim.slug}]"
        records.append(record(claim, verdict, model="toy", node_id=node, stand_in=stand_in))
    records[0].attention = {
        "head": "L0.H1",
        "example": "facts-000",
        "of": 3,
        "tokens": ["<s>", " a", " b"],
        "permille": [[1000], [400, 600], [900, 50, 50]],
    }
    records[0].outliers[0]["prompt"] = "The capital of France is"
    return Sources(Ledger(records, {"date": "2026-11-21T08:00:00Z", "confidence": 0.95}), Recorded(used.values(), "m"))


def many(count: int) -> Sources:
    """Copies under other ids, in turn."""
    found = sources()
    records = [
        replace(found.ledger.records[i % 8], id=f"c{i}.{found.ledger.records[i % 8].kind}", attention=None)
        for i in range(count)
    ]
    return replace(found, ledger=Ledger(records, found.ledger.run))


def hostile() -> Sources:
    """Everything that a claim file or a model may have written is an attack."""
    found = sources(stand_in=HOSTILE)
    words = {"statement": HOSTILE * 3, "reason": HOSTILE, "source": HOSTILE, "finding": HOSTILE, "method": HOSTILE, "because": HOSTILE,
             "expected": "REFUTED", "needs": HOSTILE, "line": HOSTILE * 500, "checkpoint": HOSTILE, "n_unit": HOSTILE, "level_of_evidence": HOSTILE}  # fmt: skip
    records: list[Record] = []
    for i, one in enumerate(found.ledger.records):
        attention = {
            "head": HOSTILE,
            "example": HOSTILE,
            "of": 2,
            "tokens": [HOSTILE, "\u202e"],
            "permille": [[1000], [1, 999]],
        }
        records.append(
            replace(
                one, **words, id=f"{HOSTILE}{i}", node_id=HOSTILE, attention=attention, facts={HOSTILE: HOSTILE},
                lineage={HOSTILE: [HOSTILE]}, receipt={HOSTILE: {"sites": [HOSTILE], "fired": 1, "expected": 2, "changed": 1.0, "removed": False}},
                controls={HOSTILE: HOSTILE}, guards=[{"name": HOSTILE, "sentence": HOSTILE, "fired": i % 2 == 0, "outcome": "INVALID"}],
                outliers=[{"unit": "facts-007", "value": 1.0, "prompt": HOSTILE + "x" * 100_000}],
                sensitivity=[{"vary": "without", "to": HOSTILE, "outcome": "INVALID"}],
            )
        )  # fmt: skip
    return replace(
        found,
        ledger=Ledger(records, {HOSTILE: HOSTILE, "command": HOSTILE, "date": HOSTILE, "missing": [HOSTILE]}),
        title=HOSTILE,
    )
