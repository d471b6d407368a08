"""`model`: the loaded model of a test, for whoever measures by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.models import ModelSpec
from causal_claims.pytest_plugin.holding import JUDGED, Judged, NotRunAtGate
from causal_claims.pytest_plugin.items import claims_in
from causal_claims.pytest_plugin.session import ClaimsSession

if TYPE_CHECKING:
    from causal_claims.engine.engine import Engine
    from causal_claims.engine.loading import Loaded


class Model:
    """A model in memory.  It holds no weights itself, so that they can be freed when the last claim is done."""

    def __init__(self, engine: Engine, key: str) -> None:
        self._engine = engine
        self._key = key

    @property
    def loaded(self) -> Loaded:
        """All that the engine knows of it, loaded again should another model have taken its place."""
        return self._engine.loaded(self._key)

    @property
    def bridge(self) -> Any:
        """The TransformerLens bridge."""
        return self.loaded.bridge

    @property
    def hf_model(self) -> Any:
        """The transformers model, attention by sdpa."""
        return self.loaded.hf_model

    @property
    def tokenizer(self) -> Any:
        return self.loaded.tokenizer

    @property
    def spec(self) -> ModelSpec:
        """Its entry in models.yaml."""
        return self.loaded.spec


@contextmanager
def lend(session: ClaimsSession, item: pytest.Item, key: str | None) -> Iterator[Model]:
    """Load it, and see at the end that it was given back as it was."""
    try:
        if session.recorded is not None:
            raise NotRunError("the numbers of this run are recorded, and measuring by hand needs the model itself.")
        if key is None:
            raise ClaimsError(
                f"the fixture `model`: which model?  Mark the test with a key or family of {session.registry.source}."
            )
        engine = session.measuring.here(key)
        witness = engine.witness(key)
    except NotRunError as reason:
        item.stash[JUDGED] = [
            Judged(claim, session.judge.not_run(item, claim, key, reason), session, asserted=True)
            for claim in claims_in(item).values()
        ]
        if session.settings.not_run == "error":
            raise NotRunAtGate(f"NOT RUN {reason}") from None
        pytest.skip(f"NOT RUN {reason}")
    yield Model(engine, key)
    if not witness.unchanged():
        engine.release(key)  # the next test loads it anew
        raise ClaimsError(
            f"the test left {key} changed: a hook that it did not remove, or other weights. Use `with model.bridge.hooks(...)` "
            "or run_with_hooks, and edit no weight."
        )
