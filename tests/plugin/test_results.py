"""What each outcome does to its test, to the exit code, to JUnit and to the ledger, with and without workers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import junitparser
import junitparser.xunit2
import pytest
from suite import FIVE, PREAMBLE, ClaimSuite, Run, claim_file, heads_table, paired, raises, table

EXPECTED = {"up": "SUPPORTED", "down": "REFUTED", "open": "INCONCLUSIVE", "copy": "INVALID", "absent": "NOT RUN"}
BROKEN = """
@pytest.mark.parametrize('claim', [raises(X, by=BY, id='broken')])
def test_broken(claim, holds):
    assert holds(claim, values={'baseline': [1, 2, 3], BY: [1, 2]})
"""
SUITE = ClaimSuite({
    "m.csv": heads_table(),
    "test_five.py": '"""Five.\n\nSource: made up, section 1.\n"""\n' + claim_file(*FIVE) + BROKEN,
})  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Run:
    return SUITE.run("-o", "junit_family=xunit1", folder=tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Run:
    return SUITE.run("-o", "junit_family=xunit2", workers=2, folder=tmp_path_factory.mktemp("shared"))


@pytest.fixture(params=["alone", "shared"])
def run(request) -> Run:
    return request.getfixturevalue(request.param)


def test_every_outcome_is_written_down(run):
    assert run.outcomes == {**EXPECTED, "broken": "ERROR"}
    assert run.code == 1


def test_junit_tells_failures_skips_and_errors_apart(run):
    cases = {name.split("-")[-1].rstrip("]"): case for name, case in run.cases().items() if "broken" not in name}
    tags = {head: [child.tag for child in case if child.tag != "properties"] for head, case in cases.items()}

    assert tags["L0.H0"] == []
    assert tags["L0.H1"] == tags["L0.H2"] == tags["L0.H3"] == ["failure"]
    assert tags["L0.H4"] == ["skipped"]
    assert [case.find("error") is not None for name, case in run.cases().items() if "broken" in name] == [True]


@pytest.mark.parametrize("head", [1, 2, 3])
def test_the_failure_message_starts_with_the_outcome(run, head):
    case = run.cases()[f"test_it[toy-raises-x-L0.H{head}]"]
    message = str(case.find("failure").get("message"))  # type: ignore[union-attr]

    assert message.startswith(["", "REFUTED", "INCONCLUSIVE", "INVALID"][head] + " raises x by ablate")
    assert len(message.splitlines()[0]) <= 200


def test_an_error_never_looks_like_a_verdict(run):
    message = str(run.cases()["test_broken[toy-raises-x-L0.H0]"].find("error").get("message"))  # type: ignore[union-attr]

    assert "ERROR" in message
    assert not any(outcome in message for outcome in EXPECTED.values())


def test_properties_are_one_scalar_each(run):
    case = run.cases()["test_it[toy-raises-x-L0.H0]"]
    found = {p.get("name"): p.get("value") for p in case.iter("property")}
    record = next(one for one in run.records if one["id"] == "up")

    assert found["claim.outcome"] == "SUPPORTED"
    assert found["claim.model"] == "toy"
    assert found["claim.reported"] == "1.0"
    assert float(str(found["claim.effect"])) == record["effect"]
    assert float(str(found["claim.ci_low"])) == record["ci_low"]
    assert {"claim.id", "claim.ci_high", "claim.n", "claim.margin", "claim.p_value", "claim.revision"} <= set(found)


def test_the_suite_has_properties_with_and_without_workers(run):
    found = run.suite_properties()

    assert found["claims.supported"] == "1"
    assert found["claims.not_run"] == "1"
    assert found["claims.error"] == "1"
    assert "claims.version.pytest" in found


def test_the_terminal_groups_by_outcome_the_worst_last(run):
    places = [
        run.text.rindex(f"\n{outcome} (") for outcome in ("SUPPORTED", "NOT RUN", "INCONCLUSIVE", "INVALID", "REFUTED")
    ]

    assert places == sorted(places)
    assert "2 of 3 claims decided; false verdicts to expect: 0.075 at most." in run.text


def test_the_ledger_is_the_same_with_workers_but_for_times(alone, shared):
    def timeless(run: Run):
        return [{k: v for k, v in one.items() if k != "measure_seconds"} for one in run.records]

    replaced = str(shared.folder), str(alone.folder)
    assert [
        {k: v.replace(*replaced) if isinstance(v, str) else v for k, v in one.items()} for one in timeless(shared)
    ] == timeless(alone)
    measured = [(run.folder / "reports" / "measurements.parquet").read_bytes() for run in (alone, shared)]
    assert measured[0] == measured[1]


def test_a_record_has_every_field_of_the_contract_and_the_source_of_its_file(alone):
    fields = (
        "id finding statement kind level_of_evidence model checkpoint stand_in metric condition margin outcome reason "
        "effect ci_low ci_high confidence n n_unit method p_value p_floor effect_size effect_size_name reported "
        "replication noise_floor guards receipt controls measure_seconds source node_id"
    )

    assert alone.ledger["schema"] == "causal-claims/1"
    for record in alone.records:
        assert set(fields.split()) <= set(record)
        assert record["source"] == "made up, section 1."


def test_junitparser_and_junit2html_read_the_file(run, tmp_path):
    suites = junitparser.JUnitXml.fromfile(str(run.folder / "junit.xml"))
    cases = [junitparser.xunit2.TestCase.fromelem(case._elem) for suite in suites for case in suite]
    outcomes = [p.value for case in cases for p in case.properties() if p.name == "claim.outcome"]
    totals = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in suites]
    page = tmp_path / "page.html"
    tool = Path(sys.executable).with_name("junit2html")
    subprocess.run([str(tool), str(run.folder / "junit.xml"), str(page)], check=True, capture_output=True)

    assert totals == [(6, 3, 1, 1)]
    assert sorted(outcomes) == sorted([*EXPECTED.values(), "ERROR"])
    assert "REFUTED raises x by ablate(L0.H1)" in page.read_text(encoding="utf-8")
    assert "claim.effect" in page.read_text(encoding="utf-8")


def test_the_recorded_numbers_written_judge_to_the_same_records(alone, tmp_path):
    again = SUITE.run(  # the table lies in another folder: reports stay here all the same
        "-q", "--claims-measurements", str(alone.folder / "reports" / "measurements.parquet"), folder=tmp_path
    )
    figures = [
        {one["id"]: (one["outcome"], one["effect"], one["ci_low"]) for one in run.records} for run in (alone, again)
    ]

    assert figures[0] == figures[1]


def test_not_run_is_an_error_at_the_gate_and_the_run_exits_11(tmp_path):
    suite = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(raises(0, "up"), raises(4, "absent"))})
    run = suite.run("--claims-gate", folder=tmp_path)

    assert run.code == 11
    case = run.cases()["test_it[toy-raises-x-L0.H4]"]
    assert "NOT RUN" in str(case.find("error").get("message"))  # type: ignore[union-attr]


def test_without_the_gate_what_was_not_run_is_skipped_and_the_run_is_green(tmp_path):
    suite = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(raises(0, "up"), raises(4, "absent"))})

    assert suite.run_here(folder=tmp_path).code == 0


@pytest.mark.parametrize("how", [("--claims-inconclusive=skip",), ("-o", "claims_inconclusive=skip")])
def test_inconclusive_can_be_skipped_and_is_recorded_all_the_same(tmp_path, how):
    run = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(raises(2, "open"))}).run_here(
        *how, folder=tmp_path
    )

    assert run.code == 0
    assert run.outcomes == {"open": "INCONCLUSIVE"}
    assert run.cases()["test_it[toy-raises-x-L0.H2]"].find("skipped") is not None


EXPECT = ", expect={!r}, because='one prompt, table 2'"


def test_an_expected_outcome_is_a_strict_expected_failure(tmp_path):
    claims = (
        raises(1, "a", EXPECT.format("refuted")),
        raises(3, "b", EXPECT.format("invalid")),
        raises(2, "c", EXPECT.format("inconclusive")),
    )
    run = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(*claims)}).run_here(folder=tmp_path)

    assert run.code == 0
    assert [case.find("skipped").get("type") for case in run.cases().values()] == ["pytest.xfail"] * 3  # type: ignore[union-attr]
    assert "as expected" in run.text


@pytest.mark.parametrize(
    ("head", "expect", "came"),
    [
        (0, "refuted", "SUPPORTED"),
        (0, "invalid", "SUPPORTED"),
        (1, "invalid", "REFUTED"),
        (2, "refuted", "INCONCLUSIVE"),
        (3, "refuted", "INVALID"),
    ],
)
def test_an_expectation_that_is_not_met_fails_and_says_what_came(tmp_path, head, expect, came):
    suite = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(raises(head, "a", EXPECT.format(expect)))})
    run = suite.run_here(folder=tmp_path)
    message = str(next(iter(run.cases().values())).find("failure").get("message"))  # type: ignore[union-attr]

    assert run.code == 1
    assert message.startswith(came)
    assert f"expected {expect.upper()}: one prompt, table 2" in message


def test_an_expected_failure_whose_numbers_are_absent_is_not_run(tmp_path):
    suite = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(raises(4, "a", EXPECT.format("refuted")))})
    run = suite.run_here(folder=tmp_path)

    assert (run.code, run.outcomes) == (0, {"a": "NOT RUN"})


def test_claims_that_lack_the_same_thing_are_one_line_until_all_are_asked_for(tmp_path):
    suite = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(raises(4, "a"), raises(4, "b"))})

    said = [suite.run_here(*more, folder=tmp_path).text for more in ((), ("-v",))]

    assert ["toy  2 claims: " in text for text in said] == [True, False]


SLOPPY = {
    "holds(claim)": "never asserted",
    "pass": "never judged",
    "assert holds(claim) is not None": "never asserted",
    "import contextlib\n    with contextlib.suppress(Exception):\n        assert holds(claim)": "REFUTED",
    "with pytest.raises(Exception):\n        assert holds(claim)": "REFUTED",
    "with pytest.raises(BaseException):\n        assert holds(claim)": "went on after this verdict",
    "assert not holds(claim)": "REFUTED",
    "assert holds(claim) or True": "REFUTED",
}


@pytest.mark.parametrize(("body", "word"), SLOPPY.items(), ids=range(len(SLOPPY)))
def test_a_refuted_claim_cannot_be_made_to_pass_by_sloppy_code(tmp_path, body, word):
    run = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(raises(1, "a"), body=body)}).run_here(
        folder=tmp_path
    )

    assert run.code == 1
    assert word in run.text


def test_an_expected_outcome_still_needs_the_assert(tmp_path):
    text = claim_file(raises(1, "a", EXPECT.format("refuted")), body="holds(claim)")
    run = ClaimSuite({"m.csv": heads_table(), "test_x.py": text}).run_here(folder=tmp_path)

    assert run.code == 1
    assert "never asserted" in run.text


def test_two_claims_of_one_id_that_differ_are_an_error(tmp_path):
    text = claim_file(raises(0, "same"), raises(1, "same"))
    run = ClaimSuite({"m.csv": heads_table(), "test_x.py": text}).run_here(folder=tmp_path)

    assert run.code == 1
    assert "have the id 'same'" in run.text
    assert [one["outcome"] for one in run.records] == ["SUPPORTED", "ERROR"]


def test_a_failing_bool_is_an_exception_for_all_but_supported(tmp_path):
    body = "with pytest.raises(BaseException):\n        bool(holds(claim))\n    assert False, 'reached'"
    run = ClaimSuite({"m.csv": heads_table(), "test_x.py": claim_file(*FIVE[1:], body=body)}).run_here(folder=tmp_path)

    assert run.code == 1
    assert run.text.count("\nE       AssertionError: reached") == 4


def test_numbers_measured_by_hand_are_judged_without_model_or_table(tmp_path):
    body = "a = [0.1 * (i * 7 % 13) for i in range(20)]\n    assert holds(claim, values={'baseline': a, BY: [x + 1 + 0.01 * (i * 5 % 11) for i, x in enumerate(a)]})"
    run = ClaimSuite({"test_x.py": claim_file(raises(0, "hand"), body=body)}).run_here(folder=tmp_path)

    assert run.code == 0
    assert run.records[0]["model"] == "by_hand"
    assert run.records[0]["level_of_evidence"] == "descriptive"
    assert (tmp_path / "reports" / "measurements.parquet").is_file()


def test_a_causal_wording_is_refused_to_an_unknown_metric_only_by_its_design(tmp_path):
    text = claim_file(
        "correlates([level(X.on(f'h{i}')) for i in range(8)], [effect(X, by=ablate(Head(0, i))) for i in range(8)], wording='causal', id='w')"
    )
    rows = {"baseline": range(9), **{f"ablate(L0.H{i})": [(i + 2) * j % 13 for j in range(9)] for i in range(8)}}
    rows |= {f"baseline on h{i}": [(i + 1) * j % 11 for j in range(9)] for i in range(8)}
    run = ClaimSuite({"m.csv": table(rows), "test_x.py": text}).run_here(folder=tmp_path)

    assert run.outcomes == {"w": "INVALID"}
    assert "wording" in run.records[0]["reason"]


BY_HAND = """
import random
R = random.Random(0)
A = [R.gauss(0, 1) for _ in range(30)]
B = [v + 1 + R.gauss(0, 0.1) for v in A]

@pytest.mark.parametrize('i', range(4))
def test_hand(i, holds):
    assert holds(raises(X, by=BY, beyond=0.1 * i, id=f'c{i}'), values={'baseline': A, BY: B})

def test_other():
    pass
"""


def test_numbers_by_hand_stand_once_in_the_ledger_with_workers_and_without(tmp_path):
    """No option, no registry: the run learns of claims from the first test that asks for `holds`."""
    suite = ClaimSuite({"test_x.py": PREAMBLE + BY_HAND})
    runs = [suite.run(folder=tmp_path / str(workers), workers=workers) for workers in (0, 2)]

    assert [run.code for run in runs] == [0, 0]
    assert list(runs[0].outcomes) == ["c0", "c1", "c2", "c3"]
    assert runs[0].records == runs[1].records


def test_a_causal_wording_without_receipts_is_invalid(tmp_path):
    run = ClaimSuite().table(**paired(1.0)).claim("raises(X, by=BY, wording='causal')").run_here(folder=tmp_path)

    assert [one["outcome"] for one in run.records] == ["INVALID"]
    assert "wording" in run.records[0]["reason"]


def test_two_claims_that_differ_in_margin_only_are_told_apart_by_id(tmp_path):
    claims = ["raises(X, by=BY, beyond=0.5)", "raises(X, by=BY, beyond=0.2)"]
    suite = ClaimSuite({"pytest.toml": "[pytest]\n"}).table(**paired(1.0))
    same = suite.claim(*claims).run_here(folder=tmp_path / "same")
    named = suite.claim(claims[0], claims[1].replace("2)", "2, id='weaker')")).run_here(folder=tmp_path / "named")

    assert "differ in their margin only" in same.text
    assert named.code == 0


def test_what_a_claim_file_says_of_a_finding_reaches_its_record(tmp_path):
    text = '"""What is found.\n\nSource: a paper,\nsection 2.\n"""\n' + claim_file("raises(X, by=BY, reported=0.9)")
    marked = text.replace("@pytest.mark.param", "@pytest.mark.finding('S9-1')\n@pytest.mark.param")
    record = ClaimSuite().table(**paired(1.0)).with_file("test_x.py", marked).run_here(folder=tmp_path).records[0]

    assert (record["source"], record["finding"], record["reported"]) == ("a paper, section 2.", "S9-1", 0.9)
    assert record["replication"]["ratio"] == pytest.approx(record["effect"] / 0.9)
    assert record["line"].endswith("(reported +0.9)")
