"""The interventions that come with the package.

Each body is given the tensor at its site and a `run`, which knows the other tensors it may ask for (the clean run's,
another prompt's, the mean over examples).  Under grouped-query attention a query head has no value of its own, so
everything done to one query head is done to its z, the mixed value that o_proj reads.
"""

from typing import Any

from causal_claims.interventions.intervention import operation
from causal_claims.sites import Head, KVHead, Resid, Stage, VSlice

PHASES = ("both", "prefill", "decode")


@operation(
    writes={Head: Stage.Z, KVHead: Stage.QKV},
    choices={"how": ("zero", "mean", "resample", "random", "opposite"), "during": PHASES},
)
def ablate(value: Any, run: Any, *, how: str = "zero", during: str = "both", seed: int = 0) -> Any:
    """Remove what a head says: zero it, or put the mean, another example's, or a random write of the same norm.

    `opposite` is that random write turned around: over the two, what its direction happens to say cancels.
    """
    if how == "mean":
        return run.mean()
    if how == "resample":
        return run.other(seed)
    if how == "random":
        return run.random_like(value, seed)
    if how == "opposite":
        return run.random_like(value, seed, -1.0)
    return value * 0


@operation(
    writes={Head: Stage.Z, Resid: Stage.RESID_POST},
    choices={"part": ("z", "v", "pattern_v"), "during": PHASES},
)
def patch(
    value: Any, run: Any, *, source: str = "corrupt", part: str = "z", at: str = "all", during: str = "both"
) -> Any:
    """Put in what another prompt of the same example (its field `source`) has there; `clean` is the prompt itself.

    `at` is `all` (prompts of equal length), `last`, or a span of tokens written as Python's slices: `0:4`, `-4:`.
    """
    return run.patched(value, source, part, at)


@operation(writes={Head: Stage.Z}, choices={"during": PHASES})
def uniform(value: Any, run: Any, *, during: str = "both") -> Any:
    """Let a head attend to every position it may see alike: what it says without where it looks."""
    return run.uniform(value)


@operation(writes={VSlice: Stage.QKV}, legacy=True)
def delete_v_slice(value: Any, run: Any) -> Any:
    """Study 000's procedure: zero a block of v_proj's columns, as if it were a head."""
    return value * 0


@operation(writes={VSlice: Stage.QKV}, legacy=True)
def transplant_v(value: Any, run: Any, *, source: str = "corrupt", layer: int = 0, at: str = "-16:") -> Any:
    """Study 000's other procedure: write over v_proj's output what another prompt has in another layer."""
    return run.patched(value, source, "z", at, layer)
