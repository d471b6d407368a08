"""What the command line and the ini file say, checked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from causal_claims.models import DTYPES
from causal_claims.pytest_plugin import executing, sharding, values
from causal_claims.pytest_plugin.executing import Executor
from causal_claims.pytest_plugin.given import Given
from causal_claims.pytest_plugin.options import REGISTRY
from causal_claims.pytest_plugin.place import from_here, from_root
from causal_claims.pytest_plugin.sharding import Shard


@dataclass(frozen=True)
class Settings:
    """All settings of a run."""

    models: Path
    overrides: tuple[str, ...]
    heads: tuple[tuple[str, Path], ...]
    measurements: Path | None
    inconclusive: str
    reports: Path | None
    confidence: float
    plan: bool
    gate: bool
    stand_in: str | None
    backend: str
    device: str
    dtype: str | None
    cache: Path | str | None  # a folder, or the URL of an object store
    cache_size: float | None  # gigabytes
    shard: Shard | None
    executor: Executor | None  # a cluster, or None to measure in this process
    sequential: bool
    memory_gb: float
    examples: int | None
    html: Path | None
    summary: Path | None
    margins: tuple[tuple[str, float], ...]
    baseline: str | None
    baselines: Path
    save: str | None
    scan: str | None
    fail_on: tuple[str, ...]
    not_run: str


def read_settings(config: pytest.Config) -> Settings:
    """All settings; a wrong one ends the run with a sentence and exit code 4."""
    given = Given(config)
    overrides = config.getoption("--claims-model")
    margins = [values.margin(text) for text in config.getoption("--claims-margin")]
    values.once("model", (text.partition("=")[0] for text in overrides))
    values.once("margin", (name for name, _ in margins))
    registry = str(config.getini("claims_models"))
    models = from_root(config, registry)
    if registry != REGISTRY and not models.is_file():
        raise pytest.UsageError(f"claims_models={registry}: there is no file {models}.")
    reports, html, summary = given.folder("reports"), given.path("html"), given.path("summary")
    shard, size = sharding.shard_of(config), given.or_ini("cache-size")
    if reports is not None and shard is not None:
        reports /= shard.folder
    if summary is None and os.environ.get("GITHUB_STEP_SUMMARY"):
        summary = from_here(config, os.environ["GITHUB_STEP_SUMMARY"])
    device, dtype, examples = given.or_ini("device"), given("dtype"), given("examples")
    if not re.fullmatch(r"[a-z]+(:\d+)?", device):
        raise values.refuse("device", device, "write auto, cpu, cuda, cuda:1 or the like")
    gate = bool(config.getoption("--claims-gate"))
    held = gate and given("baseline") is not None  # there a verdict that noise has flipped is the comparison's to weigh
    return Settings(
        models=models,
        overrides=tuple(overrides),
        heads=tuple(_heads(config, text) for text in config.getoption("--claims-heads")),
        measurements=given.path("measurements"),
        inconclusive=values.choice(
            "inconclusive", given.or_ini("inconclusive", "skip" if held else "fail"), ("fail", "skip")
        ),
        reports=values.folder("reports", reports) if reports is not None else None,
        confidence=values.number(
            "confidence", given.or_ini("confidence"), 0.5, 1, "give a number between 0.5 and 1, e.g. 0.95"
        ),
        plan=bool(config.getoption("--claims-plan")),
        gate=gate,
        stand_in=given.named("stand-in"),
        backend=values.choice("backend", given.or_ini("backend", "fast"), ("fast", "reference")),
        device=device,
        dtype=values.choice("dtype", dtype, DTYPES) if dtype is not None else None,
        cache=_store(given),
        cache_size=values.number("cache-size", size, 0, float("inf"), "give a number of gigabytes above 0")
        if size
        else None,
        shard=shard,
        executor=executing.executor(
            given.or_ini("executor", "local"), values.whole("actors", given.or_ini("actors", "1"))
        ),
        sequential=bool(config.getoption("--claims-sequential")),
        memory_gb=values.number("memory", given.or_ini("memory", "4"), 0, float("inf"), "give a number above 0"),
        examples=values.whole("examples", examples) if examples is not None else None,
        html=values.file("html", html) if html is not None else None,
        summary=values.file("summary", summary) if summary is not None else None,
        margins=tuple(margins),
        baseline=given.named("baseline"),
        baselines=from_root(config, str(config.getini("claims_baselines"))),
        save=given.named("save"),
        scan=values.scan(given.named("scan"), given("measurements") is not None),
        fail_on=values.fail_on(given.named("fail-on") or str(config.getini("claims_fail_on"))),
        not_run=values.choice("not-run", given.or_ini("not-run", "error" if gate else "skip"), ("skip", "error")),
    )


def _store(given: Given) -> Path | str | None:
    """A folder or an object store, or None for off."""
    url = given.setting("cache")
    if "://" in url:
        return url
    folder = given.folder("cache")
    return values.folder("cache", folder) if folder is not None else None


def _heads(config: pytest.Config, text: str) -> tuple[str, Path]:
    key, _, where = text.partition("=")
    if not key or not where or not from_here(config, where).is_file():
        why = f"there is no file {where}" if where else "write KEY=FILE"
        raise pytest.UsageError(f"--claims-heads {text!r}: {why}, e.g. llama_3_8b_instruct=retrieval_heads.json.")
    return key, from_here(config, where)
