"""The pages people read: complete, self-contained, and harmless whatever a claim file or a model wrote."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from causal_claims.errors import ClaimsError
from causal_claims.ledger import Ledger, read_ledger, record_from
from causal_claims.report.badge import badges
from causal_claims.report.markdown import markdown
from causal_claims.report.page import Sources, render_page
from causal_claims.report.write import read_certificate
from causal_claims.verdicts import number
from ledgers import sources
from suite import PREAMBLE, ClaimSuite, paired

TWO = (
    PREAMBLE
    + """
@pytest.mark.parametrize("claim", [raises(X, by=BY, beyond=0.5, reported=0.9, finding="S0-1"), negligible(X, by=BY, within=0.2, finding="S1-1"), raises(X, by=ablate(Head(9, 9)))])
def test_it(claim, holds):
    assert holds(claim)
"""
)
HOSTILE = "<script>alert(1)</script></script><img src=x onerror=alert(2)>\"'&\u202eevil\u0000|`[x](javascript:1)"


@pytest.fixture(scope="module")
def ran():
    return ClaimSuite().table(**paired(1.0)).with_file("test_two.py", TWO).run()


@pytest.fixture(scope="module")
def ledger(ran):
    return read_ledger(ran.folder / "reports" / "claims.json")


class Tags(HTMLParser):
    """What a browser would see."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs


def test_a_run_leaves_page_markdown_and_badge_beside_the_ledger(ran):
    reports = ran.folder / "reports"

    assert {"claims.json", "measurements.parquet", "claims.html", "claims.md", "badges"} == {
        one.name for one in reports.iterdir()
    }
    assert json.loads((reports / "badges" / "toy.json").read_text())["message"] == "1 hold, 1 refuted, 1 not run"


def test_the_page_can_go_elsewhere_and_the_summary_is_added_to_a_file(ran):
    suite = ClaimSuite().table(**paired(1.0)).with_file("test_two.py", TWO)
    result = suite.with_file("step.md", "before\n").run(
        "--claims-html", "out/page.html", environment={"GITHUB_STEP_SUMMARY": "step.md"}
    )

    assert (result.folder / "out" / "page.html").exists()
    assert (result.folder / "step.md").read_text().startswith("before\n## Causal claims")


def test_every_figure_on_the_page_is_the_ledgers(ledger):
    page = render_page(Sources(ledger))

    for one in ledger.records:
        for value in (one.effect, one.ci_low, one.ci_high):
            if value is not None:
                assert number(value).replace("-", "\N{MINUS SIGN}") in page
        assert one.reason[1:40] in page
    numbers = json.loads(re.search(r'id="numbers">(.*?)</script>', page)[1])
    assert sorted(row[0] for row in numbers["rows"] if row[0] is not None) == sorted(
        one.effect for one in ledger.records if one.effect is not None
    )


def test_the_page_is_self_contained_under_its_own_policy(ledger):
    page = render_page(Sources(ledger))
    seen = Tags(page)

    assert "default-src &#39;none&#39;" in page
    assert not {"link", "iframe", "object", "img"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "style"]
    assert not [
        value for name, value in seen.attributes if name in ("src", "href") and value and not value.startswith("#")
    ]


def test_hostile_text_does_nothing_anywhere(ledger):
    bad = [
        replace(
            one,
            id=HOSTILE,
            statement=HOSTILE,
            reason=HOSTILE,
            source=HOSTILE,
            model="m",
            line=HOSTILE * 500,
            because=HOSTILE,
        )
        for one in ledger.records
    ]
    page, text = render_page(Sources(Ledger(bad, ledger.run))), markdown(Ledger(bad, ledger.run))
    plain = Tags(render_page(Sources(ledger)))

    assert Tags(page).tags.count("script") == plain.tags.count("script")
    assert "img" not in Tags(page).tags
    assert "\u202e" not in page + text
    assert "<script" not in text
    assert "](javascript" not in text


@pytest.mark.parametrize("count", [0, 1, 300])
def test_ledgers_of_any_size_are_drawn(ledger, count):
    many = [replace(ledger.records[i % 3], id=f"c{i}") for i in range(count)]
    page = render_page(Sources(Ledger(many, ledger.run)))

    assert page.count("<tr class=d>") == count
    assert len(page.encode()) < 60_000 + 1_800 * count


def test_stand_ins_are_marked_unmistakably(ledger):
    marked = [replace(one, stand_in="contraction/in_place") for one in ledger.records]

    assert "Stand-ins, not the real models" in render_page(Sources(Ledger(marked)))
    assert "Stand-ins, not the real models" in markdown(Ledger(marked))
    assert "(stand-in)" in badges(Ledger(marked))["toy"]
    assert "Stand-ins" not in render_page(Sources(ledger))


def test_what_changed_since_a_baseline_is_told(ledger):
    before = Ledger(
        [replace(one, outcome="REFUTED" if one.outcome == "SUPPORTED" else one.outcome) for one in ledger.records],
        ledger.run,
    )

    assert "What changed since the baseline" in render_page(Sources(ledger, baseline=before))


def test_markdown_is_cut_by_bytes_and_says_so(ledger):
    many = Ledger([replace(ledger.records[i % 3], id=f"c{i}") for i in range(2000)])
    text = markdown(many, limit=64_000)

    assert len(text.encode()) <= 64_000
    assert text.endswith("the whole list is in claims.html.\n")


def test_rendering_again_gives_the_same_page(ran, ledger):
    from causal_claims.cli import main

    assert main(["render", str(ran.folder / "reports" / "claims.json"), "--out", str(ran.folder / "again")]) == 0
    assert (ran.folder / "again" / "claims.html").read_text() == (ran.folder / "reports" / "claims.html").read_text()


def test_a_page_of_5000_claims_is_drawn(ledger):
    page = render_page(Sources(Ledger([replace(ledger.records[i % 3], id=f"c{i}") for i in range(5000)])))

    assert page.count("<tr class=d>") == 5000
    assert 'class="claims many"' in page


def test_what_lies_behind_a_claim_is_all_there():
    made = sources()
    page = render_page(made)
    first = page[page.index('<p id="S0-1.one@toy"') :].partition("</details>")[0]

    for words in ("a paper, section 3", "reported", "+0.9; measured is", "Would it flip?", "Outlier <b>facts-007</b>",
                  "<q>The capital of France is</q>", "Passed: ", "Fired 40 of 40", "o_proj input columns", "t(39) = ",
                  "examples: ", "pytest 'claims/toy/test_toy.py::test_it[toy-"):  # fmt: skip
        assert words in first, words
    random = page[page.index('<p id="S1-3.random@toy"') :].partition("</details>")[0]
    assert "matched by layer: every set" in random
    assert 'href="#p-random-sets-S1-3.random-toy"' in random


def test_without_measurements_the_page_says_what_it_lacks():
    made = sources()
    page = render_page(replace(made, recorded=None))

    assert "No measurements lay beside the ledger" in page
    assert "p-sweep-toy" in page, "the parts that records hold are drawn all the same"
    assert "p-interacts" not in page


def test_the_certificate_is_shown_and_its_absence_too(tmp_path):
    made = sources()
    rate = {
        "section": "1.1",
        "case": {"n": 20},
        "quantity": "miss",
        "observed": 2.4,
        "expected_low": 2.5,
        "expected_high": 2.5,
        "verdict": "ok",
    }
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"runs": 2000, "seed": 0, "rates": [rate]}))

    assert "1 simulated error rate against the published tables, 2,000 data sets each" in render_page(
        replace(made, certificate=read_certificate(path))
    )
    assert "No certificate lies beside this ledger" in render_page(made)
    path.write_text("{}")
    with pytest.raises(ClaimsError, match="is no certificate; make one with"):
        read_certificate(path)


def test_ledgers_from_before_the_new_fields_are_drawn():
    made = sources()
    new = ("design", "sensitivity", "outliers", "attention", "controls")
    old = [
        record_from({k: v for k, v in one.to_plain().items() if k not in new} | {"controls": None})
        for one in made.ledger.records
    ]
    page = render_page(replace(made, ledger=Ledger(old)))

    assert "p-dose-S2-1.dose-toy" in page, "the number of heads stands in for the dose"
    assert "Would it flip?" not in page


def test_pictures_are_drawn_from_the_numbers_of_the_run():
    made = sources()
    dose = next(one for one in made.ledger.records if one.kind == "dose")
    page = render_page(made)
    figure = page[page.index('id="p-dose-S2-1.dose-toy"') :].partition("</figure>")[0]
    rows = json.loads(re.search(r'application/json">(.*?)</script>', figure)[1])["rows"]

    assert [row[0] for row in rows] == [1.0, 2.0, 4.0]
    assert [row[1] for row in rows] == [part["effect"] for part in dose.parts]
    assert rows[1][4] < rows[1][5] < rows[1][1], "random sets of two lie below the targeted two"
    sweep = page[page.index('data-name="sweep toy') :].partition("</figure>")[0]
    cells = {row[1]: row for row in json.loads(re.search(r'application/json">(.*?)</script>', sweep)[1])["rows"]}
    assert cells[1][2] == pytest.approx(made.ledger.records[0].effect)
    assert cells[1][3] == made.ledger.records[0].outcome
