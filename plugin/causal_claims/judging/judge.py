"""Judging: a claim and the measurements of its cells become a verdict."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from causal_claims.claims.claim import LEVELS, Behaviour, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Cell
from causal_claims.claims.estimate import estimate
from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.judging.arms import arm_guards, norm_artefact
from causal_claims.judging.balance import balance
from causal_claims.judging.design import asks_for_a_cause, design_guards, wording_guard
from causal_claims.judging.numbers import data_guards, repeated_rows
from causal_claims.judging.outliers import outliers
from causal_claims.judging.sensitivity import sensitivity
from causal_claims.measurements import Measurement
from causal_claims.models import ModelSpec
from causal_claims.statistics.interval import Interval
from causal_claims.statistics.replication import ratio_interval
from causal_claims.verdicts import Decision, Evidence, Guard, Outcome, Verdict, number


def judge(
    claim: Claim,
    cells: Mapping[Cell, Measurement],
    *,
    spec: ModelSpec | None = None,
    confidence: float = 0.95,
    twins: Mapping[Cell, Measurement] | None = None,
    more_guards: Sequence[Guard] = (),
    probe: bool = False,
) -> Verdict:
    """Guards first, then the kind's own rule; figures are kept even where a guard forbids a verdict.

    `twins` are the cells of `arms.norm_controls`, where they were measured.  `probe` asks besides whether the outcome would
    flip, and which examples lie far from the others.
    """
    if spec is not None:
        for cell in claim.cells:
            for site in cell.condition.sites:
                if cell.model is None and (fault := spec.has(site)):
                    raise ClaimsError(f"{claim.subject}: {fault}.")
    pooled = any(one.pools for one in (*claim.rule.effects(), *(one.level for one in claim.preconditions)))
    judged = {cell for one in claim.rule.effects() for cell in one.cells}
    guards = [
        *design_guards(claim, spec),
        *data_guards(
            cells, integrity=claim.kind == "exactly", cause=asks_for_a_cause(claim), pooled=pooled, judged=judged
        ),
        *arm_guards(claim, cells),
        *more_guards,
    ]
    if twins and not any(guard.fired for guard in guards):  # unfit numbers cannot be held against their controls
        guards += norm_artefact(claim, cells, twins, seed=seed_of(claim), confidence=confidence)
    repeats = repeated_rows(cells)
    guards = [_joined(guard, repeats) for guard in guards]
    data = Data(cells, seed=seed_of(claim), confidence=confidence, units=repeats)
    if (absent := _behaviour(claim, data)) is not None:
        guards.append(absent)
    level = _level(claim, cells)
    guards.append(wording_guard(claim, level))
    decision = _decide(claim, data, guards)
    fired = next((guard for guard in guards if guard.fired), None)
    evidence = Evidence(
        decision,
        tuple(guards),
        level,
        _receipts(cells),
        noise_floor=max((m.noise_floor for m in cells.values() if m.noise_floor is not None), default=None),
        replication=_replication(claim, decision),
        measure_seconds=sum(m.seconds for m in cells.values()),
        controls=balance(claim.rule),
        outliers=outliers(claim.rule, data) if probe and decision is not None else (),
    )
    if fired is not None:
        return Verdict(fired.outcome, f"{fired.name}: {fired.sentence}", evidence)
    assert decision is not None
    if (noise := _within_noise(claim, decision, evidence.noise_floor)) is not None:
        evidence = replace(evidence, guards=(*evidence.guards, noise))
        return Verdict(Outcome.INVALID, f"{noise.name}: {noise.sentence}", evidence)
    if probe:
        evidence = replace(evidence, sensitivity=sensitivity(claim.rule, data, decision.outcome))
    return Verdict(decision.outcome, decision.reason, evidence)


def not_run(reason: NotRunError) -> Verdict:
    return Verdict(Outcome.NOT_RUN, str(reason), Evidence(None))


def seed_of(claim: Claim) -> int:
    """Every resampling of a claim starts from its id, so that a verdict never changes between two reads of the same data."""
    return int.from_bytes(hashlib.sha256(claim.id.encode()).digest()[:4], "big")


def _decide(claim: Claim, data: Data, guards: Sequence[Guard]) -> Decision | None:
    """The kind's decision; where a guard has fired, figures for information if there are any."""
    if any(guard.fired and guard.outcome is Outcome.NOT_RUN for guard in guards):
        return None
    try:
        return claim.rule.decide(data)
    except (ValueError, ZeroDivisionError):
        if any(guard.fired for guard in guards):
            return None  # the numbers that a guard has called unfit cannot be summarised either
        raise


def _joined(guard: Guard, repeats: Mapping[str | None, tuple[str, ...]]) -> Guard:
    """The replication guard's sentence, where rows were found to be repeats."""
    if guard.name != "replication unit" or not repeats:
        return guard
    units = next(iter(repeats.values()))
    return replace(
        guard,
        sentence=f"{len(units)} rows are {len(set(units))} distinct examples (the others repeat them to the last digit), and each counts once",
    )


def _behaviour(claim: Claim, data: Data) -> Guard | None:
    """Whether the model can do the task at all, by its own interval; of several preconditions, the first that is not met."""
    found = [_met(given, data) for given in claim.preconditions]
    return next((one for one in found if one.fired), found[-1] if found else None)


def _met(given: Behaviour, data: Data) -> Guard:
    found = estimate(data, given.level)
    low, high = found.interval.low, found.interval.high
    figures = f"{given.level.label} is {number(found.effect)} [{number(low)}, {number(high)}]"
    if given.above is not None and not low > given.above:
        what = "behaviour absent" if high < given.above else "behaviour not shown"
        return Guard("behaviour absent", f"{what}: {figures}, needs above {number(given.above)}", True, Outcome.NOT_RUN)
    if given.below is not None and not high < given.below:
        return Guard("behaviour absent", f"{figures}, needs below {number(given.below)}", True, Outcome.NOT_RUN)
    return Guard("behaviour absent", f"the behaviour is there: {figures}")


def _level(claim: Claim, cells: Mapping[Cell, Measurement]) -> str:
    """The wording this evidence carries: causal only with a sound receipt for every intervention."""
    delivered = all(
        (found.receipt is not None and found.receipt.fault is None)
        for cell, found in cells.items()
        if cell.condition.steps
    )
    return claim.best_level if delivered else min(claim.best_level, "descriptive", key=LEVELS.index)


def _receipts(cells: Mapping[Cell, Measurement]) -> Mapping[str, object] | None:
    receipts = {cell.condition_spelling: found.receipt for cell, found in cells.items() if found.receipt is not None}
    if not receipts:
        return None
    return {
        name: {
            "sites": list(one.sites),
            "fired": one.fired,
            "expected": one.expected,
            "changed": one.changed,
            "removed": one.removed,
        }
        for name, one in receipts.items()
    }


def _replication(claim: Claim, decision: Decision | None) -> Mapping[str, object] | None:
    """How the measured effect stands to the reported one, for information."""
    reported = claim.about.get("reported")
    if (
        not reported
        or decision is None
        or decision.effect is None
        or decision.ci_low is None
        or decision.ci_high is None
    ):
        return None
    ratio = ratio_interval(Interval(decision.ci_low, decision.ci_high, decision.confidence, decision.method), reported)
    return {"ratio": decision.effect / reported, "ratio_low": ratio.low, "ratio_high": ratio.high}


def _within_noise(claim: Claim, decision: Decision, floor: float | None) -> Guard | None:
    """A decided effect must lie farther from its margin than arithmetic alone can move it."""
    if not floor or decision.effect is None or decision.outcome not in (Outcome.SUPPORTED, Outcome.REFUTED):
        return None
    distance = claim.rule.distance(decision.effect)
    if distance is None or distance >= floor:
        return None
    return Guard(
        "numerics",
        f"{number(decision.effect)} is within the noise floor {floor:.2g} of what would change the verdict",
        True,
    )
