"""The weights of a planted model while it is being made, in one notation for every architecture.

Readers return *raw coefficients*: `canvas.q[l, h]` applied to a residual vector x gives q itself, whatever the
normalisation and the score scale of the architecture; `checkpoint.py` puts those in.
"""

from collections.abc import Iterable

import numpy as np

from causal_claims.planted.basis import Array, Basis
from causal_claims.planted.shape import Shape
from causal_claims.planted.vocabulary import Vocabulary

CONST = 8.0


class Canvas:
    """Embedding, attention heads, a narrow MLP and the unembedding, all zero at first but for the token embedding.

    Every token carries CONST and a slack coordinate that fills its norm to exactly `radius`; so the first
    normalisation multiplies every token by the same number, and the later ones nearly so.
    """

    def __init__(
        self, shape: Shape, words: Vocabulary, *, seed: int, token_width: int, token_size: float = 4.0
    ) -> None:
        self.shape, self.words = shape, words
        self.rng = np.random.default_rng(seed)
        self.basis = Basis(shape.d_model, self.rng, centred=shape.layer_norm)
        self.const, self.slack, self.start = self.basis.one(), self.basis.one(), self.basis.one()
        self.tokens = self.basis.take(token_width)  # token_width x d_model
        codes = self.rng.standard_normal((len(words), token_width))
        codes *= token_size / np.linalg.norm(codes, axis=1, keepdims=True)
        self.embed: Array = codes @ self.tokens + CONST * self.const  # words x d_model
        self.places: Array = np.zeros((shape.context, shape.d_model))  # positions x d_model
        L, H, K, dh, d = shape.layers, shape.heads, shape.kv_heads, shape.d_head, shape.d_model
        self.q: Array = np.zeros((L, H, dh, d))
        self.k: Array = np.zeros((L, K, dh, d))
        self.v: Array = np.zeros((L, K, dh, d))
        self.o: Array = np.zeros((L, H, d, dh))
        self.neurons: dict[int, list[tuple[Array, Array]]] = {}  # layer -> (reader, writer) of each planted neuron
        self.unembed: Array = np.zeros((len(words), d))  # words x d_model
        self.radius = 0.0
        if shape.architecture in ("mistral", "llama"):
            self.embed[words.ids["<s>"]] += 3.0 * self.start
        elif shape.rotary:
            raise_marker(self)
        else:
            self.places[0] = 3.0 * self.start

    def flag(self, words: Iterable[int], size: float | Array = 1.0) -> Array:
        """A new direction that these words carry with this size."""
        direction = self.basis.one()
        self.mark(words, direction, size)
        return direction

    def mark(self, words: Iterable[int], direction: Array, size: float | Array = 1.0) -> None:
        """Give these words a component along a direction."""
        chosen = list(words)
        self.embed[chosen] += np.broadcast_to(np.asarray(size), (len(chosen),))[:, None] * direction

    def fill(self, radius: float | None = None) -> None:
        """Fill every token's norm to one radius with the slack coordinate; call once, after all flags."""
        sizes = np.linalg.norm(self.embed, axis=1)
        self.radius = float(sizes.max()) + 0.1 if radius is None else radius
        if sizes.max() > self.radius:
            raise ValueError(f"a token's embedding has norm {sizes.max():.2f}, above the radius {self.radius:.2f}")
        self.embed += np.sqrt(self.radius**2 - sizes**2)[:, None] * self.slack

    def read(self, direction: Array, gain: float = 1.0) -> Array:
        """A reader that returns gain times the coefficient of a direction."""
        return gain * direction

    def constant(self, value: float) -> Array:
        """A reader that returns a constant, at every token."""
        return (value / CONST) * self.const

    def kv(self, head: int) -> int:
        return head // self.shape.group

    def clear(self, layer: int, head: int) -> None:
        """Take the background out of a query head (not out of the keys and values it shares)."""
        self.q[layer, head] = 0.0
        self.o[layer, head] = 0.0

    def clear_kv(self, layer: int, index: int) -> None:
        self.k[layer, index] = 0.0
        self.v[layer, index] = 0.0

    def neuron(self, layer: int, reader: Array, writer: Array) -> None:
        """A neuron that adds writer times act(reader x); act is GELU (GPT-2, Pythia) or SiLU (gated)."""
        self.neurons.setdefault(layer, []).append((reader, writer))


def raise_marker(canvas: Canvas) -> None:
    """Pythia has neither a first token of its own nor learned positions: the text's first word is the sink.

    The first word of a text has no leading space, and no other word of these texts has none, but for punctuation.
    """
    first = [n for n, piece in enumerate(canvas.words.pieces) if piece[0].isascii() and piece[0].isupper()]
    canvas.mark(first, canvas.start, 3.0)


def background(canvas: Canvas, rest: Array, *, size: float, pattern: float = 1.0) -> None:
    """An ordinary small life in every head: random patterns (logits of spread `pattern`), random small writes.

    So no head is ever empty, every head has a real though small effect, and examples differ.
    """
    shape, rng = canvas.shape, canvas.rng
    dh = shape.d_head
    room = np.concatenate([canvas.tokens, rest])  # what is read and written
    spread = np.sqrt(pattern) * dh**-0.25 / 4.0
    for layer in range(shape.layers):
        for head in range(shape.heads):
            canvas.q[layer, head] += rng.standard_normal((dh, len(room))) @ room * spread
            write = rng.standard_normal((len(room), dh)) * size / np.sqrt(dh * len(room))
            canvas.o[layer, head] += room.T @ write
        for head in range(shape.kv_heads):
            canvas.k[layer, head] += rng.standard_normal((dh, len(room))) @ room * spread
            canvas.v[layer, head] += rng.standard_normal((dh, len(room))) @ room / 4.0
