"""The fixtures that claim files use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from causal_claims.pytest_plugin.holding import Holds


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
