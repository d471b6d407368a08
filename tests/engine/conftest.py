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
