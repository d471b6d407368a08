"""What lies past this machine: a cluster's work, divided by the planner that shards use; nothing is loaded."""

from __future__ import annotations

import time

MODEL_GB = 150.0  # Llama 70B in bf16, with room for passes
LAYERS = 80
ROWS, TOKENS = 200, 64
PARAMETERS = 70e9
FLOPS = 500e12  # a second on one H200 in bf16: 65 % of its measured 790e12, reached on a Mistral-7B shape
CARDS_A_MODEL = 2  # of 80 GB
READ = 2e9  # bytes a second from a shared file system, per node
BYTES_A_CELL = 7_400  # in the store, for 200 numbers: 33 bytes each and the facts


def plan(checkpoints: int, claims: int) -> None:
    """Divide checkpoints x claims among cards with the planner that shards use; nothing is loaded."""
    from causal_claims.claims.effects import Cell
    from causal_claims.interventions.catalogue import ablate
    from causal_claims.metrics.metric import Metric
    from causal_claims.models import ModelSpec
    from causal_claims.shares import Work, cell_cost, divide, load_cost, loads
    from causal_claims.sites import Head

    spec = ModelSpec("m", "llama", "x", layers=LAYERS, heads=64, kv_heads=8, min_memory_gb=MODEL_GB)
    metric = Metric("logit_diff")
    cells = [Cell(metric)] + [Cell(metric, ablate(Head(i % LAYERS, i // LAYERS % 64))) for i in range(claims)]
    passes = sum(1 - min((site.layer for site in cell.condition.sites), default=0) / LAYERS for cell in cells) * ROWS
    seconds = passes * TOKENS * 2 * PARAMETERS / FLOPS  # a model's cards take turns
    load = MODEL_GB * 1e9 / READ
    each = seconds + load
    hours = checkpoints * each * CARDS_A_MODEL / 3600
    print(f"{checkpoints} checkpoints x {claims} claims, 70B, {ROWS} examples of {TOKENS} tokens")
    print(
        f"  cells                 {checkpoints * len(cells):,} ({passes / ROWS:.0f} whole passes over the examples a checkpoint)"
    )
    print(f"  a checkpoint          {seconds:.0f} s of measuring and {load:.0f} s of loading on {CARDS_A_MODEL} cards")
    print(f"  card hours            {hours:,.0f}")
    print(f"  weights read          {checkpoints * MODEL_GB / 1e3:,.0f} TB")
    print(
        f"  store                 {checkpoints * len(cells) * BYTES_A_CELL / 1e9:,.1f} GB in {checkpoints * len(cells):,} files"
    )
    costs = {cell: cell_cost(cell, spec) for cell in cells}
    simulated = min(checkpoints, 100)
    works = [
        Work(f"m{m}", {(m, cells[0]): costs[cells[0]], (m, cell): costs[cell]})
        for m in range(simulated)
        for cell in cells[1:]
    ]
    begun = time.perf_counter()
    for shards in (8, 64, 256):
        shares = divide(works, shards, lambda _: load_cost(spec))
        cost = loads(works, shares, lambda _: load_cost(spec))
        ideal = sum(loads(works, [0] * len(works), lambda _: load_cost(spec)).values()) / shards
        pairs = len({(work.model, share) for work, share in zip(works, shares, strict=True)})
        print(
            f"  {simulated} checkpoints on {shards:3} shards: heaviest {max(cost.values()) / ideal:.2f} of even, {pairs} loads for {simulated} models"
        )
    print(f"  (three divisions of {len(works):,} tests took {time.perf_counter() - begun:.1f} s)")
