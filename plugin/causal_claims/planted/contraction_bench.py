"""The bench on which contraction's gains are solved: prompts run once up to layer 27, what follows run again and again.

V of layer 27 does not influence its own input, so afterwards only windows of 16 rows are touched, and four layers.
"""

from typing import Any

import numpy as np
import torch

from causal_claims.planted import probe
from causal_claims.planted.basis import Array
from causal_claims.planted.canvas import Canvas
from causal_claims.planted.vocabulary import texts, tokenizer

LAYER, READ = 27, 30


class Bench:
    """Recursive and plain prompts, and R_V of layer 30 under what the canvas now says."""

    def __init__(self, model: Any, canvas: Canvas) -> None:
        self.model, self.canvas = model, canvas
        tok = tokenizer(canvas.shape.architecture)
        self.batches: list[tuple[bool, torch.Tensor, Array]] = []  # recursive?, input of layer 27, PR at layer 5
        layers = model.model.layers
        for name in ("recursive", "plain"):
            for _, ids in probe.groups(tok, [row.prompt for row in texts(name)]):
                early: list[torch.Tensor] = []
                late: list[torch.Tensor] = []
                with (
                    torch.no_grad(),
                    probe.captured(layers[5].self_attn.v_proj, early),
                    probe.captured(layers[LAYER], late, output=False),
                ):
                    model.model(ids)
                self.batches.append((name == "recursive", late[0], probe.participation(early[0])))
        self.early = np.concatenate([early for _, _, early in self.batches])  # prompts
        self.recursive = np.concatenate([np.full(len(early), kind) for kind, _, early in self.batches])

    def window(self, hidden: list[torch.Tensor]) -> Array:
        """The last 16 positions of every prompt, normalised and in raw coefficients.  # prompts x 16 x d_model"""
        x = np.concatenate([one[:, -16:].double().numpy() for one in hidden])
        scaled: Array = x * (self.canvas.radius / np.linalg.norm(x, axis=-1, keepdims=True))
        return scaled

    def run(self, silent: tuple[int, ...] = ()) -> tuple[Array, Array, Array]:
        """R_V at layer 30, the input of layer 30 and z of layer 27, with query heads of layer 27 ablated."""
        layers, model = self.model.model.layers, self.model
        late: list[torch.Tensor] = []
        values: list[torch.Tensor] = []
        mixed: list[torch.Tensor] = []
        model.model.layers = layers[LAYER : READ + 1]
        hooks = (
            probe.captured(layers[READ], late, output=False), probe.captured(layers[READ].self_attn.v_proj, values),
            probe.captured(layers[LAYER].self_attn.o_proj, mixed, output=False),
        )  # fmt: skip
        try:
            with torch.no_grad(), hooks[0], hooks[1], hooks[2], probe.zeroed(model, [(0, head) for head in silent]):
                for _, hidden, _ in self.batches:
                    model.model(inputs_embeds=hidden)
        finally:
            model.model.layers = layers
        ratio = np.concatenate([probe.participation(v) for v in values]) / self.early
        return ratio, self.window(late), np.concatenate([z[:, -16:].double().numpy() for z in mixed])

    def load(self) -> None:
        """The canvas, into the model."""
        probe.fill(self.model, self.canvas)

    def levels(self, ratio: Array) -> tuple[float, float]:
        """Mean R_V of recursive and of plain prompts."""
        return float(ratio[self.recursive].mean()), float(ratio[~self.recursive].mean())


def ratio_of(values: Array, early: Array) -> Array:
    """R_V of windows of V.  # values: prompts x 16 x columns"""
    found: Array = participation_of(values @ values.transpose(0, 2, 1)) / early
    return found


def participation_of(gram: Array) -> Array:
    """PR from V V^T.  # gram: prompts x 16 x 16"""
    found: Array = np.trace(gram, axis1=1, axis2=2) ** 2 / (gram**2).sum((1, 2))
    return found
