"""A Ray cluster of two nodes on this machine, in a process of its own, whose second node can be taken away.

python tests/scale/two_nodes.py [GB]    # prints ADDRESS; a line `kill` takes the second node away and starts another
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MEMORY = 80_000_000  # bytes of a node's object store, the least that Ray takes
PLUGIN = Path(__file__).parents[2] / "plugin"


@dataclass(frozen=True)
class TwoNodes:
    """The cluster while it runs."""

    address: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """The second node is gone at once, with all actors on it, and an empty one takes its place."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("kill\n")
        self.process.stdin.flush()
        assert "KILLED" in self.process.stdout.readline()


@contextmanager
def two_nodes(
    log: Path, environment: Mapping[str, str] | None = None, memory_gb: float | None = None
) -> Iterator[TwoNodes]:
    paths = os.pathsep.join([str(PLUGIN), *([found] if (found := (environment or {}).get("PYTHONPATH")) else [])])
    inherited = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        **(environment or {}),
        "PYTHONPATH": paths,
    }
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, __file__, *([str(memory_gb)] if memory_gb else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=inherited
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        address = next((line.split()[1] for line in process.stdout if line.startswith("ADDRESS")), None)
        assert address, log.read_text()[-2000:]
        try:
            yield TwoNodes(address, process)
        finally:
            process.stdin.close()
            process.wait(timeout=60)


def main() -> None:
    from ray.cluster_utils import Cluster

    node: dict[str, int] = {"num_cpus": 2, "object_store_memory": MEMORY}
    if len(sys.argv) > 1:
        node["memory"] = int(float(sys.argv[1]) * 2**30)
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    second = cluster.add_node(**node)
    cluster.wait_for_nodes()
    print("ADDRESS", cluster.address, flush=True)
    for line in sys.stdin:
        if line.strip() == "kill":
            cluster.remove_node(second, allow_graceful=False)
            second = cluster.add_node(**node)
            print("KILLED", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
