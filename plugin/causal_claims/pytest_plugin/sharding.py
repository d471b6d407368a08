"""`--claims-shard I/N`: this process runs one of N shares of the suite; `causal-claims merge` makes one run of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from causal_claims.pytest_plugin.notes import notes_of

if TYPE_CHECKING:
    from causal_claims.models import ModelSpec, Registry
    from causal_claims.shares import Work


@dataclass(frozen=True)
class Shard:
    """One of `count` shares, counted from 1."""

    index: int
    count: int

    @property
    def folder(self) -> str:
        return f"shard-{self.index}-of-{self.count}"

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def shard_of(config: pytest.Config) -> Shard | None:
    """The share this run was asked for."""
    text = config.getoption("--claims-shard")
    return None if text is None else _parse(str(text), os.environ)


def deselect(config: pytest.Config, items: list[pytest.Item], registry: Registry) -> None:
    """Keep this shard's tests, after every other selection; the same in every process that collects the same suite."""
    shard = shard_of(config)
    if shard is None:
        return
    from causal_claims.shares import divide, load_cost

    models = registry.models
    ordered = sorted(items, key=lambda item: item.nodeid)  # whatever order a plugin or an option gave this process
    shares = divide([_work(item, models) for item in ordered], shard.count, lambda key: load_cost(models.get(key)))
    chosen = {id(item) for item, share in zip(ordered, shares, strict=True) if share == shard.index - 1}
    mine = [item for item in items if id(item) in chosen]
    digest = hashlib.sha256("\n".join(item.nodeid for item in ordered).encode()).hexdigest()[:16]
    notes_of(config).shard = {
        "index": shard.index, "count": shard.count, "tests": len(mine), "all": len(items), "suite": digest,
    }  # fmt: skip
    if left := [item for item in items if id(item) not in chosen]:
        config.hook.pytest_deselected(items=left)
        items[:] = mine


def facts(config: pytest.Config) -> dict[str, Any] | None:
    """What `merge` must know of a shard; without a clean end of any worker, only which one it was."""
    shard = shard_of(config)
    return None if shard is None else notes_of(config).shard or {"index": shard.index, "count": shard.count}


def is_empty(config: pytest.Config) -> bool:
    """Whether there are more shards than pieces of work and this one has none: nothing is wrong then."""
    found = facts(config) or {}
    return bool(found) and found.get("tests") == 0 and found.get("all", 0) > 0


def refuse(config: pytest.Config) -> None:
    """What one share alone cannot do."""
    if shard_of(config) is None:
        return
    for option in ("--claims-baseline", "--claims-save"):
        if config.getoption(option):
            raise pytest.UsageError(
                f"{option} with --claims-shard: a share is no whole run.  Merge the shards first (causal-claims merge), then "
                "compare or keep the merged run: causal-claims gate OLD NEW, causal-claims baseline."
            )


def _work(item: pytest.Item, models: Mapping[str, ModelSpec]) -> Work:
    from causal_claims.pytest_plugin.items import claims_in, model_in
    from causal_claims.shares import Work, cell_cost

    model = model_in(item)
    cells: dict[Hashable, float] = {}
    for claim in claims_in(item).values():
        for cell in claim.cells:
            key = cell.model or model
            cells[key, cell] = cell_cost(cell, models.get(str(key)))
    return Work(model if cells else None, cells or {item.nodeid: 1.0})


def _parse(text: str, environment: Mapping[str, str]) -> Shard:
    if text == "auto":
        return _from(environment)
    index, slash, count = text.partition("/")
    if not slash or not (index.isdigit() and count.isdigit()) or not 1 <= int(index) <= int(count):
        raise pytest.UsageError(
            f"--claims-shard={text}: write I/N, the I-th of N shares counted from 1, e.g. 2/8; or auto in a Kubernetes "
            "indexed job or a Slurm array."
        )
    return Shard(int(index), int(count))


def _from(environment: Mapping[str, str]) -> Shard:
    """Never without being asked: in an array over checkpoints, each task must run all of its claims."""
    if (task := environment.get("SLURM_ARRAY_TASK_ID")) is not None:
        first, step = (
            int(environment.get("SLURM_ARRAY_TASK_MIN", "0")),
            int(environment.get("SLURM_ARRAY_TASK_STEP", "1")),
        )
        index, count = (int(task) - first) // step + 1, environment.get("SLURM_ARRAY_TASK_COUNT")
        return _parse(f"{index}/{count or 'unknown'}", environment)
    if (task := environment.get("JOB_COMPLETION_INDEX")) is not None:
        count = environment.get("JOB_COMPLETIONS")
        if count is None:
            raise pytest.UsageError(
                "--claims-shard=auto: Kubernetes gives JOB_COMPLETION_INDEX and not how many there are; set JOB_COMPLETIONS "
                "in the pod's env to the job's completions, or write I/N."
            )
        return _parse(f"{int(task) + 1}/{count}", environment)
    raise pytest.UsageError(
        "--claims-shard=auto: neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set here; write I/N."
    )
