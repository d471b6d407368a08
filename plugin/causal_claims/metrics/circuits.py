"""What a head would say: its output matrix, seen in words.  These describe weights and activations, not effects."""

from collections.abc import Mapping
from typing import Any

from causal_claims.metrics.metric import metric
from causal_claims.sites import Point, Stage

_WEIGHTS = Point(0, Stage.RESID_PRE)  # nothing of a run is read but the words themselves


def _z(options: Mapping[str, Any]) -> tuple[Point, ...]:
    return (Point(options["layer"], Stage.Z),)


@metric(reads=_z, needs=("target",))
def direct_logit(run: Any, *, layer: int = 0, head: int = 0) -> Any:
    """What a head writes at the last token, as logits of `target` (W_U z W_O, without the final norm)."""
    z = run.z_of(layer, head, last=1)[:, 0]  # rows x d_head
    return ((z @ run.output(layer, head)) * run.unembedding(run.token("target"))).sum(-1)


@metric(reads=_z, low=0, gauge_free=False)
def head_output(run: Any, *, layer: int = 0, head: int = 0) -> Any:
    """The largest number that a head hands to o_proj, over all tokens of the prompt: 0 where it was silenced."""
    z = run.z_of(layer, head).abs().amax(-1)  # rows x positions
    return (z * run.batch.mask).amax(-1)


@metric(reads=_WEIGHTS, tokens=("prompt",))
def ov_projection(run: Any, *, layer: int = 0, head: int = 0) -> Any:
    """How much a head's write raises each example's word, over all that it may read: W_U W_O W_V applied to the mean embedding.

    The examples are the words themselves (`prompt` is the word), so a number belongs to a word: for `enriched`.
    """
    return run.unembedding(run.word_ids()) @ run.says(layer, head)


@metric(reads=_WEIGHTS, low=1, tokens=("prompt",))
def copy_rank(run: Any, *, layer: int = 0, head: int = 0) -> Any:
    """The rank of a word among all words in what a head writes when it reads that word: 1 for a copying head, last for a
    suppressing one."""
    said = run.says(layer, head, of=run.word_ids()) @ run.unembedding().mT  # words x vocabulary
    own = said.gather(1, run.word_ids()[:, None])
    return (said > own).sum(-1) + 1
