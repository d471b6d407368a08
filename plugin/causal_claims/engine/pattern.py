"""Where one head looks on one prompt: for a picture, never for a verdict."""

from typing import Any

import torch

from causal_claims.engine.loading import Loaded
from causal_claims.engine.reference import ReferencePath
from causal_claims.engine.settings import Settings
from causal_claims.examples import Example
from causal_claims.sites import Head

READ = 512  # tokens of a prompt that is read for it: a whole pattern takes the square of that a head
LONGEST = 40  # tokens shown: the first, on which heads rest, and the last ones


@torch.inference_mode()
def pattern(loaded: Loaded, settings: Settings, head: Head, example: Example) -> dict[str, Any] | None:
    """Tokens, and for each of them what it gives to those before it, in thousandths; None of a prompt that is too long."""
    ids = loaded.tokens.prompt(example.prompt, f"example {example.id!r}")
    if len(ids) > READ:
        return None
    key = ("qk", head.layer)
    weights = ReferencePath(loaded, settings).clean(ids, frozenset({key}))[1][key][0, head.index].float()
    shown = list(range(len(ids)))
    if len(shown) > LONGEST:
        shown = [0, *shown[1 - LONGEST :]]
    rows = [[round(1000 * float(weights[q, k])) for k in shown[: i + 1]] for i, q in enumerate(shown)]
    words = [loaded.tokenizer.decode([ids[i]])[:24] for i in shown]
    return {"head": str(head), "example": example.id, "of": len(ids), "tokens": words, "permille": rows}
