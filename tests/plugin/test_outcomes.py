"""Outcomes as pytest, JUnit, the terminal and the ledger tell them."""

import pytest
from suite import ClaimSuite, paired

RAISES = "raises(M, by=H, beyond=0.5)"
CLEAR = ClaimSuite().table(**paired(1.0))
SMALL = ClaimSuite().table(**paired(0.1, 0.05))
WIDE = ClaimSuite().table(**paired(0.5, 1.5))


def failure(result):
    return next(result.junit.iter("failure")).get("message")


def test_a_supported_claim_passes_and_stands_in_ledger_and_junit():
    result = CLEAR.claim(RAISES).run()

    assert result.code == 0
    assert result.outcomes == ["SUPPORTED"]
    properties = {e.get("name"): e.get("value") for e in result.junit.iter("testcase").__next__().iter("property")}
    record = result.records[0]
    assert float(properties["claim.effect"]) == record["effect"]
    assert float(properties["claim.ci_low"]) == record["ci_low"]
    assert properties["claim.outcome"] == "SUPPORTED"
    assert record["node_id"] == "test_claim.py::test_it[toy-raises-x-L0.H0]"


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_refuted_claim_fails_with_the_one_line_form_as_message(family, workers):
    result = SMALL.claim(RAISES).run("-o", f"junit_family={family}", "-n", workers)

    assert result.code == 1
    assert failure(result).startswith("REFUTED raises x by ablate(L0.H0): +0.09")
    assert "needs above +0.5" in failure(result)
    assert {e.get("name") for e in result.junit.iter("property")} >= {"claim.effect", "claim.ci_high", "claims.refuted"}
    assert result.quiet


def test_an_inconclusive_claim_fails_and_says_what_would_settle_it():
    result = WIDE.claim(RAISES).run()

    assert result.code == 1
    assert failure(result).startswith("INCONCLUSIVE")
    assert "would settle it" in result.records[0]["reason"]
    assert result.records[0]["n_needed"] > 40


@pytest.mark.parametrize("how", ["option", "ini"])
def test_an_inconclusive_claim_skips_where_that_is_asked_for(how):
    suite = WIDE.claim(RAISES)
    if how == "ini":
        result = suite.with_file("pytest.ini", "[pytest]\nclaims_inconclusive = skip\n").run()
    else:
        result = suite.run("--claims-inconclusive=skip")

    assert result.code == 0
    assert next(result.junit.iter("skipped")).get("message").startswith("INCONCLUSIVE")


def test_identical_arms_are_invalid_and_never_negligible():
    same = paired(0.0)["baseline"]
    result = ClaimSuite().table(baseline=same, ablate=same).claim("negligible(M, by=H, within=0.5)").run()

    assert result.code == 1
    assert failure(result).startswith("INVALID")
    assert "identical arms without a receipt" in failure(result)


def test_a_condition_that_the_table_lacks_is_not_run_and_skips():
    result = CLEAR.claim("raises(M, by=ablate(Head(3, 1)))").run()

    assert result.code == 0
    assert result.outcomes == ["NOT RUN"]
    assert "has no condition 'ablate(L3.H1)'" in next(result.junit.iter("skipped")).get("message")


def test_under_the_gate_what_was_not_run_is_an_error_and_exits_11():
    result = CLEAR.claim("raises(M, by=ablate(Head(3, 1)))").run("--claims-gate")

    assert result.code == 11
    assert next(result.junit.iter("error"), None) is not None


def test_a_failure_of_the_program_is_an_error_and_no_verdict():
    result = CLEAR.claim(RAISES, body="assert holds(claim, values={'baseline': [1, 2]})").run()

    assert result.code == 1
    assert result.outcomes == ["ERROR"]
    assert next(result.junit.iter("error")).get("message").count("ERROR") == 1
    assert next(result.junit.iter("failure"), None) is None
    assert result.quiet


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_expected_refutation_is_a_strict_expected_failure(workers):
    expect = "raises(M, by=H, beyond=0.5, expect='refuted', because='the figure was a typo')"
    still, stands = SMALL.claim(expect).run("-n", workers), CLEAR.claim(expect).run("-n", workers)

    assert still.code == 0
    assert "xfailed" in still.text
    assert stands.code == 1
    assert failure(stands).startswith("SUPPORTED")
    assert "expected REFUTED: the figure was a typo" in failure(stands)


@pytest.mark.parametrize("body", ["holds(claim)", "result = holds(claim)"])
def test_a_forgotten_assert_fails_and_says_so(body):
    result = CLEAR.claim(RAISES, body=body).run()

    assert result.code == 1
    assert "write: assert holds(claim)" in failure(result)


@pytest.mark.parametrize("body", ["pass", "assert claim.kind"])
def test_a_claim_never_judged_fails(body):
    result = CLEAR.claim(RAISES, body=body).run()

    assert result.code == 1
    assert "never judged" in failure(result)


def test_a_refuted_claim_cannot_be_turned_green_by_not():
    result = SMALL.claim(RAISES, body="assert not holds(claim)").run()

    assert result.code == 1
    assert failure(result).startswith("REFUTED")


def test_the_terminal_groups_by_outcome_and_counts_false_verdicts():
    result = CLEAR.claim(f"{RAISES}, negligible(M, by=H, within=0.5)").run()

    assert "SUPPORTED (1)" in result.text
    assert "REFUTED (1)" in result.text
    assert result.text.index("SUPPORTED (1)") < result.text.index("REFUTED (1)")
    assert "2 claims decided" in result.text


def test_numbers_measured_in_the_test_are_judged_without_causal_wording():
    body = "import random; r = random.Random(0); a = [r.gauss(0, 1) for _ in range(30)]\n    assert holds(claim, values={'baseline': a, H: [v + 1 + r.gauss(0, .1) for v in a]})"
    result = ClaimSuite().claim("raises(M, by=H)", body=body).run()

    assert result.code == 0
    assert result.records[0]["level_of_evidence"] == "descriptive"
    assert result.records[0]["model"] == "by_hand"


def test_a_causal_wording_without_receipts_is_invalid():
    result = CLEAR.claim("raises(M, by=H, beyond=0.5, wording='causal')").run()

    assert result.outcomes == ["INVALID"]
    assert "wording" in result.records[0]["reason"]


def test_two_claims_that_differ_in_margin_only_must_be_told_apart_by_id():
    result = CLEAR.claim(f"{RAISES}, raises(M, by=H, beyond=0.2)").run()
    named = CLEAR.claim(f"{RAISES}, raises(M, by=H, beyond=0.2, id='weaker')").run()

    assert "differ in their margin only" in result.text
    assert named.code == 0
    assert sorted(one["id"] for one in named.records)[1] == "weaker"


def test_a_caught_failure_is_not_hidden():
    result = SMALL.claim(
        RAISES, body="import contextlib\n    with contextlib.suppress(Exception):\n        assert holds(claim)"
    ).run()

    assert result.code == 1
    assert failure(result).startswith("REFUTED")
