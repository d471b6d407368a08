"""One claim as the page shows it: its line in the table and everything behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from causal_claims.ledger import Record
from causal_claims.report import evidence, glance, rerun, scales
from causal_claims.report.figures import Figure
from causal_claims.report.links import fragment
from causal_claims.report.outcomes import LOOKS, Look
from causal_claims.report.pictures.interval import WIDTH, interval_row
from causal_claims.report.pictures.svg import Axis
from causal_claims.report.text import LINE, clean, figure, interval, isolated, plain_figure, probability


@dataclass
class ClaimView:
    """What the templates read; every text in it is cleaned, and escaped by the template."""

    number: int
    anchor: str
    record: Record
    row: Markup
    guards: evidence.GuardNotes
    rerun: str
    change: str = ""  # what happened since the baseline
    sensitivity: list[str] = field(default_factory=list)
    fragile: bool = False
    pictures: list[Figure] = field(default_factory=list)

    @property
    def look(self) -> Look:
        return LOOKS[self.record.outcome]

    @property
    def href(self) -> str:
        return fragment(self.anchor)

    @property
    def short(self) -> Markup:
        return isolated(self.record.statement, LINE)

    @property
    def sentence(self) -> Markup:
        return isolated(self.record.statement)

    @property
    def reason(self) -> Markup:
        return isolated(self.record.reason)

    @property
    def study(self) -> str:
        return clean(glance.study_of(self.record), 60)

    @property
    def finding(self) -> str:
        return clean(self.record.finding or "", 60)

    @property
    def model(self) -> str:
        return clean(self.record.model, 80)

    @property
    def expected(self) -> bool:
        return self.record.expected == self.record.outcome

    @property
    def effect(self) -> str:
        return figure(self.record.effect)

    @property
    def interval(self) -> str:
        return interval(self.record.ci_low, self.record.ci_high) if self.record.effect is not None else ""

    @property
    def p(self) -> str:
        return probability(self.record.p_value)

    @property
    def size(self) -> str:
        return figure(self.record.effect_size)

    @property
    def n(self) -> str:
        return f"{self.record.n:,}" if self.record.n else "–"

    @property
    def figures(self) -> list[tuple[str, str]]:
        return evidence.figures(self.record)

    @property
    def receipts(self) -> list[str]:
        return evidence.receipts(self.record)

    @property
    def controls(self) -> list[str]:
        return evidence.controls(self.record)

    @property
    def facts(self) -> str:
        return ", ".join(f"{clean(k, 40)} {plain_figure(v)}" for k, v in self.record.facts.items())

    @property
    def lineage(self) -> list[str]:
        return [
            f"{clean(name, 40).replace('_', ' ')} {', '.join(clean(i, 100) for i in ids)}"
            for name, ids in self.record.lineage.items()
        ]


def view(
    record: Record,
    number: int,
    anchor: str,
    axes: dict[tuple[str, str], Axis],
    book: evidence.GuardBook,
    run: dict[str, Any],
) -> ClaimView:
    """A record as the page shows it, without what has to be computed again."""
    axis = axes.get(scales.unit_of(record), Axis(-1, 1, 4, WIDTH - 4))
    row = interval_row(
        axis, record.effect, record.ci_low, record.ci_high, scales.margins_of(record), record.reported,
        LOOKS[record.outcome].colour,
    ) if record.effect is not None else Markup()  # fmt: skip
    return ClaimView(number, anchor, record, row, book.notes(record), rerun.command(record, run))
