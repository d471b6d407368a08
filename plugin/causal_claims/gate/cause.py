"""Why a claim regressed: the model no longer does the task, does it without these heads, or does it with others."""

from __future__ import annotations

from causal_claims.claims.effects import Effect
from causal_claims.errors import ClaimsError, NotRunError, listing
from causal_claims.gate.cells import NEW, OLD, Tracked, joined
from causal_claims.gate.change import Cause
from causal_claims.gate.comparable import BEHAVIOUR, lost_behaviour
from causal_claims.gate.followed import Followed
from causal_claims.gate.run import Run
from causal_claims.gate.scan import Scan, scan_numbers, scan_parts
from causal_claims.gate.shift import Shift, decided
from causal_claims.ledger import Record
from causal_claims.verdicts import number

BEHAVIOUR_LOST, LOST, MOVED, UNKNOWN = "behaviour lost", "mechanism lost", "mechanism moved", "unknown"
LESS_IS_BETTER = ("loss", "rank", "kl", "entropy")
KEPT = 0.5  # of the baseline's own level: below that the task counts as lost


def cause_of(old: Run, new: Run, before: Record, now: Record, what: Followed | None, shift: Shift | None) -> Cause:
    """The cause as far as the numbers of both runs can tell, and what else would have to be measured."""
    if lost_behaviour(now):
        return Cause(BEHAVIOUR_LOST, next(g["sentence"] for g in now.guards if g["fired"] and g["name"] == BEHAVIOUR))
    tracked = what.what[0] if what is not None else None
    if tracked is None or not tracked.intervenes:
        if tracked is not None and shift is not None:
            return Cause(
                BEHAVIOUR_LOST,
                f"what is claimed is a level, and it went from {number(shift.before)} to {number(shift.now)}",
            )
        return Cause(
            UNKNOWN, "only verdicts can be compared for this kind", to_measure="the cells of the claim, in both runs"
        )
    there, behaviour = _behaviour(old, new, now, tracked)
    if there is False:
        return Cause(BEHAVIOUR_LOST, behaviour)
    sign = 1 if (shift.before if shift is not None else before.effect or 0.0) >= 0 else -1
    margin = shift.margin if shift is not None else abs(before.margin or 0.0)
    scan = _scan(old, new, before, now, tracked, sign, margin)
    if scan.grown:
        heads = tuple(head for head, _ in scan.grown)
        named = listing([f"{head} ({figures})" for head, figures in scan.grown], 3)
        said = f"now spread over {named}, together {scan.together}" if scan.together else f"now carried by {named}"
        return Cause(MOVED, f"{said}; {scan.looked_at} other heads looked at; {behaviour}", heads)
    if there is None:
        return Cause(
            UNKNOWN, behaviour, to_measure="more examples of the baseline, or given=Behaviour(...) in the claim"
        )
    if scan.looked_at == 0:
        metric, condition = tracked.terms[0][1], tracked.terms[0][2]
        missing = f"each other head alone on {metric}, spelled as {condition} is, in both runs"
        return Cause(
            UNKNOWN,
            f"{behaviour}, so the mechanism is lost or has moved; no other head was measured in both runs",
            to_measure=missing,
        )
    return Cause(LOST, f"{behaviour}, and none of {scan.looked_at} other heads took over{_kept(shift)}")


def _behaviour(old: Run, new: Run, now: Record, tracked: Tracked) -> tuple[bool | None, str]:
    """Whether the model still does the task: by the claim's own precondition, else by the baseline's level."""
    for guard in now.guards:
        if guard["name"] == BEHAVIOUR and not guard["fired"] and "is there" in guard["sentence"]:
            return True, str(guard["sentence"])
    base = tracked.baselines
    metric = base.terms[0][1]
    try:
        both = joined((OLD, old, base), (NEW, new, base))
    except NotRunError:
        return None, f"the level of {metric} without intervention is not in both runs"
    data, (before, after) = both.data(), both.effects
    then, here = decided(data, before), decided(data, after)
    words = f"{metric} without intervention went from {number(then.effect)} to {number(here.effect)}"
    if not then.interval.excludes(0.0):
        return None, f"{words}, and was not told from 0 before"
    less = metric.partition("(")[0] in LESS_IS_BETTER
    factor, sign = (1 / KEPT if less else KEPT), (-1 if less else 1) * (1 if then.effect > 0 else -1)
    gap = decided(data, _scaled(after, sign) - _scaled(before, sign * factor))
    if gap.interval.high < 0:
        return False, f"the model no longer does the task: {words}"
    if gap.interval.low > 0:
        return True, f"the task is still done: {words}"
    return (
        None,
        f"whether the task is still done is open: {words} [{number(here.interval.low)}, {number(here.interval.high)}]",
    )


def _scan(old: Run, new: Run, before: Record, now: Record, tracked: Tracked, sign: int, margin: float) -> Scan:
    try:
        found = scan_numbers(old, new, tracked, now.model, sign, margin)
    except (ClaimsError, ValueError):  # heads on other examples, or no variation to build a band from
        found = Scan(0)
    return found if found.looked_at else scan_parts(old.ledger.records, new.ledger.records, before, sign, margin)


def _kept(shift: Shift | None) -> str:
    """How much of the effect is left, where it is a good part."""
    if shift is None or not shift.before or not 0.1 <= shift.now / shift.before <= 1:
        return ""
    return f"; {shift.now / shift.before:.0%} of the effect is left"


def _scaled(effect: Effect, factor: float) -> Effect:
    return Effect(tuple((factor * weight, cell) for weight, cell in effect.terms), effect.label)
