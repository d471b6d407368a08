"""Measurements made for a claim: arrays by condition in, a verdict out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from causal_claims.claims.claim import Claim
from causal_claims.interventions.intervention import Intervention
from causal_claims.judging.judge import judge
from causal_claims.measurements import Measurement, Receipt
from causal_claims.verdicts import Verdict

DELIVERED = Receipt(("L0.H0 -> o_proj input columns 0:8",), 40, 40, 1.0, True)


def verdict(
    claim: Claim,
    values: Mapping[Any, Sequence[float] | np.ndarray],
    *,
    clusters: Sequence[str] | None = None,
    receipt: Receipt | None = None,
    noise_floor: float | None = None,
    facts: Mapping[str, str] | None = None,
    spec: Any = None,
    **settings: Any,
) -> Verdict:
    """Judge a claim on arrays keyed by intervention or spelling; a receipt, if given, goes to every intervention."""
    spelled = {str(key) if isinstance(key, Intervention) else key: np.asarray(v, float) for key, v in values.items()}
    cells = {}
    for cell in claim.cells:
        numbers = spelled.get(cell.condition_spelling, spelled.get(str(cell.condition)))
        ids = tuple(f"{cell.metric.over or 'e'}{i:05d}" for i in range(len(numbers)))
        cells[cell] = Measurement(
            "toy", str(cell.metric), cell.condition_spelling, ids, tuple(clusters) if clusters is not None else ids, numbers,
            receipt if cell.condition.steps else None, noise_floor, facts=facts or {},
        )  # fmt: skip
    return judge(claim, cells, spec=spec, **settings)


def outcome(claim: Claim, values: Mapping[Any, Sequence[float] | np.ndarray], **more: Any) -> str:
    return str(verdict(claim, values, **more).outcome)
