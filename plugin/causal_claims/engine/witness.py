"""Proof that a measurement left the model as it found it: no hook behind, and the plain model's logits bit-equal."""

from collections.abc import Sequence

import torch
from torch import Tensor

from causal_claims.engine.loading import Loaded
from causal_claims.examples import Example


class Witness:
    """Looks at the model before a measurement, and again after it."""

    def __init__(self, loaded: Loaded, examples: Sequence[Example]) -> None:
        self._loaded = loaded
        shortest = min(examples, key=lambda one: len(one.prompt))
        self._ids = loaded.tokens.prompt(shortest.prompt, f"example {shortest.id!r}")
        self._before = self._logits()

    def unchanged(self) -> bool:
        return self._loaded.stray_hooks == 0 and torch.equal(self._before, self._logits())

    @torch.inference_mode()
    def _logits(self) -> Tensor:
        ids = torch.tensor([self._ids], device=self._loaded.device)
        found: Tensor = self._loaded.hf_model(ids).logits
        return found
