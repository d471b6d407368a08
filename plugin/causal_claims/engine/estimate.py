"""What cells would cost, without loading weights."""

from collections.abc import Sequence

from causal_claims.claims.effects import Cell
from causal_claims.engine.settings import PlanEstimate, Settings
from causal_claims.examples import ExampleSet
from causal_claims.models import ModelSpec
from causal_claims.sites import GENERATION

_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}


def estimate(spec: ModelSpec, cells: Sequence[Cell], data: Sequence[ExampleSet], settings: Settings) -> PlanEstimate:
    """Passes are counted per condition and set, since metrics share them; a pass that starts at layer l of L counts 1 - l/L."""
    rows = sum(len(one.examples) for one in data)
    passes = 0.0
    texts = 0
    seen = set()
    for cell, one in zip(cells, data, strict=True):
        generates = GENERATION in cell.metric.reads()
        key = (cell.metric.over, cell.condition, cell.metric.options if generates else None)
        if key in seen:
            continue
        seen.add(key)
        if generates:
            texts += len(one.examples)
            continue
        first = min((site.layer for site in cell.condition.sites), default=0)
        share = 1 - first / spec.layers if spec.layers and settings.backend == "fast" else 1.0
        passes += share * len(one.examples)
    memory = None if spec.min_memory_gb is None else spec.min_memory_gb + settings.memory_gb
    return PlanEstimate(spec.key, len(cells), rows, round(passes), texts, memory, None)
