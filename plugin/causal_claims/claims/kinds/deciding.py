"""Decisions that several kinds share: an interval against a margin, and an interval inside one."""

from causal_claims.claims.estimate import FEWEST, Estimate
from causal_claims.verdicts import Decision, Outcome, number


def decision(estimate: Estimate, outcome: Outcome, reason: str, distance: float | None = None) -> Decision:
    """A decision that carries all figures of its estimate."""
    is_open = outcome is Outcome.INCONCLUSIVE
    return Decision(
        outcome,
        reason,
        estimate.effect,
        estimate.interval.low,
        estimate.interval.high,
        estimate.interval.confidence,
        estimate.n,
        estimate.unit,
        estimate.method,
        estimate.p_value,
        estimate.p_floor,
        estimate.size,
        estimate.size_name,
        estimate.smallest_detectable if is_open else None,
        estimate.needed(distance) if is_open and distance is not None else None,
        companions=estimate.companions,
    )


def undecided(estimate: Estimate, why: str, distance: float | None) -> Decision:
    """Neither one nor the other: with the smallest effect the data could have shown, and the n that would settle it."""
    smallest = estimate.smallest_detectable
    needed = estimate.needed(distance) if distance is not None else None
    hint = f"; an effect of {number(smallest)[1:]} could have been shown" if smallest else ""
    hint += f", about n={max(needed, FEWEST)} would settle it" if needed else ""
    return decision(estimate, Outcome.INCONCLUSIVE, why + hint, distance)


def superiority(estimate: Estimate, beyond: float, sign: int = 1, smallest: float | None = None) -> Decision:
    """`effect > beyond` by the 95 % interval; with a margin of 0, `smallest` is the least effect of interest."""
    word, mark = ("above", beyond) if sign > 0 else ("below", -beyond)
    toward = estimate.interval.scaled(sign)
    where = f"{word} {number(mark)}" if mark else f"{word} 0"
    if estimate.thin:
        return undecided(estimate, f"too thin: {estimate.thin}", sign * estimate.effect - beyond)
    if smallest is not None and toward.inside(-smallest, smallest):
        shown = "real but too small" if toward.low > 0 else "too small"
        return decision(
            estimate,
            Outcome.REFUTED,
            f"{shown}: the interval lies inside ±{smallest:g}, the smallest effect of interest",
        )
    if toward.low > beyond:
        return decision(estimate, Outcome.SUPPORTED, f"the interval lies {where}")
    if toward.high < beyond:
        return decision(estimate, Outcome.REFUTED, f"the interval does not reach {where}")
    return undecided(estimate, f"the interval reaches both sides of {number(mark)}", sign * estimate.effect - beyond)


def equivalence(estimate: Estimate, within: float) -> Decision:
    """`|effect| < within` by two one-sided tests, i.e. the 90 % interval inside the margin."""
    wide, narrow = estimate.interval, estimate.narrow
    distance = within - abs(estimate.effect)
    if estimate.thin:
        return undecided(estimate, f"too thin: {estimate.thin}", distance)
    if -within < narrow.low and narrow.high < within:
        if estimate.few_events:
            return undecided(estimate, f"too thin: {estimate.few_events}", distance)
        return decision(
            estimate,
            Outcome.SUPPORTED,
            f"the {100 * narrow.confidence:.4g} % interval [{number(narrow.low)}, {number(narrow.high)}] lies inside ±{within:g}",
        )
    if wide.low > within or wide.high < -within:
        return decision(estimate, Outcome.REFUTED, f"the interval lies outside ±{within:g}")
    return undecided(estimate, f"the interval reaches across ±{within:g}", distance)
