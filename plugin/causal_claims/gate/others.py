"""The other heads: what a claim does at its own heads, done at each other head alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from causal_claims.claims.effects import Cell
from causal_claims.errors import ClaimsError
from causal_claims.gate.cells import Tracked
from causal_claims.gate.followed import followed
from causal_claims.gate.run import Run
from causal_claims.interventions.intervention import Intervention, Step, parse_condition
from causal_claims.ledger import Record
from causal_claims.metrics.metric import parse_metric
from causal_claims.sites import Head, Site
from causal_claims.spelling import Value


@dataclass(frozen=True)
class Others:
    """One metric on one set of examples, under one operation at any single head that is not the claim's own."""

    model: str
    metric: str
    over: str
    operation: str
    options: tuple[tuple[str, Value], ...]
    own: frozenset[Site] = frozenset()

    def head_of(self, condition: str) -> Head | None:
        """The head that a measured condition is about, if it is one of these."""
        text, _, over = condition.partition(" on ")
        if over != self.over or text == "baseline":
            return None
        steps = parse_condition(text).steps
        if len(steps) != 1 or (steps[0].operation, steps[0].options) != (self.operation, self.options):
            return None
        (site, *more) = steps[0].sites
        return site if isinstance(site, Head) and not more and site not in self.own else None

    def measured(self, run: Run) -> dict[Head, str]:
        """The heads that a run has measured, and how it spells them."""
        every = run.recorded.measurements() if run.recorded is not None else ()
        here = (one.condition for one in every if (one.model, one.metric) == (self.model, self.metric))
        return {head: text for text in here if (head := self.head_of(text)) is not None}

    def cell(self, head: Head) -> Cell:
        step = Step(self.operation, (head,), self.options)
        return Cell(parse_metric(self.metric, self.over or None), Intervention((step,)))


def others_of(what: Tracked) -> Others | None:
    """Those beside the first condition of what is followed; None where it does nothing, or more than one thing at once."""
    for _, metric, spelled, model in what.terms:
        text, _, over = spelled.partition(" on ")
        if text == "baseline":
            continue
        condition = parse_condition(text)
        if len(condition.steps) != 1 or not all(isinstance(site, Head) for site in condition.sites):
            return None
        step = condition.steps[0]
        return Others(model, metric, over, step.operation, step.options, frozenset(condition.sites))
    return None


def others_of_all(records: Iterable[Record]) -> list[Others]:
    """Of every record that has any, each once."""
    found = []
    for record in records:
        try:
            what = followed(record)
        except ClaimsError:
            continue
        if what is not None and (one := others_of(what.what[0])) is not None:
            found.append(one)
    return list(dict.fromkeys(found))
