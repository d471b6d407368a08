"""Examples that lie far from the others, named with their prompts, so that a reader can look at what they say."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from causal_claims.claims.data import Data
from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError
from causal_claims.examples import examples

FAR = 3.5  # robust standard deviations from the median
MOST = 3
PROMPT = 300  # characters kept of a prompt


def outliers(rule: Rule, data: Data) -> tuple[Mapping[str, object], ...]:
    """At most three units of the first effect, the farthest first; none where most units are equal."""
    effect = rule.effects()[0]
    try:
        samples = data.samples(effect)
    except ClaimsError:
        return ()
    if len(samples) != 1 or len(samples[0].labels) < 8:
        return ()
    values, labels = samples[0].values, samples[0].labels
    if not np.isfinite(values).all():
        return ()
    distance = np.abs(values - np.median(values))
    scale = 1.4826 * float(np.median(distance))
    if scale == 0:
        return ()
    order = np.argsort(-distance, kind="stable")[:MOST]
    over = effect.cells[0].metric.over
    return tuple(
        {"unit": labels[i], "value": float(values[i]), "prompt": _prompts(over).get(labels[i])}
        for i in order
        if distance[i] > FAR * scale
    )


@lru_cache(maxsize=64)
def _prompts(over: str | None) -> Mapping[str, str]:
    """The first prompt of each unit, where the set is declared here."""
    if over is None:
        return {}
    try:
        rows = examples(over).examples
    except ClaimsError:
        return {}
    found: dict[str, str] = {}
    for one in rows:
        found.setdefault(one.unit, one.prompt[:PROMPT])
    return found
