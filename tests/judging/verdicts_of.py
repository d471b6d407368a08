"""Made data: measurements of a claim's cells from arrays, without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from causal_claims import Head, Intervention, Metric, ablate
from causal_claims.claims.claim import Claim
from causal_claims.judging.judge import judge
from causal_claims.measurements import Measurement, Receipt
from causal_claims.verdicts import Verdict

X = Metric("x")


def head(i: int) -> Intervention:
    return ablate(Head(0, i))


def verdict(
    claim: Claim,
    arms: Mapping[str, Sequence[float]],
    *,
    clusters: Sequence[str] | None = None,
    receipts: Mapping[str, Receipt] | None = None,
    noise: float | None = None,
    ids: Sequence[str] | None = None,
    **how,
) -> Verdict:
    """Judge a claim on numbers by condition; `metric: condition` where there are several metrics."""
    cells = {}
    for cell in claim.cells:
        key = next(k for k in (f"{cell.metric}: {cell.condition_spelling}", cell.condition_spelling) if k in arms)
        values = np.asarray(arms[key], dtype=float)
        names = (
            tuple(ids) if ids is not None else tuple(f"{cell.metric.over or 'e'}{i:04d}" for i in range(len(values)))
        )
        units = tuple(clusters) if clusters is not None else names
        receipt = (receipts or {}).get(cell.condition_spelling)
        cells[cell] = Measurement(
            "toy", str(cell.metric), cell.condition_spelling, names, units, values, receipt, noise
        )
    return judge(claim, cells, **how)


def arms(n: int, seed: int = 0, sd: float = 0.3, **shifts: float) -> dict[str, np.ndarray]:
    """A baseline, and for each `h3=0.5` the ablation of head 3 with that mean difference."""
    draw = np.random.default_rng(seed)
    base = draw.normal(size=n)
    found = {"baseline": base}
    for name, shift in shifts.items():
        found[f"ablate(L0.H{name[1:]})"] = base + shift + sd * draw.normal(size=n)
    return found


RECEIPT = Receipt(("L0.H0 -> o_proj columns 0:8",), 10, 10, 1.0, True)
