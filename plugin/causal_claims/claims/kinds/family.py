"""What kinds over several interventions share: the list they are given, and a part of the decision for each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from causal_claims.claims.effects import Effect
from causal_claims.claims.estimate import Estimate
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import Intervention
from causal_claims.verdicts import Decision, Outcome, Part


def interventions(given: Iterable[Any], kind: str, name: str, fewest: int = 1) -> tuple[Intervention, ...]:
    """The interventions as a tuple; too few, doubled or other things are refused."""
    if isinstance(given, Intervention | str) or not isinstance(given, Iterable):
        raise ClaimsError(
            f"{kind}(..., {name}=...) takes a list; write {name}=[ablate(h) for h in heads(25, range(32))]."
        )
    chosen = tuple(given)
    for one in chosen:
        if not isinstance(one, Intervention):
            raise ClaimsError(
                f"{kind}(..., {name}=...): {one!r} is no intervention; write ablate(Head(27, 11)) or the like."
            )
    if len(chosen) < fewest:
        raise ClaimsError(f"{kind}(..., {name}=...) names {len(chosen)} interventions; it needs at least {fewest}.")
    if len(set(chosen)) < len(chosen):
        twice = next(str(one) for one in chosen if chosen.count(one) > 1)
        raise ClaimsError(f"{kind}(..., {name}=...) names {twice} more than once; name each once.")
    return chosen


def listed(given: Iterable[Any], kind: str, name: str, fewest: int = 1) -> tuple[Any, ...]:
    """Interventions, or effects that each say by what; all of one sort."""
    if isinstance(given, Iterable) and not isinstance(given, str | Intervention):
        given = tuple(given)
        if given and all(isinstance(one, Effect) for one in given):
            if len(given) < fewest or len(set(given)) < len(given):
                raise ClaimsError(f"{kind}(..., {name}=...): give at least {fewest} effects, each once.")
            return given
    return interventions(given, kind, name, fewest)


def parted(
    effects: Sequence[Effect], estimates: Sequence[Estimate], outcomes: Sequence[Outcome]
) -> Callable[[Decision], Decision]:
    """Attach to a decision one part per effect."""
    parts = tuple(
        Part(one.label, found.effect, found.interval.low, found.interval.high, outcome)
        for one, found, outcome in zip(effects, estimates, outcomes, strict=True)
    )
    return lambda decision: replace(decision, parts=parts)
