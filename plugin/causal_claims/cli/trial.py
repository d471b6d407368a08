"""Claims put to planted models in this process: what `--claims-stand-in` decides, without reports and in less time.

The noise floor, the gauge and the cross-examination of the two paths are left to the runs themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from causal_claims.claims.claim import Claim
from causal_claims.claims.effects import Cell
from causal_claims.cli.collecting import collect
from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.judging.arms import norm_controls
from causal_claims.judging.judge import judge, not_run
from causal_claims.measurements import Measurement
from causal_claims.models import Registry, load_registry
from causal_claims.pytest_plugin.live import built, standing_in
from causal_claims.verdicts import Evidence, Outcome, Verdict

if TYPE_CHECKING:
    from causal_claims.engine.engine import Engine


@dataclass(frozen=True)
class Trial:
    """One claim on one planted model."""

    claim: Claim
    model: str
    verdict: Verdict

    @property
    def outcome(self) -> str:
        return str(self.verdict.outcome)

    @property
    def effect(self) -> float | None:
        decided = self.verdict.evidence.decision
        return None if decided is None else decided.effect

    def __str__(self) -> str:
        return f"{self.outcome} {self.claim.subject[:80]}: {self.verdict.reason[:160]}"


def trials(
    claims: Iterable[tuple[Claim, str]],
    family: str,
    variant: str | Mapping[str, str],
    *,
    seed: int = 0,
    strength: float = 1.0,
    examples: int | None = None,
) -> Iterator[Trial]:
    """Each of these claims (with its model's key) on a planted model of this family, variant, seed and strength.

    A variant for each model's key makes models of several variants, and of no others.
    """
    from pathlib import Path

    from causal_claims.engine.engine import Engine
    from causal_claims.engine.settings import Settings

    registry = load_registry(Path("models.yaml"))
    chosen = variant if isinstance(variant, Mapping) else dict.fromkeys(registry.models, variant)
    made = {one: standing_in(registry, one).models for one in set(chosen.values())}
    claims = tuple(claims)
    wanted = {key for _, key in claims} | {cell.model for claim, _ in claims for cell in claim.cells}
    ours = {
        key: made[one][key]
        for key, one in chosen.items()
        if key in wanted and made[one][key].standing_in == f"{family}/{one}"
    }
    models = {key: built(spec, None, seed, strength) for key, spec in ours.items()}
    settings = Settings(noise=False, gauge=False, cross_examined=0, examples=examples)
    engine = Engine(Registry(models, registry.source), settings)
    asked: dict[str, list[Claim]] = {}
    for claim, key in claims:
        if key in models:
            asked.setdefault(key, []).append(claim)
    for key, held in asked.items():
        yield from _on(engine, key, held)


@cache
def held_to_models(folder: str, select: str | None = None) -> tuple[tuple[Claim, str], ...]:
    """The claims of a folder that are measured by the engine, with their models' keys."""
    by_hand = ("model", "run")  # fixtures and parameters of tests that measure themselves
    return tuple(
        (one.claim, one.model)
        for one in collect([folder], select)
        if one.model is not None and not set(by_hand) & set(getattr(one.item, "fixturenames", ()))
    )


def _on(engine: Engine, key: str, drafts: Sequence[Claim]) -> Iterator[Trial]:
    claims = []
    for draft in drafts:
        try:  # about heads that are found
            claims.append(draft.of(lambda pick: engine.heads(key, pick)))
        except NotRunError as error:
            yield Trial(draft, key, not_run(error))
    wanted: dict[str, list[Cell]] = {}
    for claim in claims:
        for cell in (*claim.cells, *norm_controls(claim)):
            wanted.setdefault(cell.model or key, []).append(cell)
    found = {
        (model, cell): one for model, cells in wanted.items() for cell, one in engine.measure(model, cells).items()
    }
    for claim in claims:
        own = {cell: found[cell.model or key, cell] for cell in claim.cells}
        wrong = next((one for one in own.values() if isinstance(one, ClaimsError)), None)
        if isinstance(wrong, NotRunError):
            verdict = not_run(wrong)
        elif wrong is not None:
            verdict = Verdict(Outcome.ERROR, str(wrong), Evidence(None))
        else:
            controls = {cell: found[cell.model or key, cell] for cell in norm_controls(claim)}
            verdict = judge(claim, _measured(own), spec=engine.registry[key], twins=_measured(controls))
        yield Trial(claim, key, verdict)


def _measured(found: Mapping[Cell, Measurement | ClaimsError]) -> dict[Cell, Measurement]:
    return {cell: one for cell, one in found.items() if isinstance(one, Measurement)}
