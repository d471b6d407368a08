"""Guards on what the instrument found out about itself."""

import numpy as np
import pytest
from causal_claims import Head, Metric, ablate, raises
from made import DELIVERED, verdict

RNG = np.random.default_rng(5)
BASE = RNG.normal(size=40)
H = ablate(Head(0, 0))
BY_BASIS = "moves by 0.4 when the values are written in another basis"


def judged(metric, **facts):
    values = {"baseline": BASE, H: BASE + 1 + 0.1 * RNG.normal(size=40)}
    return verdict(raises(metric, by=H, beyond=0.1), values, receipt=DELIVERED, facts=facts)


def test_two_paths_that_disagree_make_a_claim_invalid():
    found = judged(
        Metric("logit_diff"), cross_examined="disagrees: logit_diff under baseline on example 'e0' is 1 and 2"
    )
    assert found.outcome == "INVALID"
    assert found.reason.startswith("numerics: the reference path disagrees")


@pytest.mark.parametrize("said", ["agrees to 3e-7 on 4 examples", "not done: in low precision"])
def test_two_paths_that_agree_do_not(said):
    assert judged(Metric("logit_diff"), cross_examined=said).outcome == "SUPPORTED"


def test_a_metric_that_moves_with_the_basis_unsaid_is_invalid():
    found = judged(Metric("logit_diff"), gauge=BY_BASIS)
    assert found.outcome == "INVALID"
    assert found.reason.startswith("gauge: logit_diff moves by 0.4")


def test_one_that_says_so_is_descriptive():
    found = judged(Metric("r_v", late=3, early=1), gauge=BY_BASIS)
    guard = next(one for one in found.evidence.guards if one.name == "gauge")
    assert found.evidence.level == "descriptive"
    assert not guard.fired
    assert "describes" in guard.sentence


def test_one_that_stays_is_causal():
    assert judged(Metric("logit_diff"), gauge="unmoved: 1e-7").evidence.level == "causal"
