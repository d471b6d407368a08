"""The fixtures that claim files use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from causal_claims.pytest_plugin.holding import Holds
    from causal_claims.pytest_plugin.lending import Model


@pytest.fixture
def model_key(request: pytest.FixtureRequest) -> str | None:
    """The key of the model this test runs on, from its markers; None when it needs no model."""
    return getattr(request, "param", None)


@pytest.fixture
def holds(request: pytest.FixtureRequest, model_key: str | None) -> Holds:
    """Hold the model to a claim: `assert holds(claim)`.

    `holds(claim, values={condition: numbers})` judges numbers that the test measured itself.
    """
    from causal_claims.pytest_plugin.holding import Holds
    from causal_claims.pytest_plugin.hooks import session_of

    return Holds(session_of(request.config), request.node, model_key)


@pytest.fixture
def model(request: pytest.FixtureRequest, model_key: str | None) -> Iterator[Model]:
    """The loaded model of this test, to measure it by hand: `model.bridge`, `model.tokenizer`, `model.spec`.

    The bridge is TransformerLens'.  Give what was measured to `holds(claim, values={condition: numbers})`.  Hooks and
    weights must be as they were when the test ends.
    """
    from causal_claims.pytest_plugin.hooks import session_of
    from causal_claims.pytest_plugin.lending import lend

    with lend(session_of(request.config), request.node, model_key) as lent:
        yield lent
