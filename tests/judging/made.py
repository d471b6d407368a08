"""Made data: measurements of a claim's cells from arrays, without files; arrays in, a verdict out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from causal_claims import Head, Intervention, Metric, ablate
from causal_claims.claims.claim import Claim
from causal_claims.judging.judge import judge
from causal_claims.measurements import Measurement, Receipt
from causal_claims.verdicts import Verdict

X = Metric("x")
DELIVERED = Receipt(("L0.H0 -> o_proj input columns 0:8",), 40, 40, 1.0, True)


def head(i: int) -> Intervention:
    return ablate(Head(0, i))


def arms(n: int, seed: int = 0, sd: float = 0.3, **shifts: float) -> dict[str, np.ndarray]:
    """A baseline, and for each `h3=0.5` the ablation of head 3 with that mean difference."""
    draw = np.random.default_rng(seed)
    base = draw.normal(size=n)
    found = {"baseline": base}
    for name, shift in shifts.items():
        found[f"ablate(L0.H{name[1:]})"] = base + shift + sd * draw.normal(size=n)
    return found


def verdict(
    claim: Claim,
    values: Mapping[Any, Sequence[float] | np.ndarray],
    *,
    clusters: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    receipt: Receipt | None = None,
    noise: float | None = None,
    facts: Mapping[str, str] | None = None,
    **how: Any,
) -> Verdict:
    """Judge a claim on arrays by intervention or its spelling, `metric: condition` where there are several metrics.

    A receipt, if given, goes to every intervention.
    """
    spelled = {str(key) if isinstance(key, Intervention) else key: np.asarray(v, float) for key, v in values.items()}
    cells = {}
    for cell in claim.cells:
        names = (f"{cell.metric}: {cell.condition_spelling}", cell.condition_spelling, str(cell.condition))
        numbers = next(spelled[name] for name in names if name in spelled)
        examples = tuple(ids or (f"{cell.metric.over or 'e'}{i:05d}" for i in range(len(numbers))))
        cells[cell] = Measurement(
            "toy", str(cell.metric), cell.condition_spelling, examples, tuple(clusters or examples), numbers,
            receipt if cell.condition.steps else None, noise, facts=facts or {},
        )  # fmt: skip
    return judge(claim, cells, **how)


def outcome(claim: Claim, values: Mapping[Any, Sequence[float] | np.ndarray], **more: Any) -> str:
    return str(verdict(claim, values, **more).outcome)
