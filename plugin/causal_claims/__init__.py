"""Research findings about a language model's heads, as pytest claims with statistical verdicts.

    from causal_claims import Head, Metric, ablate, raises

    claim = raises(Metric("logit_diff"), by=ablate(Head(0, 2)), beyond=0.1)

Names load on first use: importing the package costs next to nothing, and never imports torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from causal_claims.claims.claim import Behaviour as Behaviour
    from causal_claims.claims.claim import Claim as Claim
    from causal_claims.claims.effects import Effect as Effect
    from causal_claims.claims.effects import effect as effect
    from causal_claims.claims.effects import joint as joint
    from causal_claims.claims.effects import level as level
    from causal_claims.claims.effects import norm_kept as norm_kept
    from causal_claims.claims.effects import pooled as pooled
    from causal_claims.claims.kinds.agrees import agrees as agrees
    from causal_claims.claims.kinds.beats import beats as beats
    from causal_claims.claims.kinds.correlates import correlates as correlates
    from causal_claims.claims.kinds.counts import counts as counts
    from causal_claims.claims.kinds.dose import dose as dose
    from causal_claims.claims.kinds.enriched import enriched as enriched
    from causal_claims.claims.kinds.exactly import exactly as exactly
    from causal_claims.claims.kinds.interacts import interacts as interacts
    from causal_claims.claims.kinds.interacts import specific as specific
    from causal_claims.claims.kinds.negligible import negligible as negligible
    from causal_claims.claims.kinds.raises import above as above
    from causal_claims.claims.kinds.raises import below as below
    from causal_claims.claims.kinds.raises import lowers as lowers
    from causal_claims.claims.kinds.raises import raises as raises
    from causal_claims.claims.kinds.ranks import ranks as ranks
    from causal_claims.claims.kinds.recovers import recovers as recovers
    from causal_claims.claims.kinds.replicates import replicates as replicates
    from causal_claims.claims.kinds.strongest import strongest as strongest
    from causal_claims.claims.picked import Heads as Heads
    from causal_claims.claims.picked import Pick as Pick
    from causal_claims.claims.picked import picked as picked
    from causal_claims.errors import ClaimsError as ClaimsError
    from causal_claims.examples import Example as Example
    from causal_claims.examples import example_set as example_set
    from causal_claims.examples import in_discovery as in_discovery
    from causal_claims.interventions.catalogue import ablate as ablate
    from causal_claims.interventions.catalogue import delete_v_slice as delete_v_slice
    from causal_claims.interventions.catalogue import patch as patch
    from causal_claims.interventions.catalogue import transplant_v as transplant_v
    from causal_claims.interventions.catalogue import uniform as uniform
    from causal_claims.interventions.controls import random_sets as random_sets
    from causal_claims.interventions.intervention import BASELINE as BASELINE
    from causal_claims.interventions.intervention import Intervention as Intervention
    from causal_claims.interventions.intervention import operation as operation
    from causal_claims.metrics.lexicon import word_list as word_list
    from causal_claims.metrics.metric import Metric as Metric
    from causal_claims.metrics.metric import metric as metric
    from causal_claims.models import model_counts as model_counts
    from causal_claims.sites import Head as Head
    from causal_claims.sites import KVHead as KVHead
    from causal_claims.sites import Resid as Resid
    from causal_claims.sites import Stage as Stage
    from causal_claims.sites import VSlice as VSlice
    from causal_claims.sites import heads as heads

_HOMES = {
    "sites": ("Head", "KVHead", "VSlice", "Resid", "Stage", "heads"),
    "errors": ("ClaimsError",),
    "interventions.intervention": ("BASELINE", "Intervention", "operation"),
    "interventions.catalogue": ("ablate", "patch", "uniform", "delete_v_slice", "transplant_v"),
    "interventions.controls": ("random_sets",),
    "metrics.metric": ("Metric", "metric"),
    "metrics.lexicon": ("word_list",),
    "models": ("model_counts",),
    "examples": ("Example", "example_set", "in_discovery"),
    "claims.claim": ("Claim", "Behaviour"),
    "claims.picked": ("Heads", "Pick", "picked"),
    "claims.effects": ("Effect", "effect", "level", "joint", "norm_kept", "pooled"),
    "claims.kinds.raises": ("raises", "lowers", "above", "below"),
    "claims.kinds.interacts": ("interacts", "specific"),
    **{f"claims.kinds.{kind}": (kind,) for kind in (
        "negligible", "strongest", "ranks", "beats", "dose", "recovers", "agrees", "correlates", "enriched",
        "replicates", "exactly", "counts",
    )},
}  # fmt: skip
_HOME = {name: f"causal_claims.{home}" for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"causal_claims has no {name!r}; it has {', '.join(__all__)}.")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
