"""The status page: claim by model by checkpoint, from a history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from causal_claims.report.figures import embedded
from causal_claims.report.glance import Tally
from causal_claims.report.outcomes import LOOKS
from causal_claims.report.page import START, asset, environment, policy
from causal_claims.report.pictures.tally import tally_bar
from causal_claims.report.text import clean
from causal_claims.report.trends import TrendView
from causal_claims.verdicts import count

_COLUMNS = ("effect", "ci_low", "ci_high", "n")
_SHOWN_RUNS = 12  # in the table of models; strips and trends have them all


def render_status(history: Mapping[str, Any], related: Sequence[str] = ()) -> str:
    """The whole page as text; `history` is what `status --json` writes, `related` what claims say of one another."""
    names = [str(run["name"]) for run in history["runs"]]
    views = sorted((TrendView(one, names) for one in history["trends"]), key=lambda one: one.urgency)
    style, script = asset("style.css"), asset("script.js")
    return environment().get_template("status.html.j2").render(
        views=views,
        policy=policy(style, START, script),
        style=Markup(style),
        start=Markup(START),
        script=Markup(script),
        lead=_lead(views, len(names)),
        runs=[(clean(run["name"], 60), clean(run.get("date") or "", 40), run.get("records"), _checkpoints(run)) for run in history["runs"]],
        shown=[clean(name, 24) for name in names[-_SHOWN_RUNS:]],
        models=_models(views, len(names)),
        related=[clean(one, 300) for one in related],
        looks=list(LOOKS.values()),
        numbers=embedded({"names": _COLUMNS, "rows": [[one.last.get(name) for name in _COLUMNS] for one in views], "units": [], "columns": []}),
    )  # fmt: skip


def _lead(views: Sequence[TrendView], runs: int) -> str:
    models = {one.model for one in views}
    drifting, changed = sum(one.drifting for one in views), sum(one.flips > 0 for one in views)
    return (
        f"{count(len(views), 'claim')} on {count(len(models), 'model')} at {count(runs, 'checkpoint')}: "
        f"{count(changed, 'has', 'have')} changed outcome, {count(drifting, 'drifts', 'drift')}."
    )


def _models(views: Sequence[TrendView], runs: int) -> list[tuple[str, list[tuple[Markup | str, str]]]]:
    """Outcomes by model at each of the last checkpoints."""
    found: dict[str, list[Counter[str]]] = {}
    for one in views:
        counters = found.setdefault(one.model, [Counter() for _ in range(runs)])
        for counter, point in zip(counters, one.points, strict=True):
            if point is not None:
                counter[str(point["outcome"])] += 1
    most = max((c.total() for counters in found.values() for c in counters), default=1)
    return [(model, [_cell(c, most) for c in counters[-_SHOWN_RUNS:]]) for model, counters in sorted(found.items())]


def _cell(found: Counter[str], most: int) -> tuple[Markup | str, str]:
    ordered = Tally("", found).ordered()
    return (
        (tally_bar(ordered, 90, total=most), ", ".join(f"{n} {name.lower()}" for name, n in ordered))
        if ordered
        else ("", "")
    )


def _checkpoints(run: Mapping[str, Any]) -> str:
    found = run.get("checkpoints") or {}
    return ", ".join(f"{clean(model, 60)} {clean(at or 'unknown', 80)[:24]}" for model, at in found.items())
