"""How well random control sets match their target, from their addresses alone."""

from collections import Counter
from collections.abc import Mapping

from causal_claims.claims.kinds.beats import Beats
from causal_claims.claims.rule import Rule
from causal_claims.interventions.intervention import Intervention


def balance(rule: Rule) -> Mapping[str, object] | None:
    """What a reader asks of control sets: how many, matched in what, overlapping with what."""
    if not isinstance(rule, Beats):
        return None
    target = rule.target.cells[0].condition
    sets = [one.cells[0].condition for one in rule.controls]
    wanted, own = _layers(target), set(target.sites)
    unmatched = sum(_layers(one) != wanted for one in sets)
    drawn = Counter(site for one in sets for site in one.sites)
    return {
        "sets": len(sets),
        "heads of each": ", ".join(f"{n} in layer {layer}" for layer, n in sorted(wanted.items())),
        "matched by layer": "every set" if not unmatched else f"NOT {unmatched} of {len(sets)} sets",
        "shared with the target": sum(bool(own & set(one.sites)) for one in sets),
        "drawn": f"{len(drawn)} different heads, each in {min(drawn.values())} to {max(drawn.values())} sets",
    }


def _layers(condition: Intervention) -> Counter[int]:
    return Counter(site.layer for site in condition.sites)
