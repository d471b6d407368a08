"""`--claims-executor`: where cells are measured, in this process or by the actors of a Ray cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Executor:
    """A Ray cluster: by its address, or the one this machine is part of, or one of our own."""

    address: str | None
    actors: int  # that hold one model


def add(group: Any) -> None:
    group.addoption(
        "--claims-executor",
        metavar="local|ray[://HOST:PORT]",
        help="measure in this process, or by actors of a Ray cluster that all workers and runs share (default: local)",
    )
    group.addoption("--claims-actors", metavar="N", help="with Ray: how many actors hold a model at once (default: 1)")


def executor(config: pytest.Config) -> Executor | None:
    text, actors = config.getoption("--claims-executor") or "local", config.getoption("--claims-actors") or "1"
    if not str(actors).isdigit() or int(actors) < 1:
        raise pytest.UsageError(f"--claims-actors={actors}: give a whole number of at least 1.")
    if text == "local":
        return None
    name, scheme, address = text.partition("://")
    if name != "ray" or (scheme and not address):
        raise pytest.UsageError(
            f"--claims-executor={text}: write local, ray or ray://HOST:PORT, the address of a cluster."
        )
    return Executor(address or None, int(actors))


def prepare(config: pytest.Config) -> None:
    """A cluster of our own must be there before the workers are, which then find it by its address."""
    found = executor(config)
    outside = hasattr(config, "workerinput") or config.option.collectonly or config.getoption("--claims-plan")
    if found is None or found.address is not None or outside or not config.getoption("numprocesses", None):
        return
    from causal_claims.engine.cluster import connect
    from causal_claims.errors import ClaimsError

    try:
        connect(None)
    except ClaimsError as error:
        raise pytest.UsageError(str(error)) from None
