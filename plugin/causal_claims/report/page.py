"""The page: one self-contained HTML file made from a ledger, and from the measurements where they are at hand."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from causal_claims.ledger import Ledger, Record, false_at_most
from causal_claims.recorded import Recorded
from causal_claims.report import changes, glance, links, scales
from causal_claims.report.claim_view import ClaimView, view
from causal_claims.report.evidence import GuardBook
from causal_claims.report.figures import embedded
from causal_claims.report.outcomes import LOOKS, ORDER
from causal_claims.report.pictures.interval import WIDTH
from causal_claims.report.pictures.svg import tick_label
from causal_claims.report.pictures.tally import tally_bar
from causal_claims.report.text import clean, count, figure, isolated, plain_figure
from causal_claims.verdicts import Outcome

_SHOWN_CHANGES = 200


@dataclass(frozen=True)
class Sources:
    """What a page is made from; only the ledger is needed."""

    ledger: Ledger
    recorded: Recorded | None = None
    baseline: Ledger | None = None
    certificate: Mapping[str, Any] | None = None  # a calibration certificate as JSON has it
    history: Sequence[Ledger] = ()  # earlier runs, oldest first
    attention: Sequence[Mapping[str, Any]] = ()  # patterns of heads on one prompt
    power: Sequence[Mapping[str, Any]] = ()  # power curves
    title: str = "What holds, and what does not"
    extra: Mapping[str, Any] = field(default_factory=dict)


def render_page(sources: Sources) -> str:
    """The whole page as text."""
    ledger = sources.ledger
    run = ledger.run
    records = sorted(ledger.records, key=glance.urgency)
    views = _views(records, run)
    found = changes.changes(sources.baseline, ledger) if sources.baseline is not None else None
    by_key = {view.record.key: view for view in views}
    for change in found or ():
        if change.now is not None:
            by_key[change.now.key].change = "" if change.word == "moved" else change.word
    style, script = _asset("style.css"), _asset("script.js")
    page = environment().get_template("page.html.j2")
    return page.render(
        title=clean(sources.title, 200),
        views=views,
        policy=policy(style, script),
        style=Markup(style),
        script=Markup(script),
        lead=_lead(records),
        run_line=_run_line(run),
        warnings=_warnings(run),
        stand_ins=[one for one in records if one.stand_in],
        stand_in_names=", ".join(sorted({clean(one.stand_in, 80) for one in records if one.stand_in})),
        tiles=_tiles(records),
        matrix=_matrix(records),
        models=glance.by_model(records),
        not_run=[(isolated(reason, 300), [by_key[one.key] for one in found]) for reason, found in glance.not_run(records)],
        certificate=_certificate(sources.certificate or run.get("calibration")),
        changed=None if found is None else [(one, _href(one, by_key)) for one in found[:_SHOWN_CHANGES]],
        change_line=_change_line(found or [], sources.baseline),
        more_changes=max(0, len(found or ()) - _SHOWN_CHANGES),
        confidence=plain_figure(float(run.get("confidence") or 0.95)),
        legend=_legend(records),
        gallery=[],
        left_out="",
        looks=list(LOOKS.values()),
        chance=_chance(records),
        guards=sorted(GuardBook(records).common.items()),
        facts=_facts(run),
        numbers=embedded(_numbers(views)),
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
    made.globals["looks_by"] = LOOKS
    return made


def policy(style: str, script: str) -> str:
    """Nothing but this page's own style and script, by their hashes; nothing from anywhere."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=4)
def _asset(name: str) -> str:
    return resources.files("causal_claims.report").joinpath("templates", name).read_text(encoding="utf-8").strip()


def _views(records: Sequence[Record], run: dict[str, Any]) -> list[ClaimView]:
    axes = scales.shared(records, 6, WIDTH - 6)
    book = GuardBook(records)
    anchors = links.anchors(records)
    return [
        view(one, i + 1, anchor, axes, book, run) for i, (one, anchor) in enumerate(zip(records, anchors, strict=True))
    ]


def _lead(records: Sequence[Record]) -> str:
    if not records:
        return "No claim was judged."
    models = {one.model for one in records}
    found = glance.tally(records)
    surprises = sum(not glance.as_expected(one) for one in records)
    return (
        f"{count(len(records), 'claim')} on {count(len(models), 'model')}: {found[Outcome.SUPPORTED]} supported; "
        f"{count(surprises, 'needs', 'need')} a look."
    )


def _run_line(run: Mapping[str, Any]) -> str:
    parts = []
    if run.get("date"):
        parts.append(clean(run["date"], 40).replace("T", " ").replace("Z", " UTC"))
    if run.get("commit"):
        parts.append(f"commit {clean(run['commit'], 60)[:10]}")
    if run.get("gate"):
        parts.append(clean(run["gate"]["summary"], 200))
    if run.get("measurements"):
        parts.append(f"recorded numbers of {clean(run['measurements'], 120)}")
    if run.get("command"):
        parts.append(clean(run["command"], 200))
    return " · ".join(parts)


def _warnings(run: Mapping[str, Any]) -> list[str]:
    """What makes a run incomplete, and what stopped the checkpoint, said before anything else."""
    gate = run.get("gate") or {"lines": []}
    found = [clean(line) for line in gate["lines"]]
    if missing := run.get("missing"):
        found.append(
            f"Incomplete: {count(len(missing), 'collected test')} sent no report, e.g. {clean(missing[0], 160)}."
        )
    if crashed := run.get("crashed"):
        found.append(f"Incomplete: a worker crashed in {clean(crashed[0], 160)}.")
    return found


def _tiles(records: Sequence[Record]) -> list[tuple[Any, int, int]]:
    found = glance.tally(records)
    expected = Counter(one.outcome for one in records if one.expected == one.outcome)
    shown = [name for name in reversed(ORDER) if found[name] or name != Outcome.ERROR]
    return [(LOOKS[name], found[name], expected[name]) for name in shown]


def _matrix(records: Sequence[Record]) -> list[tuple[str, list[tuple[Markup | str, str]]]]:
    models, studies, cells = glance.by_model(records), glance.by_study(records), glance.crossed(records)
    if not records or len(models) > 12:
        models = []
    most = max((study.total for study in studies), default=1)

    def cell(found: Counter[str], total: int, width: float) -> tuple[Markup | str, str]:
        if not found:
            return "", ""
        ordered = glance.Tally("", found).ordered()
        return tally_bar(ordered, width, total=total), ", ".join(f"{n} {name.lower()}" for name, n in ordered)

    each = max((found.total() for found in cells.values()), default=1)
    return [
        (
            clean(study.name, 60),
            [cell(cells.get((study.name, m.name), Counter()), each, 130) for m in models]
            + [cell(study.counts, most, 180)],
        )
        for study in studies
    ]


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


def _legend(records: Sequence[Record]) -> str:
    """The scale of each metric in words, since a row has no room for its ticks."""
    axes = scales.shared(records, 0, 1)
    words = [
        f"{clean(metric, 60)}{'' if unit == 'difference' else f' ({unit})'} {tick_label(_round(axis.low))} to {tick_label(_round(axis.high))}"
        for (metric, unit), axis in sorted(axes.items())
    ]
    more = f" and {len(words) - 6} more" if len(words) > 6 else ""
    return ("Scales: " + "; ".join(words[:6]) + more + ".") if words else ""


def _round(value: float) -> float:
    return float(f"{value:.2g}")


def _certificate(found: Any) -> dict[str, Any] | None:
    """The calibration certificate in one sentence, and its rates."""
    if not isinstance(found, Mapping) or "cells" not in found:
        return None
    cells = [one for one in found["cells"] if isinstance(one, Mapping)]
    off = [one for one in cells if one.get("verdict") == "off"]
    rows = [
        (
            clean(one.get("section"), 20), ", ".join(f"{clean(k, 40)} {plain_figure(v)}" for k, v in dict(one.get("case") or {}).items()),
            clean(one.get("quantity"), 60), f"{plain_figure(one.get('observed'))} %",
            _between(one.get("expected_low"), one.get("expected_high")), clean(one.get("verdict"), 10),
        )
        for one in sorted(cells, key=lambda c: c.get("verdict") != "off")
    ]  # fmt: skip
    sentence = (
        f"{count(len(cells), 'simulated error rate')} against the published tables, {plain_figure(found.get('runs'))} data sets each, "
        f"seed {plain_figure(found.get('seed'))}: {len(off)} off."
    )
    return {"ok": not off, "sentence": sentence, "rows": rows}


def _between(low: Any, high: Any) -> str:
    return f"{plain_figure(low)} %" if low == high else f"{plain_figure(low)} to {plain_figure(high)} %"


def _chance(records: Sequence[Record]) -> str:
    found = glance.tally(records)
    decided = found[Outcome.SUPPORTED] + found[Outcome.REFUTED]
    if not decided:
        return ""
    return (
        f"{count(decided, 'claim')} decided: at most {false_at_most(records):.2g} false verdicts expected. "
        "Where many claims are read together, look at the columns of Holm and of Benjamini–Hochberg."
    )


def _facts(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    skipped = ("outcomes", "calibration", "attention", "power", "gate", "lineage")
    return [
        (clean(name, 60).replace("_", " "), _fact(value))
        for name, value in run.items()
        if name not in skipped and value not in (None, [], {})
    ]


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{clean(k, 80)}: {_fact(v)}" for k, v in value.items())[:1500]
    if isinstance(value, list | tuple):
        return "; ".join(_fact(one) for one in value[:20])
    return plain_figure(value) if isinstance(value, int | float) else clean(value, 300)


def _numbers(views: Sequence[ClaimView]) -> dict[str, Any]:
    """The table's numbers at full precision, in the table's order; texts are read from the page itself."""
    columns = (
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
    return {"columns": columns, "rows": [[getattr(one.record, name) for name in columns] for one in views]}
