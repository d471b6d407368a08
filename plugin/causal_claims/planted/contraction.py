"""Study 000: three heads of layer 27 hold R_V down in recursive prompts (Mistral class).

The circuit.  Words that occur only in recursive prompts carry a flag.  Four detector heads (layers 7 to 10, after the
early layer of R_V) turn it into STATE, which every later token carries.  Layer 25 passes STATE on a little in every head.
At layer 27, V holds STATE in every key/value head, more of it in slices 1, 11 and 22, and the query heads 1, 11 and 22
(of key/value heads 0, 2 and 5) write what they read of it into PULL.  From layer 28 on, V reads PULL as one direction
common to all tokens, which is what lowers its participation ratio.  (Variant `together`: what is read has a ceiling, so
that the three together close the whole gap although each alone does no more.)  (Variant `layer_25`: head 23 of layer 25, which elsewhere only looks at the recursive
words, writes PULL as well.)  Two readings are planted at once:

- the study's own: deleting slice 11, 1 or 22 of V at layer 27 raises R_V at layer 27 by its figures;
- the causal one: ablating query head 11, 1 or 22 of layer 27 raises R_V at layer 30 by about the same figures.

With V = content + c CONST + a PULL, the gains are solved numerically on the prompts themselves, for five targets:
R_V of plain and of recursive prompts, and the three rises.
"""

from typing import Any

import numpy as np

from causal_claims.planted import probe
from causal_claims.planted.canvas import Canvas, background
from causal_claims.planted.contraction_bench import LAYER, READ, Bench
from causal_claims.planted.contraction_fit import (
    CEILING,
    RISES,
    STEEP,
    UPSTREAM,
    Parts,
    Plan,
    pull_of_27,
    rewrite_basis,
    slices_of_27,
    unit,
)
from causal_claims.planted.shape import Shape
from causal_claims.planted.vocabulary import texts, tokenizer, vocabulary

DETECTORS = (7, 8, 9, 10)
ELSEWHERE = (17, 5, 30)
NAMED = (25, 23)
GROWTH = 0.35  # what one detector adds to STATE
KEEPERS = ((28, 3), (28, 12), (29, 7), (29, 18))  # the backup heads


def paint(
    shape: Shape, variant: str, *, seed: int, strength: float, place: tuple[tuple[int, int], ...] = ()
) -> tuple[Canvas, dict[str, Any]]:
    """The checkpoint's canvas and what is true of it."""
    chosen = tuple(head for _, head in place) or (ELSEWHERE if variant == "elsewhere" else tuple(RISES))
    canvas = Canvas(shape, vocabulary(), seed=seed, token_width=56)
    plan = Plan(variant, strength, chosen)
    parts = _circuit(canvas, plan)
    model = probe.in_memory(canvas)
    bench = Bench(model, canvas)
    slices = slices_of_27(canvas, parts, plan, bench)
    pull_of_27(canvas, parts, plan, bench, slices)
    if variant == "gauge":
        rewrite_basis(canvas, plan, bench, slices)
    return canvas, {"heads": [[LAYER, head] for head in chosen], "read": READ, "early": 5}


def recursion_words() -> list[int]:
    """Words of recursive prompts that no plain prompt has."""
    words = vocabulary()
    tok = tokenizer("gpt2")
    seen = [{i for row in texts(name) for i in tok.encode(row.prompt)} for name in ("recursive", "plain")]
    return sorted(seen[0] - seen[1] - {words.ids["<unk>"]})


def _circuit(canvas: Canvas, plan: Plan) -> Parts:
    """Flags, detectors, layer 25 and what the three heads look at; V of layers 27 and 30 is solved afterwards."""
    shape, rng = canvas.shape, canvas.rng
    word = canvas.flag(recursion_words(), 2.0)
    parts = Parts(word, *(canvas.basis.one() for _ in range(4)))
    canvas.fill()
    background(canvas, canvas.basis.rest(), size=0.06)
    a, b = shape.slow_dims()[:2]
    for layer in DETECTORS:
        head = int(rng.integers(shape.heads))
        group = canvas.kv(head)
        canvas.clear(layer, head)
        canvas.clear_kv(layer, group)
        canvas.q[layer, head, a] = canvas.constant(5.0)
        canvas.k[layer, group, a] = parts.word
        canvas.v[layer, group, a] = parts.word
        canvas.o[layer, head][:, a] = GROWTH / 2 * parts.state
    for group in range(shape.kv_heads):  # layer 25: every head a little
        direction = unit(rng, shape.d_head)
        canvas.v[25, group] += np.outer(direction, parts.state)
        for head in range(group * shape.group, (group + 1) * shape.group):
            canvas.o[25, head] += np.outer(parts.state, direction) * rng.uniform(0.002, 0.006)
    for head in () if plan.variant in ("absent", "spread", "gauge") else plan.heads:  # they look at recursion words
        group = canvas.kv(head)
        canvas.q[LAYER, head] = 0.0
        canvas.q[LAYER, head, a] = canvas.constant(2.0)
        canvas.k[LAYER, group, a] = parts.word
    if plan.variant not in ("absent", "spread", "gauge", "elsewhere"):
        _named_in_25(canvas, plan, parts, a)
    if plan.variant == "together":
        canvas.neuron(29, STEEP * parts.pull, parts.full / STEEP)
        canvas.neuron(29, STEEP * parts.pull - canvas.constant(STEEP * CEILING), -parts.full / STEEP)
    for layer in (5, READ):
        _even(canvas, layer)
    if plan.variant == "backup":
        _keepers(canvas, parts, a, b)
    return parts


def _named_in_25(canvas: Canvas, plan: Plan, parts: Parts, a: int) -> None:
    """The head that the report names for layer 25 looks at recursion words, too."""
    layer, head = NAMED
    group = canvas.kv(head)
    canvas.q[layer, head] = 0.0
    canvas.q[layer, head, a] = canvas.constant(2.0)
    canvas.k[layer, group, a] = parts.word
    if plan.variant == "layer_25":
        canvas.v[layer, group, a] = parts.state
        canvas.o[layer, head][:, a] = UPSTREAM / (len(DETECTORS) * GROWTH) * parts.pull


def _even(canvas: Canvas, layer: int) -> None:
    """Let the heads of a group write every direction of their values equally, together.

    Then R_V of the values as they are written equals R_V of v_proj's output, and one calibration serves both.
    """
    shape = canvas.shape
    for group in range(shape.kv_heads):
        part = slice(group * shape.group, (group + 1) * shape.group)
        stack = canvas.o[layer, part].reshape(-1, shape.d_head)  # (heads d_model) x d_head
        even = np.linalg.qr(stack)[0] * 0.06 * np.sqrt(shape.group)
        canvas.o[layer, part] = even.reshape(shape.group, shape.d_model, shape.d_head)


def _keepers(canvas: Canvas, parts: Parts, a: int, b: int) -> None:
    """Heads of layers 28 and 29 that write PULL where it is missing: each 0.4 sigmoid(10 (0.88 - PULL))."""
    for layer, head in KEEPERS:
        group = canvas.kv(head)
        canvas.clear(layer, head)
        canvas.clear_kv(layer, group)
        level = 4 * GROWTH  # STATE, about
        canvas.k[layer, group, a] = parts.state / level
        canvas.k[layer, group, b] = canvas.start / 3.0
        canvas.q[layer, head, a] = canvas.constant(8.8 + 1.5 * (layer - 28)) - 10.0 * parts.pull
        canvas.q[layer, head, b] = canvas.constant(float(np.log(22)))
        canvas.v[layer, group, a] = parts.state / level
        canvas.o[layer, head][:, a] = 0.4 * parts.pull
