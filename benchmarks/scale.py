"""Ten thousand claims over twenty planted models; the same run in pieces and under fire; and what lies past this machine.

    python benchmarks/scale.py run [--claims 10000] [--models 20] [--workers 4] [--shards 4]
    python benchmarks/scale.py chaos [--claims 600] [--models 4] [--seconds 3]
    python benchmarks/scale.py plan [--checkpoints 1000] [--claims 1000]

`run` judges one suite alone, with workers, as shards and on a Ray cluster of two nodes, and compares the ledgers; loads are
counted in every process, and the controller's memory is watched.  `chaos` kills workers, nodes and actors every few seconds,
flips bytes in the store and fills the disk until the suite has gone through, and compares with an undisturbed run.  `plan`
divides a cluster's work with the planner that shards use.  Without ray the parts that need it are left out, and it is said.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import time
from importlib.metadata import version

from scale_chaos import chaos
from scale_plan import plan
from scale_suite import Bench, Ran, apart, bench


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
    if given.what == "plan":
        plan(given.checkpoints, given.claims or 1000)
        return
    ray = importlib.util.find_spec("ray") is not None
    names = ("pytest", "pytest-xdist", "torch", "transformers", *(["ray"] if ray else []))
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores, load "
          f"{os.getloadavg()[0]:.1f}, Python {platform.python_version()}, {versions}", flush=True)  # fmt: skip
    if not ray:
        print("ray is not installed: no run on a cluster")
    if given.what == "run":
        run(given.claims or 10_000, given.models or 20, given.workers, given.shards, ray)
    else:
        chaos(given.claims or 600, given.models or 4, given.workers, given.seconds, ray)


def run(claims: int, models: int, workers: int, shards: int, ray: bool) -> None:
    off, options = "--claims-cache=off", ("-n", str(workers))
    with bench(models, claims) as suite:
        alone = suite.run(off, "--claims-reports=alone")
        truth = suite.records("alone")
        print(f"{len(truth)} claims, {models} models")
        _say(suite, "one process", "alone", alone, alone.seconds)
        _say(suite, " ".join(options), "workers", suite.run(off, "--claims-reports=workers", *options), alone.seconds)
        runs = (f"--claims-shard={i}/{shards}" for i in range(1, shards + 1))
        ran = suite.finish(*[suite.start(off, "--claims-reports=shards", one) for one in runs])
        begun = time.perf_counter()
        merged = suite.merge("shards")
        _say(suite, f"{shards} shards", "shards", ran, alone.seconds)
        print(f"    merge: exit {merged}, {time.perf_counter() - begun:.1f} s", flush=True)
        if ray:
            from two_nodes import two_nodes

            with two_nodes(suite.folder / "ray.txt", suite.environment) as cluster:
                for turn in ("first", "second"):  # the second finds the models where the first left them
                    executor = f"--claims-executor=ray://{cluster.address}"
                    ran = suite.run(off, f"--claims-reports=ray-{turn}", executor, *options)
                    _say(suite, f"Ray, two nodes, {' '.join(options)}, {turn} run", f"ray-{turn}", ran, alone.seconds)


def _say(suite: Bench, what: str, reports: str, ran: Ran, alone: float) -> None:
    odd = apart(suite.records(reports), suite.records("alone"))
    print(f"  {what}: exit {ran.code}, {ran.seconds:.0f} s ({alone / ran.seconds:.1f}x), {ran.loads} loads, "
          f"{ran.megabytes:.0f} MB, {len(odd)} differences {odd[:3]}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
