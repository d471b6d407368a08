"""Ten thousand claims over twenty planted models; the same run in pieces and under fire; and what lies past this machine.

    python benchmarks/scale.py run [--claims 10000] [--models 20] [--workers 4] [--shards 4]
    python benchmarks/scale.py chaos [--claims 600] [--seconds 3]
    python benchmarks/scale.py plan [--checkpoints 1000] [--claims 1000]

`run` judges one suite alone, with workers and as shards, and compares the ledgers; loads are counted, and the controller's
memory is watched.  `chaos` kills a worker every few seconds and flips bytes in the store until the suite has gone
through, and compares with an undisturbed run.  `plan` divides a cluster's work with the planner that shards use.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
OWN = (
    "measure_seconds",
    "noise_floor",
    "facts",
    "attention",
    "outliers",
    "line",
    "reason",
    "n_needed",
    "guards",
    "receipt",
)

CONFTEST = """
import os
from pathlib import Path
pytest_plugins = ["fixtures.prompts"]

import causal_claims.engine.engine as engine
real = engine.load

def load(spec, settings, dtype):
    with open(Path(__file__).parent / "loads.txt", "a") as file:
        file.write(f"{spec.key} {os.environ.get('PYTEST_XDIST_WORKER', 'main')}\\n")
    return real(spec, settings, dtype)

engine.load = load
"""
SUITE = """
import itertools, pytest
from causal_claims import *

M = Metric("entropy", over="gratitude")
HEADS = [Head(l, h) for l in range({layers}) for h in range({heads})]
CLAIMS = [kind(M, by=ablate(head), **margin, id=f"{{name}}-{{head}}-{{size}}")
          for size in ({sizes})
          for name, kind, margin in (("up", raises, dict(beyond=size)), ("down", lowers, dict(beyond=size)), ("none", negligible, dict(within=size)))
          for head in HEADS][:{claims}]

@pytest.mark.everyone
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_it(claim, holds):
    assert holds(claim)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "chaos", "plan"))
    parser.add_argument("--claims", type=int, default=None)
    parser.add_argument("--models", type=int, default=None)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=3.0, help="chaos: between two blows")
    parser.add_argument("--checkpoints", type=int, default=1000)
    given = parser.parse_args()
    {"run": run, "chaos": chaos, "plan": plan}[given.what](given)


def built(folder: Path, models: int, claims: int) -> None:
    """A suite over small planted checkpoints, each with another strength."""
    sys.path.insert(0, str(ROOT))  # planted models are built from the texts of fixtures/
    from causal_claims.planted.build import build

    entries = []
    for m in range(models):
        path = build(
            "gratitude", "in_place" if m % 2 else "absent", seed=m, cache=Path(tempfile.gettempdir()) / "bench-models"
        )
        entries.append(
            f"m{m:02d}: {{family: gpt2, id: x/m{m}, path: {path}, layers: 12, heads: 12, kv_heads: 12, markers: [everyone]}}"
        )
    (folder / "models.yaml").write_text("\n".join(entries) + "\n")
    (folder / "conftest.py").write_text(CONFTEST)
    each = -(-claims // models)
    sizes = ", ".join(f"{(i + 1) / 100:g}" for i in range(-(-each // (3 * 144)))) + ","
    (folder / "test_bench.py").write_text(SUITE.format(layers=12, heads=12, sizes=sizes, claims=each))
    (folder / "pytest.toml").write_text("[pytest]\nstrict = true\n")


def command(*options: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:hypothesispytest",
        "--claims-examples=16",
        *options,
    ]


ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{ROOT / 'plugin'}{os.pathsep}{ROOT}",
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
}


def finished(folder: Path, *options: str) -> tuple[int, float, float]:
    """Exit code, seconds, and the most megabytes that the controller held."""
    begun, most = time.perf_counter(), 0.0
    with (folder / "output.txt").open("w") as output:
        running = subprocess.Popen(command(*options), cwd=folder, env=ENVIRONMENT, stdout=output, stderr=output)
        while running.poll() is None:
            most = max(most, held(running.pid))
            time.sleep(0.2)
    return running.returncode, time.perf_counter() - begun, most


def held(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def loads(folder: Path) -> int:
    path = folder / "loads.txt"
    count = len(path.read_text().splitlines()) if path.exists() else 0
    path.unlink(missing_ok=True)
    return count


def records(path: Path) -> dict[str, dict[str, object]]:
    """By node id, without what a run says of itself; doubled records are an error."""
    found: dict[str, dict[str, object]] = {}
    for one in json.loads(path.read_text())["records"]:
        assert one["node_id"] not in found, f"{one['node_id']} was recorded twice"
        found[one["node_id"]] = {name: value for name, value in one.items() if name not in OWN}
    return found


def apart(ours: dict[str, dict[str, object]], theirs: dict[str, dict[str, object]]) -> list[str]:
    """Where two ledgers differ; figures by more than float32 arithmetic in another batch."""
    said = [f"{name} is in one of them only" for name in ours.keys() ^ theirs.keys()]
    for name in ours.keys() & theirs.keys():
        for key, a in ours[name].items():
            b = theirs[name][key]
            close = isinstance(a, float) and isinstance(b, float) and abs(a - b) <= 1e-4 * max(1.0, abs(a))
            if a != b and not close and key not in ("p_value", "q_bh", "p_holm", "companions", "parts", "effect_size"):
                said.append(f"{name}.{key}: {a!r} is not {b!r}")
    return said


def run(given: argparse.Namespace) -> None:
    claims, models = given.claims or 10_000, given.models or 20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built(folder, models, claims)
        code, alone, memory = finished(folder, "--claims-cache=off", "--claims-reports=alone")
        truth = records(folder / "alone" / "claims.json")
        print(
            f"{len(truth)} claims, {models} models, one process: exit {code}, {alone:.0f} s, {loads(folder)} loads, {memory:.0f} MB"
        )
        code, seconds, memory = finished(
            folder, "--claims-cache=off", "--claims-reports=workers", "-n", str(given.workers)
        )
        odd = apart(records(folder / "workers" / "claims.json"), truth)
        print(
            f"-n {given.workers}: exit {code}, {seconds:.0f} s ({alone / seconds:.1f}x), {loads(folder)} loads, controller {memory:.0f} MB, {len(odd)} differences {odd[:3]}"
        )
        begun = time.perf_counter()
        shards = [
            subprocess.Popen(command("--claims-cache=off", "--claims-reports=shards", f"--claims-shard={i}/{given.shards}"),
                             cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for i in range(1, given.shards + 1)
        ]  # fmt: skip
        codes = [one.wait() for one in shards]
        seconds = time.perf_counter() - begun
        merged = subprocess.run([sys.executable, "-c", "import sys; from causal_claims.cli import main; sys.exit(main())", "merge", "shards"],
                                cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)  # fmt: skip
        odd = apart(records(folder / "shards" / "claims.json"), truth)
        print(
            f"{given.shards} shards: exits {codes}, merged {merged.returncode}, {seconds:.0f} s ({alone / seconds:.1f}x), {loads(folder)} loads, {len(odd)} differences {odd[:3]}"
        )


def chaos(given: argparse.Namespace) -> None:
    claims, models = given.claims or 600, given.models or 4
    draw = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built(folder, models, claims)
        finished(folder, "--claims-cache=off", "--claims-reports=alone")
        truth = records(folder / "alone" / "claims.json")
        killed = flipped = runs = wrong = 0
        for attempt in range(40):
            stop = threading.Event()
            blows = {"killed": 0, "flipped": 0}
            with (folder / "output.txt").open("w") as output:
                running = subprocess.Popen(command("-n", str(given.workers), "--claims-reports=chaos"), cwd=folder, env=ENVIRONMENT,
                                           stdout=output, stderr=output)  # fmt: skip
                pause = given.seconds * (1 + attempt / 4)  # blows come more slowly each time, so that it ends
                striker = threading.Thread(
                    target=strike, args=(running.pid, folder / ".claims-cache", pause, stop, blows, draw)
                )
                striker.start()
                code = running.wait()
                stop.set()
                striker.join()
            runs, killed, flipped = runs + 1, killed + blows["killed"], flipped + blows["flipped"]
            path = folder / "chaos" / "claims.json"
            found = records(path) if path.exists() else {}
            lost = truth.keys() - found.keys()
            odd = [line for line in apart(found, truth) if "in one of them only" not in line]
            wrong += len(odd)
            assert not odd, odd[:5]
            assert code != 0, "a suite with refuted claims exited 0"
            assert code != 1 or not lost, f"exit 1 with {len(lost)} records lost"
            print(
                f"  run {runs}: exit {code}, {len(found)} records, {blows['killed']} workers killed, {blows['flipped']} files of the store flipped",
                flush=True,
            )
            if code != 11:
                break
        print(
            f"{killed} workers killed, {flipped} files flipped over {runs} runs: {len(found)} of {len(truth)} records, none doubled, {wrong} wrong values, last exit {code}"
        )


def strike(
    pid: int, store: Path, pause: float, stop: threading.Event, blows: dict[str, int], draw: random.Random
) -> None:
    """Every few seconds a worker dies and a file of the store rots."""
    import psutil

    while not stop.wait(pause):
        workers = []
        try:
            for one in psutil.Process(pid).children():
                with contextlib.suppress(psutil.Error):  # one that was killed before is no process any more
                    if "exec(eval" in " ".join(one.cmdline()):
                        workers.append(one)
        except psutil.Error:
            return
        if workers:
            try:
                os.kill(draw.choice(workers).pid, signal.SIGKILL)
                blows["killed"] += 1
            except (ProcessLookupError, psutil.Error):
                pass
        files = sorted(store.glob("[0-9a-f][0-9a-f]/*.json"))
        if files:
            path = draw.choice(files)
            try:
                content = bytearray(path.read_bytes())
                content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
                path.write_bytes(bytes(content))
                blows["flipped"] += 1
            except (OSError, ValueError):
                pass


# --- past this machine

MODEL_GB = 150.0  # Llama 70B in bf16, with room for passes
LAYERS = 80
ROWS, TOKENS = 200, 64
PARAMETERS = 70e9
FLOPS = 500e12  # a second on one H200 in bf16: 65 % of its measured 790e12, reached on a Mistral-7B shape
CARDS_A_MODEL = 2  # of 80 GB
READ = 2e9  # bytes a second from a shared file system, per node
BYTES_A_CELL = 7_400  # in the store, for 200 numbers: 33 bytes each and the facts


def plan(given: argparse.Namespace) -> None:
    """Divide checkpoints x claims among cards with the planner that shards use; nothing is loaded."""
    from causal_claims.claims.effects import Cell
    from causal_claims.interventions.catalogue import ablate
    from causal_claims.metrics.metric import Metric
    from causal_claims.models import ModelSpec
    from causal_claims.shares import Work, cell_cost, divide, load_cost, loads
    from causal_claims.sites import Head

    claims = given.claims or 1000
    spec = ModelSpec("m", "llama", "x", layers=LAYERS, heads=64, kv_heads=8, min_memory_gb=MODEL_GB)
    metric = Metric("logit_diff")
    cells = [Cell(metric)] + [Cell(metric, ablate(Head(i % LAYERS, i // LAYERS % 64))) for i in range(claims)]
    passes = sum(1 - min((site.layer for site in cell.condition.sites), default=0) / LAYERS for cell in cells) * ROWS
    seconds = passes * TOKENS * 2 * PARAMETERS / FLOPS  # a model's cards take turns
    load = MODEL_GB * 1e9 / READ
    each = seconds + load
    hours = given.checkpoints * each * CARDS_A_MODEL / 3600
    print(f"{given.checkpoints} checkpoints x {claims} claims, 70B, {ROWS} examples of {TOKENS} tokens")
    print(
        f"  cells                 {given.checkpoints * len(cells):,} ({passes / ROWS:.0f} whole passes over the examples a checkpoint)"
    )
    print(f"  a checkpoint          {seconds:.0f} s of measuring and {load:.0f} s of loading on {CARDS_A_MODEL} cards")
    print(f"  card hours            {hours:,.0f}")
    print(f"  weights read          {given.checkpoints * MODEL_GB / 1e3:,.0f} TB")
    print(
        f"  store                 {given.checkpoints * len(cells) * BYTES_A_CELL / 1e9:,.1f} GB in {given.checkpoints * len(cells):,} files"
    )
    costs = {cell: cell_cost(cell, spec) for cell in cells}
    simulated = min(given.checkpoints, 100)
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


if __name__ == "__main__":
    main()
