"""Runs of pytest killed with SIGKILL at random moments, until one comes to its end: its ledger is that of an undisturbed run.

python tests/engine/killed.py 50
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
CLAIMS = """
import engine_examples
import pytest
from causal_claims import Head, KVHead, Metric, ablate, heads, negligible, raises, strongest

pytestmark = pytest.mark.gpt2
LOGIT_DIFF, LOSS = Metric("logit_diff", over="engine_many"), Metric("loss", over="engine_many")
R_V = Metric("r_v_written", late=5, early=0, window=4, over="engine_many")
EVERY = [ablate(Head(layer, head)) for layer in range(6) for head in range(4)]


@pytest.mark.parametrize("claim", [
    *(negligible(metric, each=EVERY, within=0.05) for metric in (LOGIT_DIFF, LOSS)),
    *(raises(LOGIT_DIFF, by=one, beyond=0.01) for one in EVERY[:6]),
    strongest(LOSS, by=EVERY[3], among=EVERY),
    *(raises(R_V, by=ablate(KVHead(layer, 1)), beyond=0.01) for layer in range(5)),
    raises(Metric("words_written", over="engine_many", tokens=5), by=EVERY[7], id="written"),
])
def test_it(claim, holds):
    assert holds(claim)
"""


def home(folder: Path) -> Path:
    """A claim file on a small random checkpoint."""
    sys.path[:0] = [str(HERE), str(HERE.parents[1] / "plugin")]
    import torch
    import transformer_lens.model_bridge  # noqa: F401
    from causal_claims.engine.engine import Engine  # noqa: F401
    from checkpoints import checkpoint

    torch.set_num_threads(1)
    model = checkpoint(folder / "model", "gpt2", layers=6)
    (folder / "models.yaml").write_text(f"gpt2: {{family: gpt2, id: x, path: {model}}}\n")
    (folder / "test_killed.py").write_text(CLAIMS)
    (folder / "pytest.toml").write_text("[pytest]\nstrict = true\n")
    return folder


def start(folder: Path, cache: str) -> int:
    """A run of pytest in a process of its own, everything heavy imported before it parts from this one."""
    pid = os.fork()
    if pid:
        return pid
    import pytest

    os.chdir(folder)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--import-mode=importlib", "--claims-device", "cpu"]
    code = pytest.main([*options, "--claims-cache", cache, "--claims-reports", f"{cache}-reports"])
    os._exit(int(code))


def ledger(folder: Path, cache: str) -> list[object]:
    """The records without what may differ: how long it took."""
    records = json.loads((folder / f"{cache}-reports" / "claims.json").read_text())["records"]
    return [{name: value for name, value in one.items() if name != "measure_seconds"} for one in records]


def killed(folder: Path, times: int, seed: int = 0) -> tuple[int, int, bool]:
    """How many were killed while they ran, how many stores were filled on the way, and whether all ledgers are equal.

    A run that came to its end before its moment is compared too; the next one begins with an empty store.
    """
    home(folder)
    begun = time.monotonic()
    os.waitpid(start(folder, "whole"), 0)
    length, draw = time.monotonic() - begun, random.Random(seed)
    whole, hit, stores, equal = ledger(folder, "whole"), 0, 0, True
    while hit < times:
        pid = start(folder, f"cut{stores}")
        time.sleep(length * draw.uniform(0.05, 0.95))
        os.kill(pid, signal.SIGKILL)
        if os.WIFSIGNALED(os.waitpid(pid, 0)[1]):
            hit += 1
        else:
            equal, stores = equal and ledger(folder, f"cut{stores}") == whole, stores + 1
    os.waitpid(start(folder, f"cut{stores}"), 0)
    return hit, stores + 1, equal and ledger(folder, f"cut{stores}") == whole


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        hit, stores, equal = killed(Path(place), int(sys.argv[1]))
    print(f"killed {hit} runs, {stores} stores filled in spite of it; ledgers {'equal' if equal else 'DIFFER'}")
    sys.exit(not equal)
