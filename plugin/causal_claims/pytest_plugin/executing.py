"""`--claims-executor`: where cells are measured, in this process or by the actors of a Ray cluster."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from causal_claims.errors import ClaimsError


@dataclass(frozen=True)
class Executor:
    """A Ray cluster: by its address, or the one this machine is part of, or one of our own."""

    address: str | None
    actors: int  # that hold one model


def executor(text: str, actors: int) -> Executor | None:
    if text == "local":
        return None
    name, scheme, address = text.partition("://")
    if name != "ray" or (scheme and not address):
        raise pytest.UsageError(
            f"--claims-executor={text}: write local, ray or ray://HOST:PORT, the address of a cluster."
        )
    return Executor(address or None, actors)


def prepare(config: pytest.Config, cluster: Executor | None, plan: bool) -> None:
    """A cluster of our own must be there before the workers are, which then find it by its address."""
    outside = hasattr(config, "workerinput") or config.option.collectonly or plan
    if cluster is None or cluster.address is not None or outside or not config.getoption("numprocesses", None):
        return
    from causal_claims.engine.cluster import connect

    try:
        connect(None)
    except ClaimsError as error:
        raise pytest.UsageError(str(error)) from None
