"""Whether one more model fits beside those in memory, and what it looks like when memory is out."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch

from causal_claims.engine.checkpoint import locate
from causal_claims.engine.settings import Settings
from causal_claims.errors import NotRunError
from causal_claims.models import ModelSpec

OUT_OF_MEMORY = (torch.OutOfMemoryError, MemoryError)


@contextlib.contextmanager
def host_memory() -> Iterator[None]:
    """The processor's allocator says that memory is out by a RuntimeError like any other."""
    try:
        yield
    except RuntimeError as error:
        if "allocate memory" in str(error):
            raise MemoryError(str(error)) from None
        raise


def keep_freed() -> None:
    """Keep tensors' memory for the next pass instead of giving it back: fresh pages cost as much as the arithmetic done in them.

    The C library learns from the largest block that was ever freed; one of 31 MB, never touched, is the most it heeds.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


def needed(spec: ModelSpec) -> float:
    """GB that a model's weights take, by its entry or by the size of its files."""
    if spec.min_memory_gb is not None:
        return spec.min_memory_gb
    try:
        folder = locate(spec, download=False)
    except NotRunError:
        return 0.0  # it will not be loaded
    return 1.2 * sum(path.stat().st_size for path in folder.glob("*.safetensors")) / 2**30


def fits(spec: ModelSpec, settings: Settings) -> bool:
    """Beside what is in use now, with what passes may hold."""
    return free(settings.device) >= needed(spec) + settings.memory_gb


def free(device: str) -> float:
    """GB free on a device; on several cards together where it is `auto` or `cuda`."""
    if device != "cpu" and torch.cuda.is_available():
        cards = [int(device[5:])] if device.startswith("cuda:") else range(torch.cuda.device_count())
        return sum(torch.cuda.mem_get_info(i)[0] for i in cards) / 2**30
    return host()[1]


def host() -> tuple[float, float]:
    """GB of the machine: all, and what is free."""
    import os

    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return total, total
    left = next((int(line.split()[1]) / 2**20 for line in lines if line.startswith("MemAvailable")), total)
    return total, left
