"""`--claims-sequential`: look at growing shares of the examples, stop measuring what is clear, keep the error.

Looks follow Lan and DeMets' O'Brien-Fleming-type boundaries; the interval of each look is read at a confidence such that
all of them together hold with the nominal one.  Kinds decided by one mean stop as soon as that interval decides;
`strongest` drops rivals on the way.  Every other kind is measured on all its examples at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from causal_claims.claims.claim import Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Cell
from causal_claims.claims.kinds.agrees import Agrees
from causal_claims.claims.kinds.negligible import Negligible
from causal_claims.claims.kinds.raises import Bound, Superiority
from causal_claims.claims.kinds.strongest import Strongest
from causal_claims.errors import ClaimsError, listing
from causal_claims.examples import examples, first_units
from causal_claims.judging.arms import norm_controls
from causal_claims.judging.judge import judge, seed_of
from causal_claims.measurements import Measurement
from causal_claims.models import Registry
from causal_claims.pytest_plugin.measuring import Measuring
from causal_claims.pytest_plugin.notes import Notes
from causal_claims.pytest_plugin.settings import Settings
from causal_claims.recorded import Recorded
from causal_claims.statistics.elimination import Eliminated, confidences, eliminate, looks_for
from causal_claims.statistics.mean import moments, thin_tail
from causal_claims.statistics.sample import Array
from causal_claims.verdicts import Decision, Outcome, Verdict

Cells = Mapping[Cell, Measurement]
_DECIDED = (Outcome.SUPPORTED, Outcome.REFUTED)


class Sequential:
    """The looks of a run."""

    def __init__(
        self, settings: Settings, registry: Registry, recorded: Recorded | None, measuring: Measuring, notes: Notes
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._recorded = recorded
        self._measuring = measuring
        self._notes = notes
        self._together: dict[str, list[tuple[Claim, str]]] = {}  # group -> claims that are looked at together
        self._group: dict[tuple[str, str], str] = {}
        self._found: dict[tuple[str, str], tuple[Cells, Verdict] | ClaimsError] = {}

    def gather(self, claims: Iterable[tuple[str, Claim, str]]) -> None:
        """What a live run will judge, by the groups in which it is handed out."""
        for group, claim, model in claims:
            if (claim.id, model) not in self._group:
                self._group[claim.id, model] = group
                self._together.setdefault(group, []).append((claim, model))

    def judge(self, claim: Claim, model: str) -> tuple[Cells, Verdict]:
        """The verdict, and the measurements it rests on."""
        key = (claim.id, model)
        if key not in self._found:
            group = self._group.get(key)
            together = self._together.pop(group, []) if group is not None else []
            self._go([*together, *([] if (claim, model) in together else [(claim, model)])])
        found = self._found[key]
        if isinstance(found, ClaimsError):
            raise found
        return found

    def _go(self, claims: Sequence[tuple[Claim, str]]) -> None:
        """Claims with the same looks are measured together; each leaves when it is clear."""
        batches: dict[tuple[tuple[float, ...], str], list[Claim]] = {}
        for claim, model in claims:
            if (claim.id, model) in self._found:
                continue
            if (
                isinstance(claim.rule, Strongest)
                and claim.rule.picked == "before"
                and len(shares := self._shares(claim, model)) > 1
            ):
                try:
                    self._found[claim.id, model] = self._elimination(claim, model, shares)
                except ClaimsError as error:
                    self._found[claim.id, model] = error
                continue
            batches.setdefault((self._shares(claim, model) if _stops(claim) else (1.0,), model), []).append(claim)
        for (shares, model), waiting in batches.items():
            levels = confidences(shares, self._settings.confidence)
            for look, (share, level) in enumerate(zip(shares, levels, strict=True), 1):
                cells = list(dict.fromkeys(cell for claim in waiting for cell in (*claim.cells, *norm_controls(claim))))
                found = self._measured(model, cells, share)
                waiting = [
                    claim for claim in waiting if not self._looked(claim, model, found, look, len(shares), level)
                ]
                if not waiting:
                    break

    def _looked(
        self,
        claim: Claim,
        model: str,
        found: Mapping[Cell, Measurement | ClaimsError],
        look: int,
        looks: int,
        level: float,
    ) -> bool:
        """Whether this look was the claim's last."""
        cells: dict[Cell, Measurement] = {}
        for cell in claim.cells:
            one = found[cell]
            if isinstance(one, ClaimsError):
                self._found[claim.id, model] = one
                return True
            cells[cell] = one
        last = look == looks
        twins = {cell: one for cell in norm_controls(claim) if isinstance(one := found[cell], Measurement)}
        try:
            verdict = judge(claim, cells, spec=self._registry.models.get(model), confidence=level, twins=twins)
        except ClaimsError as error:
            if last:
                self._found[claim.id, model] = error
            return last
        if not last and (verdict.outcome not in _DECIDED or _thinly_sampled(claim, cells)):
            return False
        if looks > 1:
            verdict = self._told(claim, model, cells, verdict, look, looks)
        self._found[claim.id, model] = ({**cells, **twins}, verdict)
        return True

    def _told(self, claim: Claim, model: str, cells: Cells, verdict: Verdict, look: int, looks: int) -> Verdict:
        """The decision as the record holds it: the nominal confidence, the look, and no p-value of a fixed sample."""
        decision = verdict.evidence.decision
        if decision is None:
            return verdict
        there = sum(self._rows(cell, model) for cell in claim.cells)
        self._save(sum(len(one.values) for one in cells.values()), there)
        told = replace(
            decision,
            confidence=self._settings.confidence,
            method=f"{decision.method}, repeated at look {look} of {looks}",
            p_value=None,
        )
        return replace(verdict, evidence=replace(verdict.evidence, decision=told))

    def _save(self, read: int, there: int) -> None:
        saved = self._notes.saved
        saved["read"] = saved.get("read", 0) + read
        saved["there"] = saved.get("there", 0) + there

    # --- strongest

    def _elimination(self, claim: Claim, model: str, shares: tuple[float, ...]) -> tuple[Cells, Verdict]:
        """`strongest`, its winner named before looking."""
        rule = claim.rule
        assert isinstance(rule, Strongest)
        sign = rule.sign
        cells: dict[Cell, Measurement] = {}

        def ahead(share: float, left: Sequence[int]) -> Array:
            effects = [rule.winner, *(rule.others[h] for h in left)]
            wanted = list(dict.fromkeys(cell for one in effects for cell in one.cells))
            found = self._measured(model, wanted, share)
            for cell in wanted:
                one = found[cell]
                if isinstance(one, ClaimsError):
                    raise one
                cells[cell] = one
            data = Data({cell: cells[cell] for cell in wanted}, seed=seed_of(claim))
            D = sign * data.matrix(effects)
            return np.asarray(D[:, [0]] - D[:, 1:] - rule.beyond)

        spec, confidence = self._registry.models.get(model), self._settings.confidence
        if claim.about.get("given") is None:  # a precondition is judged on all examples
            result = eliminate(ahead, len(rule.others), shares, confidence)
            verdict = judge(claim, _in_common(cells), spec=spec, confidence=confidence)
            if not any(guard.fired for guard in verdict.evidence.guards):
                there = sum(self._rows(cell, model) for cell in claim.cells)
                self._save(sum(len(one.values) for one in cells.values()), there)
                return cells, _eliminated(rule, result, verdict, confidence)
        found = self._measured(model, list(claim.cells), 1.0)  # whatever a guard says, it says of the whole design
        if (error := next((one for one in found.values() if isinstance(one, ClaimsError)), None)) is not None:
            raise error
        all_cells = {cell: one for cell, one in found.items() if isinstance(one, Measurement)}
        return all_cells, judge(claim, all_cells, spec=spec, confidence=confidence)

    # --- numbers

    def _measured(self, model: str, cells: Sequence[Cell], share: float) -> dict[Cell, Measurement | ClaimsError]:
        recorded = self._recorded
        if recorded is None:
            return self._measuring.look(model, cells, share)
        found: dict[Cell, Measurement | ClaimsError] = {}
        for cell in cells:
            try:
                one = recorded.cells(model, [cell])[cell]
            except ClaimsError as error:
                found[cell] = error
                continue
            first = first_units(one.clusters, share)
            found[cell] = one.only({e for e, c in zip(one.examples, one.clusters, strict=True) if c in first})
        return found

    def _rows(self, cell: Cell, model: str) -> int:
        recorded = self._recorded
        if recorded is not None:
            return len(recorded.cells(model, [cell])[cell].values)
        limit = self._settings.examples
        return min(len(examples(str(cell.metric.over)).examples), limit or 10**9)

    def _shares(self, claim: Claim, model: str) -> tuple[float, ...]:
        """By the smallest set of examples that the claim reads."""
        try:
            if self._recorded is not None:
                found = self._recorded.cells(model, claim.cells)
                units = min(len(set(one.clusters)) for one in found.values())
            else:
                limit = self._settings.examples
                units = min(
                    len({one.unit for one in examples(str(cell.metric.over)).examples[:limit]}) for cell in claim.cells
                )
        except ClaimsError:
            return (1.0,)
        return looks_for(units)


def _in_common(cells: Cells) -> Cells:
    """On the examples that the shortest has: those of the first looks, which all have."""
    examples = set(min(cells.values(), key=lambda one: len(one.values)).examples)
    return {cell: one.only(examples) for cell, one in cells.items()}


def _eliminated(rule: Strongest, result: Eliminated, verdict: Verdict, confidence: float) -> Verdict:
    """The verdict as the looks have decided it, with the parts that judging the examples in common has given."""
    nearest = result.beaten_by[0] if result.beaten_by else int(np.argmin(result.low))
    rival = rule.others[nearest]
    outcome, reason = (
        (Outcome.SUPPORTED, f"it leads every other; the nearest is {rival.label}") if result.supported
        else (Outcome.REFUTED, f"{rival.label} is {'not led by the margin' if rule.beyond else 'stronger'}") if result.beaten_by
        else (Outcome.INCONCLUSIVE, f"not told apart from {listing((rule.others[h].label for h in result.open), 1)}")
    )  # fmt: skip
    decision = Decision(
        outcome, reason, float(result.lead[nearest]) + rule.beyond, float(result.low[nearest]) + rule.beyond,
        float(result.high[nearest]) + rule.beyond,
        confidence, result.n[nearest], "example",
        f"successive elimination, {result.look} of {result.looks} looks, repeated intervals of the leads",
        parts=verdict.evidence.decision.parts if verdict.evidence.decision is not None else (),
    )  # fmt: skip
    return Verdict(outcome, reason, replace(verdict.evidence, decision=decision))


def _stops(claim: Claim) -> bool:
    """Whether the claim is decided by the interval of one mean."""
    rule = claim.rule
    return isinstance(rule, Superiority | Bound | Agrees | Negligible)


def _thinly_sampled(claim: Claim, cells: Cells) -> bool:
    """A long tail that few examples have reached: an early look would lean on it."""
    data = Data(cells, seed=0)
    effects = claim.rule.effects()
    if isinstance(claim.rule, Agrees):
        effects = (effects[0] - effects[1],)
    return any(
        bool(thin_tail(moments(sample.values))) for one in effects for sample in data.samples(one) if sample.n > 2
    )
