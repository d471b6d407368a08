"""What a live run needs besides the claims: the engine's settings, stand-ins, and a sign of life."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from causal_claims.errors import ClaimsError, listing
from causal_claims.models import ModelSpec, Registry
from causal_claims.pytest_plugin.settings import Settings

if TYPE_CHECKING:
    from causal_claims.engine.settings import Progress
    from causal_claims.engine.settings import Settings as EngineSettings


def engine_settings(settings: Settings) -> EngineSettings:
    from causal_claims.engine.settings import Settings as EngineSettings

    return EngineSettings(
        device=settings.device,
        dtype=settings.dtype,
        backend=settings.backend,
        cache=settings.cache,
        memory_gb=settings.memory_gb,
        examples=settings.examples,
    )


def standing_in(registry: Registry, variant: str) -> Registry:
    """The registry with every model that has a stand-in replaced by it, and marked so that every line says so.

    The checkpoints are built when first loaded; models without a stand-in keep what they have.
    """
    from causal_claims.planted.build import families

    known = families()
    if not any(spec.stand_in for spec in registry.models.values()):
        raise ClaimsError(
            f"--claims-stand-in={variant}: no model of {registry.source} names a stand_in, so no variant can take its place."
        )
    models: dict[str, ModelSpec] = {}
    for key, spec in registry.models.items():
        if spec.stand_in is None:
            models[key] = spec
            continue
        if variant not in known.get(spec.stand_in, ()):
            variants = listing(dict.fromkeys(v for found in known.values() for v in found), 40)
            if not any(variant in found for found in known.values()):
                raise ClaimsError(f"--claims-stand-in={variant}: there is no such variant; there are {variants}.")
            models[key] = spec
            continue
        models[key] = replace(
            spec,
            standing_in=f"{spec.stand_in}/{variant}",
            layers=spec.stand_in_layers or spec.layers,
            revision=None,
            gated=False,
        )
    return replace(registry, models=models)


def built(spec: ModelSpec, cache: Path | str | None, seed: int = 0, strength: float = 1.0) -> ModelSpec:
    """The entry with the stand-in's checkpoint in its place, built if it is not there yet."""
    if spec.standing_in is None or spec.path is not None:
        return spec
    from causal_claims.planted.build import build

    family, _, variant = spec.standing_in.partition("/")
    home = cache if isinstance(cache, Path) else None
    return replace(
        spec,
        path=str(build(family, variant, seed=seed, strength=strength, cache=home, like=spec)),
        dtype="float32",
        device_map=None,
        quantisation=None,
        tokenizer=None,
    )


def progress_for(config: pytest.Config) -> Progress | None:
    """Cells, rate and time left on a terminal; quiet when piped, and on workers."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(config, "workerinput") or reporter is None or not reporter.isatty:
        return None
    from causal_claims.pytest_plugin.progress import TerminalProgress

    return TerminalProgress()
