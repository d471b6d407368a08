"""`--claims-plan`: what the selected tests would measure, as far as that is known before measuring."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from causal_claims.claims.claim import Claim
from causal_claims.errors import NotRunError
from causal_claims.examples import example_counts
from causal_claims.judging.arms import norm_twins
from causal_claims.plan import Plan, plan, size_from_examples
from causal_claims.pytest_plugin.items import pairs
from causal_claims.recorded import Recorded


def planned(items: Sequence[pytest.Item], recorded: Recorded | None) -> Plan:
    if recorded is None:
        return plan(pairs(items), size_from_examples(example_counts()), lambda claim: norm_twins(claim).values())

    def size(model: str, claim: Claim) -> int | None:
        try:
            return min(len(set(found.clusters)) for found in recorded.cells(model, claim.cells).values())
        except NotRunError:
            return None

    return plan(pairs(items), size)
