"""Controls: heads drawn at random and matched to a target, seeded and reused everywhere; writes of a head's own norm."""

import random
from collections import Counter
from collections.abc import Iterable
from math import comb, prod

from causal_claims.errors import ClaimsError
from causal_claims.interventions.catalogue import ablate
from causal_claims.interventions.intervention import Intervention, Operation, Step
from causal_claims.sites import Head, distinct
from causal_claims.spelling import Value


def random_sets(
    target: Iterable[Head],
    count: int = 39,
    *,
    heads: int,
    seed: int = 0,
    leave_out: Iterable[Head] = (),
    by: Operation = ablate,
    **how: Value,
) -> tuple[Intervention, ...]:
    """Ablations of random heads (or what `by` does): as many as the target has in each layer, none of its own, no set twice.

    `heads` is the number of heads a layer has (`model_counts("gpt2_medium").heads`).  The draw depends on the seed
    and the target alone, so every cell, test and checkpoint sees the same sets.
    """
    if not isinstance(target, Iterable):
        raise ClaimsError(f"random_sets({target!r}, ...): give the target as a list of heads, e.g. [Head(27, 11)].")
    chosen = distinct(target, "random_sets(target)")
    for name, number in (("count", count), ("heads", heads)):
        if not isinstance(number, int) or isinstance(number, bool):
            raise ClaimsError(f"random_sets(..., {name}={number!r}): {name} is a whole number.")
    if odd := [one for one in chosen if not isinstance(one, Head)]:
        raise ClaimsError(f"random_sets(target): {odd[0]!r} is no query head; write Head(27, 11).")
    if count < 1:
        raise ClaimsError(
            f"random_sets(..., count={count}): draw at least 1; the rank test needs 39 to reach p = .025."
        )
    per_layer = Counter(head.layer for head in chosen)
    taken = {(head.layer, head.index) for head in (*chosen, *leave_out)}
    pools = {layer: [i for i in range(heads) if (layer, i) not in taken] for layer in sorted(per_layer)}
    possible = prod(comb(len(pools[layer]), k) for layer, k in per_layer.items())
    if possible < count:
        raise ClaimsError(
            f"random_sets(..., count={count}): only {possible} different sets match the target's layers "
            f"(heads={heads}, {len(taken)} left out); ask for {possible} at most, or take a target over more layers."
        )
    names = ",".join(sorted(map(str, chosen)))
    draw = random.Random(f"{seed}:{heads}:{names}")
    sets: dict[tuple[tuple[int, int], ...], None] = {}
    while len(sets) < count:
        drawn = [(layer, i) for layer, pool in pools.items() for i in draw.sample(pool, per_layer[layer])]
        sets.setdefault(tuple(sorted(drawn)))
    return tuple(by(*(Head(*place) for place in one), **how) for one in sets)


def same_norm(condition: Intervention) -> tuple[Intervention, Intervention]:
    """The ablations with a random write of the same norm in each head's place, and with its opposite.

    Of the mean of the two only what the norm does is left: what a direction happens to say, the one adds and the other
    takes away.  Of one alone it is the noise, as large as many an effect.
    """
    first, second = (
        Intervention(tuple(Step(step.operation, step.sites, (("how", how),)) for step in condition.steps))
        for how in ("random", "opposite")
    )
    return first, second
