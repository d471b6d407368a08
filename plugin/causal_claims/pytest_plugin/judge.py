"""From a claim to its record: find its numbers, judge, write it down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from causal_claims.claims.claim import Claim
from causal_claims.claims.effects import Cell
from causal_claims.claims.picked import Heads, Pick, read_heads
from causal_claims.errors import ClaimsError, NotRunError, listing
from causal_claims.judging.arms import norm_controls
from causal_claims.judging.judge import judge, not_run
from causal_claims.ledger import Record, record
from causal_claims.measurements import Measurement
from causal_claims.models import ModelSpec, Registry
from causal_claims.pytest_plugin.by_hand import Values, measured_by_hand
from causal_claims.pytest_plugin.items import BY_HAND, finding_of, source_of
from causal_claims.pytest_plugin.markers import Markers
from causal_claims.pytest_plugin.measuring import Measuring
from causal_claims.pytest_plugin.sequential import Sequential
from causal_claims.pytest_plugin.settings import Settings
from causal_claims.recorded import Recorded
from causal_claims.verdicts import Evidence, Outcome, Verdict


class Judge:
    """One a run: it knows every claim by its id, and every measurement that a verdict rests on."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        markers: Markers,
        recorded: Recorded | None,
        measuring: Measuring,
        sequential: Sequential | None = None,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._markers = markers
        self._recorded = recorded
        self._measuring = measuring
        self._sequential = sequential
        self._margins = dict(settings.margins)
        self._known: dict[tuple[str, str], tuple[str, str]] = {}  # (claim id, model) -> what it stands for
        self._files: dict[Path, Heads] = {}
        measuring.find = self.heads
        self.used: dict[tuple[str, str, str], Measurement] = {}
        self.picks: dict[tuple[str, Pick], Heads] = {}  # every list of heads that a claim was made of

    def learn(self, claims: Iterable[tuple[Claim, str]]) -> None:
        """The first claim of an id has it, in the order of collection, whoever is judged first."""
        for claim, key in claims:
            with suppress(ClaimsError):  # a margin that cannot be changed is said where the claim is judged
                self._stands_for(self.with_margin(claim), key)

    def judge(
        self, item: pytest.Item, claim: Claim, model: str | None, values: Values | Callable[..., Values] | None
    ) -> Record:
        """Measure, judge, write the record.  Values may be measured here: a NotRunError of theirs is NOT RUN."""
        key = model or BY_HAND
        spec = self._registry.models.get(key)
        judged = content = self.with_margin(claim)
        cells: Mapping[Cell, Measurement] = {}
        twins: Mapping[Cell, Measurement] = {}
        try:
            judged = self.with_margin(claim.of(lambda pick: self.heads(key, pick)))
            given = values(*(self.heads(key, pick) for pick in claim.picks)) if callable(values) else values
            if given is None and model is not None and self._sequential is not None:
                cells, verdict = self._sequential.judge(judged, model)
            else:
                if given is not None:
                    cells = measured_by_hand(judged, key, given)
                else:
                    cells, twins = self._cells(item, judged, model), self._twins(item, judged, model)
                verdict = judge(judged, cells, spec=spec, confidence=self._settings.confidence, twins=twins, probe=True)
            self.use((*cells.values(), *twins.values()))
        except NotRunError as reason:
            cells, verdict = {}, not_run(reason)
        return self._record(item, judged, key, cells, verdict, content)

    def heads(self, model: str, pick: Pick) -> Heads:
        """The heads that a claim is about: those of a file where one is given, else found on the model."""
        found = self.picks[model, pick] = self._heads(model, pick)
        return found

    def _heads(self, model: str, pick: Pick) -> Heads:
        for key, path in self._settings.heads:
            if key == model:
                if path not in self._files:
                    self._files[path] = read_heads(path)
                if self._files[path].score == pick.score:
                    found, spec = self._files[path], self._registry.models.get(model)
                    width, layers = (spec.heads, spec.layers) if spec is not None else (None, None)
                    return replace(found, width=width or found.width, layers=layers or found.layers)
        if self._recorded is not None:
            if (model, pick) in self._recorded.picks:
                return self._recorded.picks[model, pick]
            raise NotRunError(
                f"its heads are found by {pick.score} on {pick.over}, and recorded numbers have no model: "
                f"name them with --claims-heads {model}=FILE (causal-claims heads writes it)."
            )
        return self._measuring.heads(model, pick)

    def use(self, found: Iterable[Measurement]) -> None:
        """A cell of a sequential run may be read on fewer examples by one claim than by another."""
        for one in found:
            if (known := self.used.get(one.key)) is None or len(known.values) <= len(one.values):
                self.used[one.key] = one

    def error(self, item: pytest.Item, claim: Claim, model: str | None, error: Exception) -> Record:
        """The program or the machine failed: written down, and never as a verdict."""
        text = str(error) if isinstance(error, ClaimsError) else f"{type(error).__name__}: {error}"
        return self._record(item, claim, model or BY_HAND, {}, Verdict(Outcome.ERROR, text, Evidence(None)), claim)

    def not_run(self, item: pytest.Item, claim: Claim, model: str | None, reason: NotRunError) -> Record:
        """The test could not even begin."""
        return self._record(item, claim, model or BY_HAND, {}, not_run(reason), claim)

    def _cells(self, item: pytest.Item, claim: Claim, model: str | None) -> Mapping[Cell, Measurement]:
        if model is None:
            names = self._markers.by_name
            mark = f"mark the test with a key or family of {self._registry.source} ({listing(names)})"
            raise ClaimsError(
                "on which model?  There is no number for this claim: "
                f"{mark if names else 'write a models.yaml and mark the test with one of its keys'}, "
                "give a table with --claims-measurements FILE, or numbers with holds(claim, values=...)."
            )
        if self._recorded is not None:
            return self._recorded.cells(model, claim.cells)
        return self._measuring.cells(item.nodeid, model, claim.cells)

    def _twins(self, item: pytest.Item, claim: Claim, model: str | None) -> Mapping[Cell, Measurement]:
        """The controls for the norm; a table may lack them."""
        wanted = norm_controls(claim)
        if not wanted or model is None:
            return {}
        if self._recorded is None:
            return self._measuring.cells(item.nodeid, model, wanted)
        try:
            return self._recorded.cells(model, wanted)
        except NotRunError:
            return {}

    def _record(
        self,
        item: pytest.Item,
        claim: Claim,
        key: str,
        cells: Mapping[Cell, Measurement],
        verdict: Verdict,
        asked: Claim,
    ) -> Record:
        facts = next((dict(found.facts) for found in cells.values() if found.facts), {})
        spec = self._registry.models.get(key)
        made = record(
            claim,
            verdict,
            model=key,
            node_id=item.nodeid,
            source=source_of(item),
            finding=finding_of(item),
            checkpoint=_checkpoint(spec if self._recorded is None else None, facts),
            stand_in=facts.get("stand_in") or (spec.standing_in if spec is not None else None),
            facts=facts,
            attention=self._attention(claim, key) if cells and verdict.evidence.receipt is not None else None,
        )
        content, known = _content(asked), self._stands_for(asked, key)
        if known != content and verdict.outcome is not Outcome.ERROR:
            what = "that differ in their margin only" if known[0] == content[0] else "that are different"
            raise ClaimsError(f"two claims {what} have the id {made.id!r}; give one of them another with id='...'.")
        return made

    def _attention(self, claim: Claim, model: str) -> Mapping[str, Any] | None:
        """Where the one head that a claim names looks, on the first of its examples."""
        found = None if self._recorded is not None else self._measuring.pictures.wanted(claim, model)
        return self._measuring.attention(model, *found) if found is not None else None

    def _stands_for(self, claim: Claim, key: str) -> tuple[str, str]:
        return self._known.setdefault((claim.id, key), _content(claim))

    def with_margin(self, claim: Claim) -> Claim:
        """The claim as it is judged: with the margin that the command line gives it."""
        other = self._margins.get(claim.id)
        return claim if other is None else replace(claim, rule=claim.rule.with_margin(other))


def _content(claim: Claim) -> tuple[str, str]:
    return (claim.fingerprint, claim.rule.needs())


def _checkpoint(spec: ModelSpec | None, facts: Mapping[str, str]) -> str | None:
    """What was measured: the pinned revision, else the hash of the weights."""
    return (spec.revision if spec is not None else None) or facts.get("revision") or facts.get("weights")
