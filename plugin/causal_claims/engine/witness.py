"""Proof that measuring left the model as it was loaded: no hook on it, no weight written, the plain model's logits bit-equal."""

import torch
from torch import Tensor

from causal_claims.engine.loading import Loaded


class Witness:
    """Looks at the model when it is fresh, and again after each measurement: damage is told of all that comes after it."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._ids = [(7 * i + 1) % loaded.map.vocabulary for i in range(8)]  # any tokens will do
        self._before, self._writes = self._logits(), self._written()

    def unchanged(self) -> bool:
        if self._loaded.stray_hooks or self._written() != self._writes:
            return False
        return torch.equal(self._before, self._logits())

    def _written(self) -> int:
        """How often the weights were written in place, as torch counts it."""
        model = self._loaded.hf_model
        return sum(tensor._version for tensor in (*model.parameters(), *model.buffers()))

    @torch.inference_mode()
    def _logits(self) -> Tensor:
        ids = torch.tensor([self._ids], device=self._loaded.device)
        found: Tensor = self._loaded.hf_model(ids).logits
        return found
