"""One claim as the page shows it: its line in the table and everything behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from causal_claims.ledger import Record
from causal_claims.report import evidence, glance, rerun, scales, sensitivity
from causal_claims.report.figures import Figure
from causal_claims.report.links import fragment
from causal_claims.report.outcomes import LOOKS, Look
from causal_claims.report.own import ByExample
from causal_claims.report.pictures.interval import WIDTH, interval_row
from causal_claims.report.pictures.svg import Axis
from causal_claims.report.text import LINE, clean, figure, interval, isolated, plain_figure, probability, written


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
    picture: ByExample | None = None
    shared: Mapping[str, Any] = field(default_factory=dict)  # facts of all claims on its model
    usual: tuple[str, str | None] = ("", None)  # method and effect size of most claims here
    elsewhere: tuple[Figure, ...] = ()  # pictures of the gallery that show this claim

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
        """The whole statement, where the table has to cut it."""
        return isolated(self.record.statement, 2000) if len(self.record.statement) > LINE else Markup()

    @property
    def reason(self) -> Markup:
        text = self.record.reason.rstrip(".")
        return isolated(text[:1].upper() + text[1:])

    @property
    def source(self) -> Markup:
        return isolated((self.record.source or "").rstrip("."), 300)

    @property
    def study(self) -> str:
        return clean(glance.study_of(self.record), 60)

    @property
    def finding(self) -> str:
        return clean(self.record.finding or "", 60)

    @property
    def of_study(self) -> str:
        """What the finding's number has beside the study's: `-4` of `S3-4`."""
        return self.finding.removeprefix(self.study) if self.finding.startswith(self.study) else f" {self.finding}"

    @property
    def command(self) -> Markup:
        return written(self.rerun)

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
        """A p-value that no data of this size could have made smaller is a bound."""
        bound = self.record.p_value is not None and self.record.p_value == self.record.p_floor
        return f"{'≤ ' if bound else ''}{probability(self.record.p_value)}"

    @property
    def size(self) -> str:
        return figure(self.record.effect_size)

    @property
    def n(self) -> str:
        return f"{self.record.n:,}" if self.record.n else "–"

    @property
    def figures(self) -> list[tuple[str, str]]:
        return evidence.figures(self.record, self.usual)

    @property
    def receipts(self) -> list[str]:
        return evidence.receipts(self.record)

    @property
    def controls(self) -> list[str]:
        return evidence.controls(self.record)

    @property
    def outliers(self) -> list[tuple[str, str, str]]:
        return evidence.outliers(self.record)

    @property
    def sensitivity(self) -> str:
        return sensitivity.sentence(self.record)

    @property
    def fragile(self) -> bool:
        return sensitivity.fragile(self.record)

    @property
    def facts(self) -> str:
        """What was recorded of its measurements, but for what all claims on this model share."""
        own = {k: v for k, v in self.record.facts.items() if self.shared.get(k) != v}
        return ", ".join(
            f"{clean(k, 40).replace('_', ' ')} {_short(clean(plain_figure(v), 120))}" for k, v in own.items()
        )

    @property
    def lineage(self) -> list[str]:
        return [
            f"{clean(name, 40).replace('_', ' ')} {', '.join(clean(i, 100) for i in ids)}"
            for name, ids in self.record.lineage.items()
        ]


def _short(text: str) -> str:
    """A hash as people compare it."""
    return text[:12] if len(text) >= 32 and all(c in "0123456789abcdef" for c in text) else text


def view(
    record: Record,
    number: int,
    anchor: str,
    axes: Mapping[tuple[str, str], Axis],
    book: evidence.GuardBook,
    run: dict[str, Any],
    usual: tuple[str, str | None],
) -> ClaimView:
    """A record as the page shows it, without its pictures."""
    axis = axes.get(scales.unit_of(record))
    row = Markup()
    if record.effect is not None:
        margins = scales.margins_of(record)
        row = interval_row(
            axis or Axis(-1, 1, 4, WIDTH - 4), record.effect, record.ci_low, record.ci_high, margins, record.reported
        )
    return ClaimView(number, anchor, record, row, book.notes(record), rerun.command(record, run), usual=usual)
