"""The page: one self-contained HTML file made from a ledger, and from the measurements where they are at hand."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from causal_claims.ledger import Ledger, Record
from causal_claims.recorded import Recorded
from causal_claims.report import changes, glance, links, scales, summary
from causal_claims.report.certificate import certificate
from causal_claims.report.claim_view import ClaimView, view
from causal_claims.report.evidence import GuardBook, usual
from causal_claims.report.figures import Figure, embedded
from causal_claims.report.gallery import gallery
from causal_claims.report.outcomes import LOOKS
from causal_claims.report.own import ByExamples
from causal_claims.report.pictures.interval import WIDTH
from causal_claims.report.text import clean, figure, isolated
from causal_claims.report.values import Numbers

_SHOWN_CHANGES = 200
_FINE = 120  # claims up to which every example has a dot
_ROOM, _LEAST, _CLAIM = 600_000, 12_000, 2_000  # bytes of a page, of its pictures of examples, of a claim without
_COLUMNS = (
    "effect",
    "ci_low",
    "ci_high",
    "confidence",
    "n",
    "margin",
    "reported",
    "p_value",
    "p_holm",
    "q_bh",
    "effect_size",
)
START = 'document.documentElement.className="js"'


@dataclass(frozen=True)
class Sources:
    """What a page is made from; only the ledger is needed."""

    ledger: Ledger
    recorded: Recorded | None = None
    baseline: Ledger | None = None
    certificate: Mapping[str, Any] | None = None  # a calibration certificate as JSON has it
    title: str = "What holds, and what does not"


def render_page(sources: Sources) -> str:
    """The whole page as text."""
    ledger = sources.ledger
    run = ledger.run
    records = sorted(ledger.records, key=glance.urgency)
    book = GuardBook(records)
    views = _views(records, run, book)
    shared = glance.shared_facts(records)
    for claim in views:
        claim.shared = shared.get(claim.record.model, {})
    numbers = Numbers(sources.recorded)
    pictures = gallery(records, numbers)
    drawing = ByExamples(numbers, max(_LEAST, _ROOM - _CLAIM * len(views)), fine=len(views) <= _FINE)
    _illustrate(views, pictures, drawing)
    found = changes.changes(sources.baseline, ledger) if sources.baseline is not None else None
    by_key = {one.record.key: one for one in views}
    for change in found or ():
        if change.now is not None and change.word != "moved":
            by_key[change.now.key].change = change.word
    style, script = asset("style.css"), asset("script.js")
    confidence = float(run.get("confidence") or 0.95)
    return environment().get_template("page.html.j2").render(
        title=clean(sources.title, 200),
        views=views,
        policy=policy(style, START, script),
        style=Markup(style),
        start=Markup(START),
        script=Markup(script),
        lead=summary.lead(records),
        run_line=summary.run_line(run),
        warnings=summary.warnings(run),
        stand_ins=[one for one in records if one.stand_in],
        stand_in_names=", ".join(sorted({clean(one.stand_in, 80) for one in records if one.stand_in})),
        tiles=summary.tiles(records),
        matrix=summary.matrix(records),
        models=glance.by_model(records),
        not_run=[(isolated(reason.rstrip(".")), [by_key[one.key] for one in group]) for reason, group in glance.not_run(records)],
        certificate=certificate(sources.certificate or run.get("calibration")),
        changed=None if found is None else [(one, _href(one, by_key)) for one in found[:_SHOWN_CHANGES]],
        change_line=_change_line(found or [], sources.baseline),
        more_changes=max(0, len(found or ()) - _SHOWN_CHANGES),
        confidence=f"{100 * confidence:g} %",
        legend=summary.legend(records),
        gallery=pictures,
        without=_without(views, numbers, drawing),
        usual=[clean(word or "", 160) for word in usual(records)],
        shared=[(clean(model, 80), summary.facts(known)) for model, known in sorted(shared.items())],
        looks=list(LOOKS.values()),
        chance=summary.chance(records),
        guards=[(clean(name, 60), sentence, n) for (name, sentence), n in sorted(book.common.items())],
        facts=summary.facts(run),
        numbers=embedded({**_table(views), **drawing.shelf.plain()}),
    )  # fmt: skip


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates escape everything that is not Markup."""
    made = Environment(
        loader=PackageLoader("causal_claims.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["isolated"] = isolated
    made.filters["figure"] = figure
    made.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    made.globals["looks_by"] = LOOKS
    return made


def policy(style: str, *scripts: str) -> str:
    """Nothing but this page's own style and scripts, by their hashes; nothing from anywhere."""
    hashes = " ".join(f"'{_hash(one)}'" for one in scripts)
    return f"default-src 'none'; style-src '{_hash(style)}'; script-src {hashes}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=4)
def asset(name: str) -> str:
    text = resources.files("causal_claims.report").joinpath("templates", name).read_text(encoding="utf-8")
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _views(records: Sequence[Record], run: dict[str, Any], book: GuardBook) -> list[ClaimView]:
    axes, anchors, common = scales.shared(records, 6, WIDTH - 6), links.anchors(records), usual(records)
    return [
        view(one, i + 1, anchor, axes, book, run, common)
        for i, (one, anchor) in enumerate(zip(records, anchors, strict=True))
    ]


def _illustrate(
    views: Sequence[ClaimView], pictures: Sequence[tuple[str, Sequence[Figure]]], drawing: ByExamples
) -> None:
    """Give every claim the picture of its examples, and those of the gallery that show it."""
    shows: dict[tuple[str, str], list[Figure]] = {}
    for one in (one for _, figures in pictures for one in figures):
        for key in one.about:
            shows.setdefault(key, []).append(one)
    for claim in views:
        claim.elsewhere = tuple(shows.get(claim.record.key, ()))
        claim.picture = drawing.of(claim.record)


def _without(views: Sequence[ClaimView], numbers: Numbers, drawing: ByExamples) -> str:
    """What there is of pictures of single examples, where it is not all."""
    if not numbers and any(one.record.effects for one in views):
        return "No measurements lay beside the ledger, so there are no pictures of single examples."
    if drawing.drawn < sum(one.picture is not None for one in views):
        return f"Pictures of single examples are drawn in advance for the first {drawing.drawn:,} claims, for others by the page’s script."
    return ""


def _href(change: changes.Change, by_key: Mapping[tuple[str, str], ClaimView]) -> str:
    return by_key[change.now.key].href if change.now is not None else ""


def _change_line(found: Sequence[changes.Change], baseline: Ledger | None) -> str:
    if baseline is None:
        return ""
    when = clean(baseline.run.get("date") or "an earlier run", 40)
    if not found:
        return f"Nothing: every claim came out as in the baseline of {when}, and no effect left its interval."
    counted = ", ".join(f"{n} {word}" for word, n in changes.words(found).items())
    return f"Against the baseline of {when}: {counted}."


def _table(views: Sequence[ClaimView]) -> dict[str, Any]:
    """The table's numbers at full precision, in the table's order; texts are read from the page itself."""
    columns = {name: [getattr(one.record, name) for one in views] for name in _COLUMNS}
    known = {name: column for name, column in columns.items() if any(value is not None for value in column)}
    return {"names": list(known), "rows": list(zip(*known.values(), strict=True)) if known else []}
