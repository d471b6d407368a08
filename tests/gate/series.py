"""Synthetic checkpoints: a circuit of heads with known effects, measured on the same examples, as runs of real claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from causal_claims import Behaviour, Claim, Head, Metric, ablate, level, lowers
from causal_claims.gate.run import Run
from causal_claims.judging.judge import judge
from causal_claims.ledger import Ledger, record
from causal_claims.measurements import Measurement
from causal_claims.recorded import Recorded

M = Metric("x")
HEADS = 12


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint's circuit does: the task's level, and how much ablating each head takes from it."""

    level: float = 3.0
    effects: tuple[float, ...] = (1.0, 0.6, *([0.0] * (HEADS - 2)))
    own: float = 0.0  # what this training run does to each head on each example, in standard deviations
    noise: float = 0.01  # what measuring again does
    seed: int = 0

    def run(self, claims: Sequence[Claim], n: int = 64, again: Run | None = None, name: str = "run") -> Run:
        """The checkpoint measured and judged."""
        return run_of(self.measurements(n), claims, again=again, name=name, checkpoint=f"{self.seed:040d}")

    def measurements(self, n: int = 64) -> list[Measurement]:
        data = np.random.default_rng(7)  # the examples: the same for every checkpoint
        own, noise = np.random.default_rng(self.seed + 1000), np.random.default_rng(self.seed)
        ids = tuple(f"e{i:04d}" for i in range(n))
        hard = data.normal(0, 0.5, n)  # examples differ
        each = data.normal(0, 0.3, (HEADS, n))
        base = self.level + hard
        found = [Measurement("toy", "x", "baseline", ids, ids, base + noise.normal(0, self.noise, n))]
        for h, effect in enumerate(self.effects):
            size = effect * (1 + each[h]) + self.own * own.normal(0, 0.3, n) + noise.normal(0, self.noise, n)
            found.append(Measurement("toy", "x", f"ablate(L5.H{h})", ids, ids, base - size))
        return found


def run_of(
    measurements: Sequence[Measurement],
    claims: Sequence[Claim],
    again: Run | None = None,
    name: str = "run",
    checkpoint: str | None = None,
    facts: Mapping[str, object] | None = None,
) -> Run:
    recorded = Recorded(measurements, name)
    records = []
    for claim in claims:
        verdict = judge(claim, recorded.cells("toy", claim.cells))
        records.append(record(claim, verdict, model="toy", node_id=f"test_{claim.id}", checkpoint=checkpoint))
    return Run(name, Ledger(records, {"date": "2026-01-01T00:00:00Z", **(facts or {})}), recorded, again)


def claims(**about: object) -> list[Claim]:
    """The mechanism as two claims with a margin that fits their size."""
    given = Behaviour(level(M), above=1.0)
    return [
        lowers(M, by=ablate(Head(5, 0)), beyond=0.2, id="first", given=given, **about),  # type: ignore[arg-type]
        lowers(M, by=ablate(Head(5, 1)), beyond=0.1, id="second", given=given, **about),  # type: ignore[arg-type]
    ]


BASE = Checkpoint()
SERIES = {
    "unchanged": replace(BASE, seed=1),
    "retrained": replace(BASE, seed=2, own=0.4),
    "halved": replace(BASE, seed=3, effects=(0.5, 0.6, *([0.0] * (HEADS - 2)))),
    "moved": replace(BASE, seed=4, effects=(0.02, 0.6, 0.0, 0.95, *([0.0] * (HEADS - 4)))),
    "lost": replace(BASE, seed=5, effects=(0.02, 0.6, *([0.0] * (HEADS - 2)))),
    "unlearned": replace(BASE, seed=6, level=0.1, effects=(0.03, 0.02, *([0.0] * (HEADS - 2)))),
    "improved": replace(BASE, seed=8, effects=(1.6, 0.6, *([0.0] * (HEADS - 2)))),
}


def drifting(step: int, rate: float = 0.03) -> Checkpoint:
    """The circuit after so many steps, each of which takes a share of what there was first."""
    kept = 1 - rate * step
    return replace(BASE, seed=100 + step, own=0.1, effects=tuple(kept * one for one in BASE.effects))
