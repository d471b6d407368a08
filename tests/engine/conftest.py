"""One small random checkpoint of every family, and a registry that knows them."""

import pytest
from checkpoints import FAMILIES, checkpoint


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    root = tmp_path_factory.mktemp("checkpoints")
    return {family: checkpoint(root / family, family) for family in FAMILIES}


@pytest.fixture(scope="session")
def registry(checkpoints):
    from causal_claims.models import ModelSpec, Registry

    return Registry(
        {f: ModelSpec(f, f, "x", path=str(p), tokenizer=str(p / "tokenizer")) for f, p in checkpoints.items()}
    )


@pytest.fixture(autouse=True)
def _forgotten():
    """Operations and metrics declared by a test, or by a run inside it, are forgotten after it."""
    from causal_claims.interventions.intervention import OPERATIONS
    from causal_claims.metrics.metric import METRICS

    before = dict(OPERATIONS), dict(METRICS)
    yield
    for there, then in zip((OPERATIONS, METRICS), before, strict=True):
        there.clear()
        there.update(then)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Three ways of measuring take minutes: these tests run once in CI, in the parallel pass."""
    for item in items:
        if item.path.parent.name == "engine":
            item.add_marker(pytest.mark.slow)
