"""Proof that a measurement left the model as it found it: no hook behind, and the plain model's logits bit-equal."""

import torch
from torch import Tensor

from causal_claims.engine.loading import Loaded


class Witness:
    """Looks at the model before a measurement, and again after it."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._ids = [(7 * i + 1) % loaded.map.vocabulary for i in range(8)]  # any tokens will do
        self._before = self._logits()

    def unchanged(self) -> bool:
        return self._loaded.stray_hooks == 0 and torch.equal(self._before, self._logits())

    @torch.inference_mode()
    def _logits(self) -> Tensor:
        ids = torch.tensor([self._ids], device=self._loaded.device)
        found: Tensor = self._loaded.hf_model(ids).logits
        return found
