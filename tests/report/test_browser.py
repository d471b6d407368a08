"""The pages in a real browser: everything can be clicked, nothing hostile runs, and all of it is there without scripts."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from xml.etree import ElementTree

import pytest
from causal_claims.report.page import render_page
from causal_claims.report.status import render_status
from chromium import PROGRAM, Chromium
from ledgers import hostile, many, sources

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine: apt install chromium")
ROWS = "[...document.querySelectorAll('#table tbody>tr:not(.d)')]"
SEEN = f"{ROWS}.filter(row => row.getClientRects().length)"


@pytest.fixture(scope="module")
def browser():
    with Chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    made = {
        "page": render_page(sources()),
        "hostile": render_page(hostile()),
        "many": render_page(many(1000)),
        "status": render_status(history()),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


def history():
    point = {"run": "a", "outcome": "SUPPORTED", "effect": 0.5, "ci_low": 0.4, "ci_high": 0.6, "n": 40}
    fell = {**point, "outcome": "REFUTED", "effect": 0.1, "ci_low": 0.0, "ci_high": 0.2}
    runs = [
        {"name": name, "date": None, "records": 2, "checkpoints": {"toy": name}}
        for name in ("step-1", "step-2", "step-3")
    ]
    trends = [
        {
            "id": f"S{i}-1",
            "model": "toy",
            "subject": f"raises x, {i}",
            "points": points,
            "drifting": False,
            "reason": "no drift",
        }
        for i, points in enumerate([[point, point, point], [point, None, fell]])
    ]
    return {"runs": runs, "trends": trends}


def texts(browser, what="a"):
    return browser.evaluate(f"{SEEN}.map(row => row.querySelector('{what}').textContent)")


def test_sorting_by_effect_and_back(browser, pages):
    browser.open(pages / "page.html")
    browser.click("#table thead th:nth-child(4) button")
    effects = browser.evaluate(f"{SEEN}.map(row => parseFloat(row.cells[3].textContent.replace('\u2212', '-')))")
    assert effects == sorted(effects)
    assert browser.evaluate("document.querySelector('#table thead th:nth-child(4)').ariaSort") == "ascending"
    browser.click("#table thead th:nth-child(4) button")
    assert browser.evaluate(f"parseFloat({SEEN}[0].cells[3].textContent.replace('\u2212', '-'))") == max(effects)
    assert browser.errors() == []


def test_filtering_by_outcome_text_and_a_tile(browser, pages):
    browser.open(pages / "page.html")
    everything = len(texts(browser))
    browser.click("input[type=search]")
    browser.type("DOSE")
    assert len(texts(browser)) == 1
    assert f"1 of {everything} claims" in browser.evaluate("document.querySelector('.status').textContent")
    browser.open(pages / "page.html")
    browser.click('.tiles a[data-outcome="REFUTED"]')
    assert set(texts(browser, ".v")) == {"REFUTED"}
    browser.evaluate(
        "(() => { const s = document.querySelector('select'); s.value = 'all'; s.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    assert len(texts(browser)) == everything


def test_a_claim_opens_and_closes_by_mouse_and_keyboard(browser, pages):
    browser.open(pages / "page.html")
    browser.click("#table tbody a")
    assert browser.evaluate("document.querySelector('tr.on details').getClientRects().length") == 1
    assert browser.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    assert "@toy" in browser.evaluate("decodeURIComponent(location.hash)")
    browser.press("Enter", 13)
    assert browser.evaluate("document.querySelectorAll('tr.on').length") == 0
    browser.press("Tab", 9)
    browser.press("Enter", 13)
    assert browser.evaluate("document.querySelectorAll('tr.on').length") == 1


def test_a_deep_link_opens_its_claim_with_all_that_lies_behind_it(browser, pages):
    browser.open(pages / "page.html", "#S2-1.dose%40toy")
    text = browser.evaluate("document.querySelector('tr.on').innerText")
    assert "Would it flip?" in text
    assert "assed: " in text
    assert "pytest 'claims/toy/test_toy.py" in text
    assert browser.evaluate("document.querySelectorAll('tr.on figure svg').length") == 2, (
        "its examples, and the dose curve"
    )
    assert (
        0
        <= browser.evaluate("document.querySelector('tr.on').previousElementSibling.getBoundingClientRect().top")
        < 900
    )


def test_saving_the_table_a_picture_and_its_numbers(browser, pages):
    browser.open(pages / "page.html", "#S0-1.one%40toy")
    browser.evaluate("[...document.querySelectorAll('.filter button')].at(-1).click()")
    table = browser.downloaded("claims.csv").splitlines()
    assert table[0].startswith("outcome,model,study,id,claim,effect")
    assert len(table) == 9
    browser.evaluate("document.querySelector('tr.on .saves button').click()")
    svg = browser.downloaded("examples-of-S0-1.one@toy.svg")
    assert svg.startswith("<svg")
    assert 'xmlns="http://www.w3.org/2000/svg"' in svg
    assert "class=" not in svg
    browser.evaluate("document.querySelectorAll('tr.on .saves button')[1].click()")
    rows = browser.downloaded("examples-of-S0-1.one@toy.csv").splitlines()
    assert rows[0] == "example,baseline,intervention,difference"
    found = next(one for one in sources().ledger.records if one.id == "S0-1.one")
    differences = [float(row.split(",")[3]) for row in rows[1:]]
    assert sum(differences) / 40 == pytest.approx(found.effect, abs=1e-4)
    browser.evaluate("document.querySelectorAll('.gallery .saves button')[1].click()")
    assert browser.errors() == []


def test_every_figure_of_the_gallery_can_be_saved(browser, pages):
    browser.open(pages / "page.html")
    count = browser.evaluate("document.querySelectorAll('.gallery figure').length")
    kinds = browser.evaluate("[...document.querySelectorAll('.gallery figure')].map(f => f.dataset.name.split(' ')[0])")
    assert {"forest", "sweep", "dose", "random", "interacts", "recovers", "attention"} <= set(kinds)
    saved = browser.evaluate(
        """(async () => {
          const found = [], blobs = [];
          URL.createObjectURL = (blob) => { blobs.push(blob); return "#"; };
          HTMLAnchorElement.prototype.click = function () { found.push(this.download); };
          document.querySelectorAll(".gallery .saves button").forEach((button) => button.click());
          return (await Promise.all(blobs.map((blob) => blob.text()))).map((text, i) => [found[i], text]);
        })()"""
    )
    assert len(saved) == 2 * count
    for name, text in saved:
        assert ElementTree.fromstring(text).tag.endswith("svg") if name.endswith(".svg") else text.count("\n") > 1, name
    assert browser.errors() == []


def test_without_scripts_everything_can_be_read_and_opened(browser, pages):
    browser.open(pages / "page.html", "#S2-1.dose@toy", scripts=False)
    assert browser.evaluate("document.querySelector('form.filter').hidden")
    assert len(texts(browser)) == 8
    assert browser.evaluate("document.getElementById('S2-1.dose@toy').getBoundingClientRect().height") > 0, (
        "the link opens it"
    )
    browser.click("#table summary")
    opened = browser.evaluate("document.querySelector('#table details[open]').innerText")
    assert "pytest 'claims/toy" in opened
    assert browser.evaluate("document.querySelectorAll('#table figure svg.p').length") == 8
    assert browser.errors() == []


@pytest.mark.parametrize("scripts", [True, False])
def test_hostile_text_does_nothing(browser, pages, scripts):
    browser.open(pages / "hostile.html", scripts=scripts)
    if scripts:
        browser.evaluate(f"{ROWS}.forEach(row => row.querySelector('a').click())")
    assert browser.evaluate("typeof window.pwned") == "undefined"
    assert browser.evaluate("document.images.length") == 0
    assert browser.evaluate(
        "[...document.querySelectorAll('a[href]')].every(a => a.getAttribute('href').startsWith('#'))"
    )
    assert browser.evaluate("document.body.textContent.includes('\\u202e')") is False
    assert "<script>window.pwned=1</script>" in browser.evaluate(
        "document.title + document.querySelector('#table').textContent"
    )
    assert browser.evaluate("document.documentElement.scrollWidth") <= 1280
    assert browser.errors() == []


class Strict(SimpleHTTPRequestHandler):
    """A server that lets a page do nothing at all, as some build servers do."""

    def end_headers(self):
        self.send_header("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'; style-src 'self'")
        super().end_headers()

    def log_message(self, *_):
        pass


def test_under_a_policy_that_blocks_even_its_style_the_page_is_readable(browser, pages):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Strict, directory=str(pages)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        browser.call("Page.navigate", url=f"http://127.0.0.1:{server.server_port}/page.html")
        browser.said.clear()
        browser._until("Page.loadEventFired")
        assert "SUPPORTED" in browser.evaluate("document.body.innerText")
        assert browser.evaluate("document.querySelector('form.filter').hidden")
        drawn = browser.evaluate("getComputedStyle(document.querySelector('#table svg.i path[stroke-width]')).stroke")
        assert drawn not in ("none", ""), "strokes are attributes"
        assert browser.evaluate("document.querySelector('#table svg.i').getBoundingClientRect().width") == 190
    finally:
        server.shutdown()


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_nothing_is_wider_than_the_screen(browser, pages, width):
    for name in ("page", "status"):
        browser.open(pages / f"{name}.html", width=width)
        browser.evaluate(f"{ROWS}.forEach(row => row.querySelector('a').click())")
        assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_the_evidence_is_there_and_the_buttons_are_not(browser, pages):
    browser.open(pages / "page.html", medium="print")
    assert browser.evaluate("[...document.querySelectorAll('tr.d p')].every(p => p.getBoundingClientRect().height > 0)")
    assert browser.evaluate("document.querySelector('form.filter').getClientRects().length") == 0


def test_a_thousand_claims_open_and_filter_at_once(browser, pages):
    browser.open(pages / "many.html")
    assert len(texts(browser)) == 300, "the first are laid out, the others when asked for"
    assert browser.evaluate("document.querySelector('#table thead').innerText").split()[:2] == ["Outcome", "Claim"]
    took = browser.evaluate(
        "(() => { const box = document.querySelector('input[type=search]'), begun = performance.now(); box.value = 'c999.';"
        " box.dispatchEvent(new Event('input', {bubbles: true})); document.body.offsetHeight; return performance.now() - begun; })()"
    )
    assert texts(browser) == texts(browser)[:1] != []
    assert took < 1000
    browser.open(pages / "many.html", "#c501.dose%40toy")
    assert browser.evaluate("document.querySelector('tr.on details').getClientRects().length") == 1
    browser.open(pages / "many.html")
    browser.evaluate("document.querySelector('.more button').click()")
    assert len(texts(browser)) == 1000


def test_the_status_page_opens_a_trend(browser, pages):
    browser.open(pages / "status.html", "#S1-1%40toy")
    assert "REFUTED" in browser.evaluate("document.querySelector('tr.on').innerText")
    browser.evaluate("document.querySelectorAll('tr.on .saves button')[1].click()")
    rows = browser.downloaded("trend-of-S1-1@toy.csv").splitlines()
    assert rows[0] == "checkpoint,outcome,effect,ci_low,ci_high,n"
    assert rows[2] == "step-2,,,,,"
    assert browser.errors() == []


@pytest.mark.slow
@pytest.mark.parametrize(("dark", "width"), [(True, 390), (False, 1280)])
def test_axe_finds_no_fault(browser, pages, dark, width):
    axe = pytest.importorskip("axe_core_python", reason="axe-core comes with the dev extra: pip install -e '.[dev]'")
    script = resources.files(axe).joinpath("axe.min.js").read_text(encoding="utf-8")
    for name in ("page", "hostile", "status"):
        browser.open(pages / f"{name}.html", dark=dark, width=width)
        browser.evaluate(f"{ROWS}.forEach(row => row.querySelector('a').click())")
        browser.evaluate(script + ";0")
        found = browser.evaluate(
            "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html.slice(0, 120))]))"
        )
        assert not found, json.dumps(found, indent=1)[:3000]
