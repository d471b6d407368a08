"""What stands above the table: the run in a line, outcomes counted, scales in words, and what a reader must not miss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from causal_claims.ledger import Record, false_at_most
from causal_claims.report import glance, scales
from causal_claims.report.outcomes import LOOKS, ORDER, Look
from causal_claims.report.pictures.svg import tick_label
from causal_claims.report.pictures.tally import tally_bar
from causal_claims.report.text import clean, plain_figure
from causal_claims.verdicts import Outcome, count


def lead(records: Sequence[Record]) -> str:
    if not records:
        return "No claim was judged."
    models = {one.model for one in records}
    found = glance.tally(records)
    surprises, absent = sum(map(glance.needs_a_look, records)), found[Outcome.NOT_RUN]
    parts = [f"{found[Outcome.SUPPORTED]:,} supported"]
    parts += [f"{absent:,} could not be run"] if absent else []
    parts += [f"{count(surprises, 'needs', 'need')} a look" if surprises else "nothing needs a look"]
    return f"{count(len(records), 'claim')} on {count(len(models), 'model')}: {'; '.join(parts)}."


def run_line(run: Mapping[str, Any]) -> str:
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


def warnings(run: Mapping[str, Any]) -> list[str]:
    """What makes a run incomplete, and what stopped the checkpoint, said before anything else."""
    found = [clean(line) for line in (run.get("gate") or {}).get("lines", [])]
    found += [clean(one["sentence"]) for one in run.get("lineage", ())]
    if missing := run.get("missing"):
        found.append(
            f"Incomplete: {count(len(missing), 'collected test')} sent no report, e.g. {clean(missing[0], 160)}."
        )
    if crashed := run.get("crashed"):
        found.append(f"Incomplete: a worker crashed in {clean(crashed[0], 160)}.")
    return found


def tiles(records: Sequence[Record]) -> list[tuple[Look, int, int]]:
    """Each outcome with its count, and how many of them were expected."""
    found = glance.tally(records)
    expected = Counter(one.outcome for one in records if one.expected == one.outcome)
    shown = [name for name in reversed(ORDER) if found[name] or name != Outcome.ERROR]
    return [(LOOKS[name], found[name], expected[name]) for name in shown]


def matrix(records: Sequence[Record]) -> list[tuple[str, list[tuple[Markup | str, str]]]]:
    """Studies by models, each cell a bar and its words; many models are counted together."""
    models, studies, cells = glance.by_model(records), glance.by_study(records), glance.crossed(records)
    if len(models) > 8:
        models = []
    most = max((study.total for study in studies), default=1)
    each = max((found.total() for found in cells.values()), default=1)

    def cell(found: Counter[str], total: int, width: float) -> tuple[Markup | str, str]:
        if not found:
            return "", ""
        ordered = glance.Tally("", found).ordered()
        return tally_bar(ordered, width, total=total), ", ".join(f"{n} {name.lower()}" for name, n in ordered)

    return [
        (
            clean(study.name, 60),
            [cell(cells.get((study.name, m.name), Counter()), each, 120) for m in models]
            + [cell(study.counts, most, 170)],
        )
        for study in studies[:60]
    ]


def legend(records: Sequence[Record]) -> str:
    """The scale of each metric in words, since a row has no room for its ticks; of many, each opened claim shows its own."""
    axes = scales.shared(records, 0, 1)
    if len(axes) > 6:
        return ""
    words = [
        f"{clean(metric, 60)}{'' if unit == 'difference' else f' ({unit})'} "
        f"{tick_label(float(f'{axis.low:.2g}'))} to {tick_label(float(f'{axis.high:.2g}'))}"
        for (metric, unit), axis in sorted(axes.items())
    ]
    return f"Scales: {'; '.join(words)}." if words else ""


def chance(records: Sequence[Record]) -> str:
    found = glance.tally(records)
    decided = found[Outcome.SUPPORTED] + found[Outcome.REFUTED]
    judged = decided + found[Outcome.INCONCLUSIVE]
    if not judged:
        return ""
    return (
        f"{decided} of {count(judged, 'claim')} decided: at most {false_at_most(records):.2g} false verdicts expected. "
        "Where many claims are read together, look at the columns of Holm and of Benjamini–Hochberg."
    )


def facts(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The run itself, but for what has its own place on the page."""
    skipped = ("outcomes", "calibration", "gate", "lineage")
    return [
        (clean(name, 60).replace("_", " "), _fact(value))
        for name, value in run.items()
        if name not in skipped and value not in (None, [], {})
    ]


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{clean(k, 80)}: {_fact(v)}" for k, v in value.items() if v not in (None, [], {}))[:1500]
    if isinstance(value, list | tuple):
        return "; ".join(_fact(one) for one in value[:20])
    return plain_figure(value) if isinstance(value, int | float) else clean(value, 300)
