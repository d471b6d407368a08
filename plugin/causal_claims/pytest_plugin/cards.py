"""The cards of this machine, and which worker works on which; found without loading torch."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

import pytest


def cards(config: pytest.Config) -> list[str]:
    """What CUDA_VISIBLE_DEVICES allows, else what the driver lists; none where the run names its device itself."""
    device = config.getoption("--claims-device") or str(config.getini("claims_device"))
    if device not in ("auto", "cuda"):
        return []
    outer = os.environ.get("CUDA_VISIBLE_DEVICES")
    if outer is not None:
        named = [one.strip() for one in outer.split(",") if one.strip()]
        return named[: named.index("-1")] if "-1" in named else named
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        done = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [str(i) for i in range(sum(line.startswith("GPU ") for line in done.stdout.splitlines()))]


def shared(there: Sequence[str], workers: int) -> list[str]:
    """Each worker's cards: several where there are fewer workers, so that a large model spreads over them; else one."""
    if not there:
        return [""] * workers
    if workers >= len(there):
        return [there[i % len(there)] for i in range(workers)]
    return [",".join(there[i * len(there) // workers : (i + 1) * len(there) // workers]) for i in range(workers)]
