"""Where a run takes place: its root directory, and paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from causal_claims.pytest_plugin.options import REGISTRY


def root(config: pytest.Config) -> Path:
    """The root directory, as pytest finds it but for one thing: to pytest the value in `--claims-measurements FILE` is
    one of the paths to test, and moves the root directory to wherever the table lies.
    """
    inside = all(
        (config.invocation_params.dir / arg.partition("::")[0]).resolve().is_relative_to(config.rootpath.resolve())
        for arg in config.args
    )
    return config.rootpath if inside and config.inipath is not None else config.invocation_params.dir


def from_here(config: pytest.Config, text: str) -> Path:
    """A path of the command line: from where pytest was called."""
    return config.invocation_params.dir / Path(text).expanduser()


def from_root(config: pytest.Config, text: str) -> Path:
    return root(config) / Path(text).expanduser()


def in_use(config: pytest.Config) -> bool:
    """Whether claims are part of this run: an option of ours is given, or the root directory has a model registry."""
    given = (value for name, value in vars(config.option).items() if name.startswith("claims_"))
    if any(value not in (None, False, []) for value in given):
        return True
    registry = str(config.getini("claims_models"))
    return registry != REGISTRY or os.path.lexists(from_root(config, registry))
