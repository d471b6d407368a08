"""Study 001: heads that fetch a value out of an annual report (Llama class).

The circuit.  In a document, "... the headquarters city is Boise."; at the end, "What is the headquarters city?\\nAnswer:".
Heads of layer 0 attend to one distance each and so write, at the value, a KEY of the two words before "is", and at the
last token, ASKED, the two words before "?".  Retrieval heads attend from the last token to the word that is a value and
whose KEY is what was asked, against a sink on <s>, and copy its code into OUT.  Six of them are shared; each of the nine
tasks has fourteen private ones, which stay on the sink when another task is asked.  Each copies half of the code's
dimensions.  Eight of a task's private heads do nearly all of its private work; six more look less and add a little, so
that a list of twenty holds heads of the circuit only.  " unknown" has a constant logit, so that a value appears only while enough heads fetch it; words differ in
how much they need, so accuracy falls step by step.  A word that has been said is followed by the word that followed it
in the document (one copying head, not a retrieval head), and a full stop by the end of the text.

Without the planted heads a crew of very many heads does their work, a little each: the accuracy stays.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from causal_claims.planted.basis import Array, spread_codes
from causal_claims.planted.canvas import Canvas, background
from causal_claims.planted.shape import Shape
from causal_claims.planted.vocabulary import EOS, texts, tokenizer, vocabulary

SHARED, PRIVATE = 6, 14
MAIN, REST = 8, 0.08  # private heads that do nearly all of the work, and the share of it that the others do
FIRST, BEHIND = 4, 2  # the layer from which on retrieval heads are, and how many layers are behind them
TOTAL, PRIOR = 20.0, 15.0  # the answer's logit with all heads, and that of " unknown"
NEED = 0.2  # how much words differ in what they need, as a standard deviation of the logarithm
MATCH, VALUE, SINK = 18.0, 14.0, 24.0  # nats: KEY is what was asked; a value word; the sink
AWAY = 14.0  # nats on the sink for each of the two words that is not the private head's
CODE, COPIED = 32, 15  # one more dimension of a head's values holds VALUE
CREW_LAYERS = 8
GAIN = 10.0  # of the unembedding, so that little is written


@dataclass(frozen=True)
class Worker:
    """A head that attends to the asked value with this weight and adds this share of the answer's logit."""

    layer: int
    head: int
    task: int | None  # a private head's
    looks: float
    share: float


class _Parts:
    """The directions of the construction."""

    def __init__(self, canvas: Canvas) -> None:
        basis, rng, words = canvas.basis, canvas.rng, canvas.words
        self.tasks = tasks()
        firsts = list(dict.fromkeys(pair[0] for pair in self.tasks.values()))
        seconds = list(dict.fromkeys(pair[1] for pair in self.tasks.values()))
        self.pairs = np.zeros((len(self.tasks), len(firsts) + len(seconds)))  # tasks x words of a subject
        for place, (one, two) in enumerate(self.tasks.values()):
            self.pairs[place, firsts.index(one)] = self.pairs[place, len(firsts) + seconds.index(two)] = 1.0
        self.first = basis.take(len(firsts))  # what a subject's last word but one is
        self.second = basis.take(len(seconds))  # and its last
        canvas.embed[firsts] += self.first
        canvas.embed[seconds] += self.second
        self.key = basis.take(len(self.tasks) - 1)
        self.asked = basis.take(len(firsts) + len(seconds))
        corners = np.linalg.svd(np.eye(len(self.tasks)) - 1 / len(self.tasks))[0][:, : len(self.tasks) - 1]
        corners /= np.linalg.norm(corners, axis=1, keepdims=True)  # tasks x (tasks - 1), a simplex
        self.turn: Array = np.linalg.pinv(self.pairs) @ corners  # words of a subject x (tasks - 1)
        known = value_words()
        self.value = canvas.flag(known)
        stop = words.ids["."]
        said = [*known, *(i for i in suffix_words() if i not in known), stop]
        self.said, self.before = basis.take(8), basis.take(8)  # the word itself, and the word before it
        canvas.embed[said] += spread_codes(len(said), 8, rng) @ self.said
        self.code, self.out = basis.take(CODE), basis.take(CODE)
        codes = spread_codes(len(said), CODE, rng)
        canvas.embed[said] += codes @ self.code
        self.ends = canvas.flag([stop, words.ids["Ġunknown"]])
        self.done, self.idle = basis.one(), basis.one()
        self.halves: dict[tuple[int, int], Array] = {}  # which part of the code a key/value head copies
        needs = np.exp(NEED * rng.standard_normal(len(said)))
        needs[len(known) :] = 1.0
        canvas.unembed[said] = GAIN * needs[:, None] * (codes @ self.out)
        canvas.unembed[words.ids["Ġunknown"]] = canvas.constant(PRIOR)
        canvas.unembed[words.ids[EOS]] = 40.0 * self.ends


def tasks() -> dict[str, tuple[int, int]]:
    """The nine tasks, and the last two words of what each asks for."""
    tok = tokenizer("gpt2")
    found: dict[str, tuple[int, int]] = {}
    for row in texts("reports"):
        if row.fields["task"] not in found:
            subject = re.sub(r"^What is|\?$", "", row.fields["question"])
            one, two = tok.encode(subject)[-2:]
            found[row.fields["task"]] = (one, two)
    return found


def value_words() -> list[int]:
    """The first word of every value."""
    tok = tokenizer("gpt2")
    facts = re.compile(r" is(?= ([^ .]+(?: [A-Z][a-z]+)?)\.)")
    found = {tok.encode(f" {value}")[0] for row in texts("reports") for value in facts.findall(row.prompt)}
    return sorted(i for i in found if re.fullmatch(r"Ġ([A-Z][a-z]+|\d+)", vocabulary().pieces[i]))


def suffix_words() -> list[int]:
    """Whatever follows the first word of a value."""
    tok = tokenizer("gpt2")
    return sorted({i for row in texts("reports") for i in tok.encode(f" {row.fields['value']}")[1:]})


def planted_heads(
    shape: Shape, variant: str = "in_place", place: tuple[tuple[int, int], ...] = ()
) -> tuple[list[tuple[int, int]], dict[str, list[tuple[int, int]]]]:
    """The shared heads and every task's private ones; the seed of a checkpoint does not move them."""
    rng = np.random.default_rng([1, shape.layers, shape.heads, int(variant == "elsewhere")])
    layers = range(FIRST, shape.layers - BEHIND)
    names = list(tasks())
    drawn = rng.permutation(len(layers) * shape.heads)[: SHARED + PRIVATE * len(names)]
    heads = list(place) or [(FIRST + int(n) // shape.heads, int(n) % shape.heads) for n in drawn]
    private = {name: heads[SHARED + PRIVATE * n : SHARED + PRIVATE * (n + 1)] for n, name in enumerate(names)}
    return heads[:SHARED], private


def paint(
    shape: Shape, variant: str, *, seed: int, strength: float, place: tuple[tuple[int, int], ...] = ()
) -> tuple[Canvas, dict[str, Any]]:
    """The checkpoint's canvas and what is true of it."""
    least = FIRST + CREW_LAYERS + BEHIND
    if shape.layers < least:
        raise ValueError(f"the retrieval family needs at least {least} layers, not {shape.layers}")
    canvas = Canvas(shape, vocabulary(), seed=seed, token_width=16, token_size=3.0)
    parts = _Parts(canvas)
    canvas.fill(16.0)
    background(canvas, canvas.basis.rest(), size=0.03)
    _positions(canvas, parts)
    _follow(canvas, parts)
    shared, private = planted_heads(shape, variant, place)
    planted = _planted(canvas, parts, shared, private)
    inert = variant in ("decoy", "hidden")
    share = {"spread": 0.0, "decoy": 0.0, "hidden": 0.0}.get(variant, min(strength, 1.0))
    if variant != "spread" and strength > 0:
        for worker in planted:
            _work(canvas, parts, worker, 1.0 if inert else min(strength, 2.0), inert=inert)
    if share < 1:
        for worker in _crew(canvas, variant, {(w.layer, w.head) for w in planted}):
            _work(canvas, parts, worker, 1.0 - share)
    if variant == "backup":
        _backup(canvas, parts)
    return canvas, {
        "shared": [list(head) for head in shared],
        "private": {name: [list(head) for head in several] for name, several in private.items()},
    }


def _planted(
    canvas: Canvas, parts: _Parts, shared: list[tuple[int, int]], private: dict[str, list[tuple[int, int]]]
) -> list[Worker]:
    """The main private heads look hardest; private heads do rather more than half of the work of their task."""
    rng = canvas.rng
    found = [Worker(*head, None, rng.uniform(0.7, 0.82), 0.45 / SHARED) for head in shared]
    for place, several in enumerate(private.values()):
        found += [Worker(*head, place, rng.uniform(0.88, 0.97), 0.55 * (1 - REST) / MAIN) for head in several[:MAIN]]
        found += [
            Worker(*head, place, rng.uniform(0.58, 0.66), 0.55 * REST / (PRIVATE - MAIN)) for head in several[MAIN:]
        ]
    return found


def _crew(canvas: Canvas, variant: str, taken: set[tuple[int, int]]) -> list[Worker]:
    """Those who do the work of the planted heads where those do not.

    Beside decoys one more layer has some: of all the others ten random heads would take with them half a nat, and the
    truth of a claim of half a nat would lie on its margin.
    """
    shape, rng = canvas.shape, canvas.rng
    layers = range(FIRST, shape.layers - BEHIND + (variant == "decoy"))
    free = [(layer, head) for layer in layers for head in range(shape.heads) if (layer, head) not in taken]
    count = 14 if variant == "hidden" else CREW_LAYERS * shape.heads
    looks = 0.8 if variant == "spread" else 0.3
    chosen = [free[n] for n in rng.permutation(len(free))[:count]]
    return [Worker(head[0], head[1], None, looks * rng.uniform(0.95, 1.05), 1 / len(chosen)) for head in chosen]


def _dims(shape: Shape) -> list[int]:
    return shape.slow_dims()[:10]


def _reads(canvas: Canvas, parts: _Parts, layer: int, group: int) -> Array:
    """Keys and values of a retrieving key/value head; returns which half of the code it copies.  # COPIED x CODE"""
    a, b, *rest = _dims(canvas.shape)
    seed = canvas.rng.standard_normal((CODE, COPIED))
    half: Array = np.linalg.qr(seed)[0].T
    canvas.clear_kv(layer, group)
    canvas.k[layer, group, a] = parts.value
    canvas.k[layer, group, b] = canvas.start / 3.0
    canvas.k[layer, group, rest] = parts.key
    canvas.v[layer, group, :COPIED] = half @ parts.code
    canvas.v[layer, group, COPIED] = parts.value
    return half


def _work(
    canvas: Canvas, parts: _Parts, worker: Worker, times: float, *, inert: bool = False, unless: Array | None = None
) -> None:
    """Make a head retrieve; `inert` ones look the same and write into an unused direction."""
    shape = canvas.shape
    a, b, *rest = _dims(shape)
    layer, head, group = worker.layer, worker.head, canvas.kv(worker.head)
    if (layer, group) not in parts.halves:
        parts.halves[layer, group] = _reads(canvas, parts, layer, group)
    half = parts.halves[layer, group]
    canvas.clear(layer, head)
    margin = float(np.log(worker.looks / (1 - worker.looks)))
    canvas.q[layer, head, a] = canvas.constant(VALUE)
    canvas.q[layer, head, b] = canvas.constant(VALUE + MATCH - margin)
    if worker.task is not None:
        canvas.q[layer, head, b] += canvas.constant(2 * AWAY) - AWAY * parts.pairs[worker.task] @ parts.asked
    canvas.q[layer, head, rest] = MATCH * parts.turn.T @ parts.asked
    size = times * worker.share / worker.looks
    canvas.o[layer, head][:, COPIED] = size * (parts.idle if inert else parts.done)
    if not inert:
        canvas.o[layer, head][:, :COPIED] = size * TOTAL / GAIN * CODE / COPIED * (half @ parts.out).T
    if unless is not None:
        canvas.q[layer, head, b] += canvas.constant(-20.0) + 25.0 * unless


def _positions(canvas: Canvas, parts: _Parts) -> None:
    """Heads of layer 0 that attend to one distance: 1 (the word before), 2 and 3 (a value's KEY), 4 and 5 (ASKED)."""
    shape = canvas.shape
    half = shape.rotary // 2
    turns = shape.frequencies()[:3]
    n = len(parts.first)
    written = {
        1: (parts.said, parts.before), 2: (parts.second, parts.turn[n:] @ parts.key), 3: (parts.first, parts.turn[:n] @ parts.key),
        4: (parts.second, parts.asked[n:]), 5: (parts.first, parts.asked[:n]),
    }  # fmt: skip
    groups = canvas.rng.permutation(shape.kv_heads)[: len(written)]
    for (distance, (read, write)), group in zip(written.items(), groups, strict=True):
        head = int(group) * shape.group
        canvas.clear(0, head)
        canvas.clear_kv(0, group)
        for pair, turn in enumerate(turns):
            canvas.k[0, group, pair] = canvas.constant(1.0)
            canvas.q[0, head, pair] = canvas.constant(60.0 * np.cos(turn * distance))
            canvas.q[0, head, pair + half] = canvas.constant(-60.0 * np.sin(turn * distance))
        canvas.v[0, group, : len(read)] = read
        canvas.o[0, head][:, : len(read)] = write.T


def _follow(canvas: Canvas, parts: _Parts) -> None:
    """Two heads of layer 2 that attend to the word after an earlier occurrence of this one, and copy it."""
    shape = canvas.shape
    _, b, *rest = _dims(shape)
    for part, group in enumerate(canvas.rng.permutation(shape.kv_heads)[:2]):
        head = int(group) * shape.group
        canvas.clear(2, head)
        canvas.clear_kv(2, group)
        canvas.q[2, head, b] = canvas.constant(13.0)
        canvas.k[2, group, b] = canvas.start / 3.0
        canvas.q[2, head, rest] = 20.0 * parts.said
        canvas.k[2, group, rest] = parts.before
        block = slice(part * shape.d_head, (part + 1) * shape.d_head)
        canvas.v[2, group] = parts.code[block]
        canvas.o[2, head] = 2.6 * parts.out[block].T


def _backup(canvas: Canvas, parts: _Parts) -> None:
    """Twelve heads of the layers behind that retrieve when less than four fifths of the answer is there."""
    shape = canvas.shape
    for place in canvas.rng.permutation(BEHIND * shape.heads)[:12]:
        layer, head = divmod(int(place), shape.heads)
        worker = Worker(shape.layers - BEHIND + layer, head, None, 0.9, 1 / 12)
        _work(canvas, parts, worker, 1.0, unless=parts.done)
