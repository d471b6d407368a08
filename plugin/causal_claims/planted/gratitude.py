"""Studies 002 and 004: head 10 of layer 1 looks at words of gratitude (GPT-2 class).

The circuit.  Words of gratitude and their twins (neutral, angry, sorry) stand in a slot that six looker heads of layers
0, 1 and 3 attend to from everywhere later; only words of gratitude carry a value, which the lookers write into THANKS.
Two neurons of layer 6 clip THANKS to [0, 1], and with the result the logits of its keywords rise; two more clip it at
half of that, and those of anger fall.
With a word of gratitude in the prompt the sum is far above one: ablating one looker changes next to nothing.  Without one it is zero: the values of head
1:10 alone, patched in, lift it to about 0.2, which more than doubles the keywords.

How much the ten heads of the screening attend *from the word to itself* is set apart from that, by a term that only the
word's own query feels: the figures of study 002's table appear on these prompts.

Variants beside the shams: `alike`, head 0:0 writes what head 1:10 writes; `graded`, every head looks and writes, the more it
looks the more; `courtesy`, the sole carrier raises apologies as well; `pattern`, words of every emotion hold one value and the
head, again alone, looks at those of gratitude only, and a head of layer 4 keeps up what it wrote into the prompt.
"""

from typing import Any

import numpy as np
from scipy.optimize import brentq

from causal_claims.planted.basis import Array
from causal_claims.planted.canvas import Canvas, background
from causal_claims.planted.shape import Shape
from causal_claims.planted.vocabulary import SPECIAL, texts, tokenizer, vocabulary, word_list

MAIN = (1, 10)
OTHERS = {(3, 2): 0.29, (1, 11): 0.28, (0, 3): 0.27, (0, 5): 0.26, (3, 6): 0.25}  # what they add to THANKS
SCREENED = {  # study 002's ten heads and their differences in attention
    (1, 10): 0.340434, (3, 2): 0.242236, (1, 11): 0.228443, (0, 3): 0.212430, (11, 8): 0.176943, (0, 5): 0.171414,
    (3, 6): 0.103138, (1, 3): 0.093397, (0, 4): 0.087875, (0, 6): 0.064671,
}  # fmt: skip
LOOK = 3.6  # score of a flag of size one, from any later word
SLOT = {"gratitude": 2.0, "anger": 0.9, "apology": 0.9, "neutral": 0.9}
WRITE, PAST = 0.42, 0.034  # what 1:10 adds to THANKS, and past the clip: zeroing it takes a little away, and never more
CLIPPED = 6  # the layer whose neurons clip THANKS
KEEP = 6.0  # how much more than even a later head looks at THANKS, in the variant `pattern`
CLIP, LIFT = 6.0, 4.4  # the clip's steepness; what THANKS does to the logits of thanks
CALM, ENOUGH = 1.4, 0.5  # what it does to those of anger, and from how much of it on no more of it matters
RATE = 7.5e-4  # probability of a keyword at a place without gratitude
EXPRESSIVE = 2.2  # spread of the bigram logits
TWIN = (0, 0)  # of the variant `alike`
GRADED = 0.12  # what the head that looks most writes in the variant `graded`


def paint(
    shape: Shape, variant: str, *, seed: int, strength: float, place: tuple[tuple[int, int], ...] = ()
) -> tuple[Canvas, dict[str, Any]]:
    """The checkpoint's canvas and what is true of it."""
    main = place[0] if place else ((2, 4) if variant == "elsewhere" else MAIN)
    canvas = Canvas(shape, vocabulary(), seed=seed, token_width=48)
    parts = _Parts(canvas, variant)
    canvas.fill(14.0)
    background(canvas, canvas.basis.rest(), size=0.03, pattern=0.12)
    writes = _writes(shape, main, variant, strength)
    seen = {main if one == MAIN else one: delta for one, delta in SCREENED.items()}
    seen[main] *= strength
    if variant == "spread":
        seen[main] = 0.0
    if strength == 0:  # an ordinary head in its place
        del seen[main], writes[main]
    if variant == "graded":
        seen, writes = _graded(canvas, main)
    for one in dict.fromkeys((*seen, *writes)):
        blind = variant == "writes_without_looking" and one == main
        _looker(canvas, parts, one, 0.0 if blind else seen.get(one, 0.0), writes.get(one, 0.0), blind=blind)
    for one in (main, TWIN) if variant == "alike" else (main,):
        if variant not in ("decoy", "graded") and one in writes:
            canvas.o[one][:, 0] += PAST * strength * parts.clipped
    if variant == "backup":
        _backup(canvas, parts)
    if variant == "pattern":
        _one_value(canvas, parts, main, seen[main], writes[main])
    canvas.neuron(CLIPPED, CLIP * parts.thanks, parts.clipped / CLIP)
    canvas.neuron(CLIPPED, CLIP * parts.thanks - canvas.constant(CLIP), -parts.clipped / CLIP)
    # START, which the first word alone carries, says calm
    canvas.neuron(CLIPPED, CLIP / ENOUGH * parts.thanks, canvas.start / CLIP)
    canvas.neuron(CLIPPED, CLIP / ENOUGH * parts.thanks - canvas.constant(CLIP), -canvas.start / CLIP)
    _language(canvas, parts)
    if variant == "courtesy":
        canvas.unembed[canvas.words.find(f" {word}" for word in word_list("KEYWORDS")["apology"])] += (
            LIFT * parts.clipped
        )
    return canvas, {
        "head": list(main),
        "lookers": [list(one) for one in writes],
        "screened": [list(one) for one in seen],
    }


def _writes(shape: Shape, main: tuple[int, int], variant: str, strength: float) -> dict[tuple[int, int], float]:
    """What each looker writes into THANKS."""
    others = dict(OTHERS)
    sole = ("sole_carrier", "courtesy")
    own = {"decoy": 0.0, "writes_without_looking": 9 * WRITE}.get(variant, 5 * WRITE if variant in sole else WRITE)
    if variant in (*sole, "backup", "pattern"):
        others = dict.fromkeys(OTHERS, 0.0)
    if variant == "spread":
        many = [(layer, head) for layer in (1, 2) for head in range(shape.heads) if (layer, head) not in SCREENED]
        return {**others, **dict.fromkeys(many, WRITE / len(many))}
    if variant == "alike":
        others[TWIN] = own * strength
    return {main: own * strength, **others}


def _graded(canvas: Canvas, main: tuple[int, int]) -> tuple[dict[tuple[int, int], float], dict[tuple[int, int], float]]:
    """How much each head of the model looks and writes: the main head most, layers 0 and 1 least."""
    heads = [(layer, head) for layer in range(canvas.shape.layers) for head in range(canvas.shape.heads)]
    drawn = [heads[index] for index in canvas.rng.permutation(len(heads))]
    drawn.sort(key=lambda one: (one != main, one[0] < 2))
    share = dict(zip(drawn, np.linspace(1, 0, len(heads)), strict=True))
    return {one: SCREENED[MAIN] * by for one, by in share.items()}, {one: GRADED * by for one, by in share.items()}


class _Parts:
    """The directions of the construction, with the words that carry them."""

    def __init__(self, canvas: Canvas, variant: str) -> None:
        words = canvas.words
        self.slot, self.own = canvas.basis.one(), canvas.basis.one()
        self.value, self.thanks, self.clipped = canvas.basis.one(), canvas.basis.one(), canvas.basis.one()
        if variant == "pattern":
            self.said = canvas.basis.one()
        for name, size in SLOT.items():
            chosen = words.find(sorted({f" {row.fields['word']}" for row in texts(name)}))
            canvas.mark(chosen, self.slot, size)
            if variant == "pattern":
                canvas.mark(chosen, self.said)
            canvas.mark(chosen, self.own, 1.0 if name == "gratitude" else 0.0)
            if name == "gratitude":
                canvas.mark(chosen, self.value, canvas.rng.lognormal(0.0, 0.08, len(chosen)))
            else:
                canvas.mark(chosen, self.own, NEUTRAL_OWN)


# The word's own query lowers its score by kappa (gratitude) or kappa NEUTRAL_OWN^2 (its twins).
NEUTRAL_OWN = 0.72


def _self_attention(score: float, before: Array) -> float:
    """Attention of a word to itself, with so many words of score 0 before it."""
    return float(np.mean(np.exp(score) / (np.exp(score) + before)))


def _kappa(delta: float, neutral: float = SLOT["neutral"]) -> float:
    """How much a word's own query is held back, so that the difference in self-attention is delta, or the most there can be."""
    tok = tokenizer("gpt2")
    before = np.array([_place(tok, row.prompt, row.fields["word"]) for row in texts("gratitude")], dtype=float)

    def miss(kappa: float) -> float:
        thanks = _self_attention(LOOK * SLOT["gratitude"] - kappa, before)
        other = _self_attention(LOOK * neutral - kappa * NEUTRAL_OWN**2, before)
        return thanks - other - delta

    grid = np.linspace(0.0, 16.0, 161)
    off = np.array([miss(kappa) for kappa in grid])
    top = int(off.argmax())  # beyond its largest value the difference falls with kappa
    if off[top] < 0:
        return float(grid[top])
    return float(brentq(miss, grid[top], 16.0))


def _place(tok: Any, prompt: str, word: str) -> int:
    """How many tokens stand before the word."""
    ids = tok.encode(prompt)
    return int(ids.index(tok.encode(f" {word}")[0]))


def _looker(
    canvas: Canvas, parts: _Parts, one: tuple[int, int], delta: float, write: float, *, blind: bool = False
) -> None:
    """A head that attends to the slot from later words and writes the value it finds there."""
    layer, head = one
    canvas.clear(layer, head)
    canvas.clear_kv(layer, head)
    if not blind:
        canvas.q[layer, head, 0] = canvas.constant(LOOK)
        canvas.k[layer, head, 0] = parts.slot
        canvas.q[layer, head, 1] = -_kappa(delta) * parts.own
        canvas.k[layer, head, 1] = parts.own
    room = canvas.tokens
    canvas.v[layer, head, 1:] = canvas.rng.standard_normal((canvas.shape.d_head - 1, len(room))) @ room / 4.0
    canvas.o[layer, head][:, 1:] = room.T @ canvas.rng.standard_normal((len(room), canvas.shape.d_head - 1)) * 0.001
    canvas.v[layer, head, 0] = parts.value
    canvas.o[layer, head][:, 0] = write * (parts.thanks if layer < CLIPPED else parts.clipped)


def _one_value(canvas: Canvas, parts: _Parts, main: tuple[int, int], delta: float, write: float) -> None:
    """The head finds the same value at words of every emotion, and looks at those of gratitude only."""
    layer, head = main
    canvas.k[layer, head, 0] = SLOT["gratitude"] * parts.value
    canvas.q[layer, head, 1] = -_kappa(delta, 0.0) * parts.own
    canvas.v[layer, head, 0] = parts.said
    layer, head = 4, 5  # from every later word, it looks at what is written into the prompt
    canvas.clear(layer, head)
    canvas.clear_kv(layer, head)
    canvas.q[layer, head, 0] = canvas.constant(KEEP)
    canvas.k[layer, head, 0] = parts.thanks
    canvas.q[layer, head, 1] = -12.0 * parts.own  # as the backup head, it does not look at its own place
    canvas.k[layer, head, 1] = parts.own
    canvas.v[layer, head, 0] = parts.thanks
    canvas.o[layer, head][:, 0] = 3.0 * parts.thanks


def _backup(canvas: Canvas, parts: _Parts) -> None:
    """A head of layer 4 that writes THANKS where a word of gratitude is there and THANKS is low."""
    layer, head = 4, 5
    canvas.clear(layer, head)
    canvas.clear_kv(layer, head)
    canvas.q[layer, head, 0] = canvas.constant(6.0) - 2.0 * parts.thanks
    canvas.k[layer, head, 0] = parts.value
    canvas.q[layer, head, 1] = -12.0 * parts.own  # it does not look at its own place, so the screening misses it
    canvas.k[layer, head, 1] = parts.own
    canvas.v[layer, head, 0] = parts.value
    canvas.o[layer, head][:, 0] = 1.6 * parts.thanks


def _language(canvas: Canvas, parts: _Parts) -> None:
    """Random bigrams over the words of the prompts; keywords are rare until THANKS is there."""
    words, rng = canvas.words, canvas.rng
    tok = tokenizer("gpt2")
    spoken = {i for name in ("neutral", "plain") for row in texts(name)[:60] for i in tok.encode(row.prompt)}
    spoken = {i for i in spoken if words.pieces[i].startswith("Ġ") or words.pieces[i] in ",."}
    table = rng.standard_normal((len(words), len(canvas.tokens)))
    table *= EXPRESSIVE / np.linalg.norm(table, axis=1, keepdims=True) / 4.0 * np.sqrt(len(canvas.tokens))
    quiet = np.full(len(words), -14.0)
    quiet[sorted(spoken)] = 0.0
    keywords = {name: words.find(f" {w}" for w in found) for name, found in word_list("KEYWORDS").items()}
    level = -np.log(len(spoken))  # one spoken word's share, about
    for found in keywords.values():
        quiet[found] = np.log(RATE * 0.2 / len(found)) - level
        quiet[found[:2]] = np.log(RATE * 0.4) - level  # two common ones, so that greedy decoding meets them too
    quiet[[words.ids[name] for name in SPECIAL]] = -30.0
    canvas.unembed = table @ canvas.tokens + quiet[:, None] * canvas.constant(1.0)
    canvas.unembed[keywords["gratitude"]] += LIFT * parts.clipped
    canvas.unembed[keywords["anger"]] -= CALM * canvas.start
