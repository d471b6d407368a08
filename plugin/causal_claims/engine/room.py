"""Whether one more model fits beside those in memory, and what it looks like when memory is out."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch

from causal_claims.engine.checkpoint import locate
from causal_claims.engine.settings import Settings
from causal_claims.errors import NotRunError
from causal_claims.models import ModelSpec, gigabytes_of

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


def needed(spec: ModelSpec, dtype: str | None = None) -> float:
    """GB that a model's weights take, by its entry or by the size of its files; twice that in float32 for bfloat16."""
    if spec.min_memory_gb is not None:
        return spec.min_memory_gb * (2 if dtype == "float32" and spec.dtype in ("float16", "bfloat16") else 1)
    try:
        folder = locate(spec, download=False)
    except NotRunError:
        return 0.0  # it will not be loaded
    return gigabytes_of(folder)


def fits(spec: ModelSpec, settings: Settings, dtype: str | None = None) -> bool:
    """Beside what is in use now, with what passes may hold; over all cards where its device map allows it."""
    there = free(settings.device)
    if spec.device_map is None:
        return there[0] >= needed(spec, dtype) + settings.memory_gb
    return lone(spec, settings, dtype) or sum(on_each(settings).values()) >= needed(spec, dtype)


def lone(spec: ModelSpec, settings: Settings, dtype: str | None = None) -> bool:
    """Whether the first device holds it alone, with what passes may hold."""
    return free(settings.device)[0] >= needed(spec, dtype) + settings.memory_gb


def on_each(settings: Settings) -> dict[int, float]:
    """GB that each card has for weights, what passes may hold being left free on every one."""
    return {i: max(0.0, there - settings.memory_gb) for i, there in enumerate(free(settings.device))}


def free(device: str) -> list[float]:
    """GB free on a device; on each card in turn where it is `auto` or `cuda`."""
    if device != "cpu" and torch.cuda.is_available():
        cards = [int(device[5:])] if device.startswith("cuda:") else range(torch.cuda.device_count())
        return [free_on(torch.device("cuda", i)) / 2**30 for i in cards]
    return [host()[1]]


def free_on(card: torch.device) -> float:
    """Bytes of a card that nobody holds, those that torch keeps for its next tensors among them."""
    kept = torch.cuda.memory_reserved(card) - torch.cuda.memory_allocated(card)
    return float(torch.cuda.mem_get_info(card)[0] + kept)


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
