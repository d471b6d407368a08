"""What the page costs: its size and the time to render it, for ledgers of 1, 300 and 5,000 claims of 40 examples each.

    python benchmarks/report.py [--keep FOLDER]

Goals on one core: 300 claims below 600 kB in under 1 s; 5,000 claims in under 10 s.  The claims are judged from recorded
numbers like any others, so their records carry what real ones do.  Times are of the processor; beside them stands the
time that Python's own json takes to write the same ledger, because ratios travel between machines and seconds do not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from causal_claims import Head, Metric, ablate, lowers, negligible, raises
from causal_claims.claims.claim import Claim
from causal_claims.judging.judge import judge
from causal_claims.ledger import Ledger, plain, record, write_whole
from causal_claims.measurements import Measurement, Receipt
from causal_claims.pytest_plugin.files import adjust
from causal_claims.recorded import Recorded, write_measurements
from causal_claims.report.page import Sources, render_page

X = Metric("logit_diff", over="facts")
N = 40
HEADS = 16


def claims(count: int) -> list[tuple[Claim, str]]:
    """As many claims on four models: raises, lowers and negligible in turn, so that every outcome occurs."""
    made = []
    for i in range(count):
        head = ablate(Head(i // HEADS, i % HEADS))
        about = {"finding": f"S{i % 5}-{i % 9}", "source": "seed 003, section 3: the table of single heads."}
        kinds = (
            raises(X, by=head, beyond=0.2, reported=0.3, **about),
            lowers(X, by=head, beyond=0.1, **about),
            negligible(X, by=head, within=0.3, **about),
        )
        made.append((kinds[i % 3], f"model_{i % 4}"))
    return made


def ledger(count: int) -> Sources:
    draw, ids = np.random.default_rng(0), tuple(f"facts-{i:04d}" for i in range(N))
    base = {f"model_{i}": draw.normal(size=N) for i in range(4)}
    effects = {"raises": 0.35, "lowers": -0.2, "negligible": 0.0}
    records, used = [], {}
    for i, (claim, model) in enumerate(claims(count)):
        cells = {}
        for cell in claim.cells:
            steps = bool(cell.condition.steps)
            move = draw.normal(effects[claim.kind], 0.4, N) if steps else 0.0
            receipt = (
                Receipt((f"L{i // HEADS}.H{i % HEADS} -> o_proj input columns 0:64",), N, N, 1.25, True)
                if steps
                else None
            )
            cells[cell] = Measurement(
                model, str(cell.metric), cell.condition_spelling, ids, ids, base[model] + move, receipt
            )
        used.update({one.key: one for one in cells.values()})
        verdict = judge(claim, cells, probe=True)
        node = f"claims/suppressor/test_single.py::test_every_head[{model}-{claim.slug}]"
        records.append(record(claim, verdict, model=model, node_id=node, checkpoint="5f0a" * 10))
    adjust(records)
    return Sources(Ledger(records, {"date": "2026-11-21T08:00:00Z", "confidence": 0.95}), Recorded(used.values(), "m"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="leave ledgers, tables and pages in this folder")
    folder = parser.parse_args().keep
    goals = {1: (600, 1.0), 300: (600, 1.0), 5000: (None, 10.0)}
    for count, (size, limit) in goals.items():
        sources = ledger(count)
        render_page(ledger(1))  # templates are compiled once in any process
        times, plainly = [], []
        for _ in range(3 if count > 300 else 9):
            start = time.process_time()
            page = render_page(sources)
            times.append(time.process_time() - start)
            start = time.process_time()
            json.dumps([plain(vars(one)) for one in sources.ledger.records])
            plainly.append(time.process_time() - start)
        took = statistics.median(times)
        print(
            f"{count:5} claims of n={N}: {len(page.encode()) / 1000:.0f} kB{f' (goal {size})' if size else ''}, "
            f"{took:.2f} s (goal {limit:g}), {took / statistics.median(plainly):.1f} times the ledger's own JSON"
        )
        if folder is not None:
            place = folder / str(count)
            write_whole(place / "claims.json", sources.ledger.to_json())
            write_measurements(
                place / "measurements.parquet", sources.recorded.measurements() if sources.recorded else ()
            )
            write_whole(place / "claims.html", page)


if __name__ == "__main__":
    main()
