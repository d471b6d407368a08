"""A suite under fire: workers, nodes and actors killed, bytes of the store flipped, a disk that is full.

A run whose worker is killed loses the record of the test that was running, says so and exits 11, and xdist ends a run that lost
more than four times its workers; the next run goes on from the store.  Only a run in which nobody was killed can be whole, so
each run is struck half as often as the one before it; bytes are flipped at one pace until the end.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from scale_suite import Bench, Records, bench, wrong

RUNS = 12
Blow = Callable[[], bool]  # whether it struck


def chaos(claims: int, models: int, workers: int, seconds: float, ray: bool) -> None:
    with bench(models, claims) as suite:
        undisturbed = suite.run("--claims-cache=off", "--claims-reports=alone")
        truth = suite.records("alone")
        print(f"{len(truth)} claims, {models} models, undisturbed: exit {undisturbed.code}", flush=True)
        assert len(truth) == claims
        assert undisturbed.code == 1
        full(suite, truth, workers)
        until_done(suite, truth, seconds, ("-n", str(workers)), killing_workers, "workers")
        if ray:
            from two_nodes import two_nodes

            with two_nodes(suite.folder / "ray.txt", suite.environment) as cluster:

                def killing(_: int, draw: random.Random) -> Blow:
                    actor = killing_actor(cluster.process.pid, draw)
                    return lambda: actor() if draw.random() < 0.5 else (cluster.kill() or True)

                options = ("-n", str(workers), f"--claims-executor=ray://{cluster.address}")
                until_done(suite, truth, seconds, options, killing, "nodes and actors")


def until_done(
    suite: Bench, truth: Records, seconds: float, options: tuple[str, ...],
    killing: Callable[[int, random.Random], Blow], what: str,
) -> None:  # fmt: skip
    """Runs on one store, until one of them is whole."""
    draw = random.Random(0)
    name = what.partition(" ")[0]
    store = suite.folder / f"{name}-store"
    killed = flipped = 0
    for run in range(1, RUNS + 1):
        shutil.rmtree(
            suite.folder / name, ignore_errors=True
        )  # a run that judged nothing leaves an old ledger as it was
        running = suite.start(*options, f"--claims-reports={name}", f"--claims-cache={store}")
        with (
            every(seconds * 2 ** (run - 1), killing(running.pid, draw)) as kills,
            every(seconds, flipping(store, draw)) as flips,
        ):
            code = running.wait()
        killed, flipped = killed + len(kills), flipped + len(flips)
        found = suite.records(name)
        broken = [node for node, one in found.items() if one["outcome"] == "ERROR"]
        odd = wrong({node: one for node, one in found.items() if node not in broken}, truth)
        lost = truth.keys() - found.keys()
        print(
            f"  run {run}: exit {code}, {len(found)} records, {len(lost)} lost, {len(broken)} errors, {len(odd)} wrong, "
            f"{len(kills)} {what} killed, {len(flips)} files of the store flipped", flush=True,
        )  # fmt: skip
        assert not odd, odd[:5]
        assert not found.keys() - truth.keys()
        assert code != 0, "a suite with refuted claims exited 0"
        assert code == 11 or not lost, f"exit {code} with {len(lost)} records lost"
        if code == 1 and not broken:
            break
    else:
        raise AssertionError(f"not whole after {RUNS} runs")
    assert min(killed, flipped) >= 5, "hardly any blow fell: take more claims"
    print(f"{killed} {what} killed, {flipped} files flipped over {run} runs: all {len(found)} records, none doubled")


def full(suite: Bench, truth: Records, workers: int) -> None:
    """The store, then the reports too, on a disk of a megabyte (only root may mount one)."""
    disk = suite.folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        print("  disk full: not tried, no small disk can be mounted here")
        return
    try:
        for reports in ("full", "disk/reports"):
            before = suite.folder / "output.txt"
            said = before.stat().st_size
            ran = suite.run("-n", str(workers), f"--claims-reports={reports}", f"--claims-cache={disk}/store")
            text = before.read_bytes()[said:].decode()
            found = suite.records(reports)
            print(f"  disk full, reports in {reports}: exit {ran.code}, {len(found)} records", flush=True)
            assert ran.code not in (0, -signal.SIGKILL)
            assert "No space left on device" in text
            assert reports != "full" or (ran.code == 11 and found.keys() == truth.keys())
            assert reports == "full" or "could not be written" in text
            assert not wrong(found, truth)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@contextmanager
def every(seconds: float, blow: Blow) -> Iterator[list[None]]:
    """Strike at this pace meanwhile; a line for each blow that struck."""
    stop, struck = threading.Event(), list[None]()

    def strike() -> None:
        while not stop.wait(seconds):
            if blow():
                struck.append(None)

    thread = threading.Thread(target=strike)
    thread.start()
    try:
        yield struck
    finally:
        stop.set()
        thread.join()


def killing_workers(pid: int, draw: random.Random) -> Blow:
    return lambda: _kill(_processes(pid, "exec(eval", recursive=False), draw)


def killing_actor(pid: int, draw: random.Random) -> Blow:
    return lambda: _kill(_processes(pid, "ray::Holder", recursive=True), draw)


def flipping(store: Path, draw: random.Random) -> Blow:
    def flip() -> bool:
        files = sorted(store.glob("[0-9a-f][0-9a-f]/*.json"))
        with contextlib.suppress(OSError, ValueError, IndexError):
            path = draw.choice(files)
            content = bytearray(path.read_bytes())
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            path.write_bytes(bytes(content))
            return True
        return False

    return flip


def _processes(pid: int, command: str, recursive: bool) -> list[psutil.Process]:
    found = []
    with contextlib.suppress(psutil.Error):
        for one in psutil.Process(pid).children(recursive):
            with contextlib.suppress(psutil.Error):  # one that was killed before is no process any more
                if command in " ".join(one.cmdline()):
                    found.append(one)
    return found


def _kill(processes: list[psutil.Process], draw: random.Random) -> bool:
    if not processes:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(draw.choice(processes).pid, signal.SIGKILL)
        return True
    return False
