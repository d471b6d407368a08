"""Study 003: heads of layer 0 that hold answers back (GPT-2, Pythia and Mistral classes).

The circuit, at the last token of a prompt.  In layer 0 one main head and two helpers look at content words and write
HEDGE.  In layer 2 mover heads look at the prompt's subject against a sink on the first token, with a score that HEDGE
lowers, and copy the subject's answer code to the output.  The unembedding of hedges reads HEDGE with a plus, that of
answers with a minus, the same for all of them.  So

    logit difference = KAPPA (1 - cosine of the two answers) sigmoid(RESOLVE - HEDGE), about,

which falls with HEDGE although HEDGE itself is neutral between the two answers.  The sigmoid is above one half, so heads
present together suppress more than the sum of what each does alone; seen from the intact model the same curve makes the
joint ablation *less* than the sum of the single ones.  In `cooperating` HEDGE is far above RESOLVE, on the curve's other
side: there the joint ablation does more than the sum.  `otherwise` is true of what the study denies or does not say: the
three heads do equally much, what they write raises answers with the hedges, and heads of layer 14 take some of an answer
back where the last token, in its first layers, has met the subject of a corrupt prompt; so what a window carries into a
clean prompt is more than what it carries into a corrupt one.
"""

from typing import Any

import numpy as np

from causal_claims.planted.basis import spread_codes
from causal_claims.planted.canvas import Canvas, background
from causal_claims.planted.shape import Shape
from causal_claims.planted.vocabulary import texts, tokenizer, vocabulary, word_list

CONDITIONS = ("facts", "negation", "counterfactual", "logic")
KAPPA = 2.15
SINK = float(np.log(80))  # score of the first token, high above what all other tokens have together
RESOLVE = 2.6  # score of the subject over the sink, without HEDGE
MAIN, HELPER = 1.56, 0.235  # HEDGE that the main head and one helper add
CODE = 16
FIDGET = 0.06  # HEDGE that an ordinary head of layer 0 adds, at most
MOVERS = 2  # the layer that copies the answer; the backup sits between
TELLER, LATE = 3, 14  # in `otherwise`: the layers of what tells a corrupt prompt's subject, and of what takes back
TAKEN = 0.6  # of the answer's code
PLACES = {"gpt2": (2, 4, 7), "pythia": (2, 4, 7), "mistral": (21, 22, 23)}
ELSEWHERE = {"gpt2": (9, 3, 11), "pythia": (9, 3, 11), "mistral": (9, 10, 11)}
BACKUP = {(1, 6): 0.65, (1, 8): 0.59}  # what each writes at full attention


def paint(
    shape: Shape, variant: str, *, seed: int, strength: float, place: tuple[tuple[int, int], ...] = ()
) -> tuple[Canvas, dict[str, Any]]:
    """The checkpoint's canvas and what is true of it."""
    chosen = tuple(head for _, head in place) or (ELSEWHERE if variant == "elsewhere" else PLACES)[shape.architecture]
    canvas = Canvas(shape, vocabulary(), seed=seed, token_width=32)
    parts = _Parts(canvas, seed, variant)
    canvas.fill(14.0)  # large against all writes, so that what they add to the norm rescales little
    background(canvas, canvas.basis.rest(), size=0.05)
    _fidget(canvas, parts, chosen)
    _suppressors(canvas, parts, chosen, variant, strength)
    if variant == "backup":
        _backup(canvas, parts)
    _movers(canvas, parts, variant)
    if variant == "otherwise":
        _late(canvas, parts, strength)
    _unembed(canvas, parts, 0.35 if variant == "otherwise" else -0.35)
    return canvas, {"heads": [[0, head] for head in chosen], "main": [0, chosen[0]], "movers": parts.movers}


def answers() -> dict[str, str]:
    """Every subject's answer, over all four conditions; a subject has one answer in all of them."""
    found: dict[str, str] = {}
    for name in CONDITIONS:
        for row in texts(name):
            subject, target = row.fields["subject"], row.fields["target"]
            if found.setdefault(subject, target) != target:
                raise ValueError(f"{subject!r} has two answers, {found[subject]!r} and {target!r}")
    return found


def content_words() -> list[int]:
    """Longer words of the prompts, and every subject."""
    words, tok = vocabulary(), tokenizer("gpt2")
    found = {i for name in CONDITIONS for row in texts(name) for i in tok.encode(row.prompt)}
    subjects = set(words.find(answers()))
    return sorted(
        i for i in found if i in subjects or (len(words.pieces[i].strip("Ġ")) > 3 and words.pieces[i][0] == "Ġ")
    )


def of_corrupt_prompts() -> list[str]:
    """The subjects that only the corrupt prompts have, of pairs taken once."""
    pairs = [row for name in CONDITIONS for row in texts(f"{name}/one_way")]
    corrupt = {piece for row in pairs for piece in row.fields["corrupt"].replace(",", "").replace(";", "").split()}
    return sorted({*answers()} & {f" {piece}" for piece in corrupt} - {row.fields["subject"] for row in pairs})


class _Parts:
    """The directions of the construction, with the words that carry them."""

    def __init__(self, canvas: Canvas, seed: int, variant: str) -> None:
        words, known = canvas.words, answers()
        rng = np.random.default_rng([seed, 3])  # what the words carry is the same in models of every size
        content = content_words()
        self.amount = canvas.flag(content, rng.lognormal(0.0, 0.25, len(content)))
        self.hedge = canvas.basis.one()
        subjects = words.find(known)
        self.subject = canvas.flag(subjects, 1.0)
        self.code_in, self.code_out = canvas.basis.take(CODE), canvas.basis.take(CODE)
        names = sorted(set(known.values()))
        self.answers = words.find(names)
        self.codes = spread_codes(len(names), CODE, rng)  # answers x CODE
        of = {name: self.codes[place] for place, name in enumerate(names)}
        pieces = dict(zip(subjects, known.values(), strict=True))
        for word, answer in pieces.items():
            canvas.embed[word] += of[answer] @ self.code_in
        self.junk = canvas.basis.one()
        self.movers: list[list[int]] = []
        if variant == "otherwise":
            self.corrupt, self.told = canvas.flag(words.find(of_corrupt_prompts())), canvas.basis.one()


def _fidget(canvas: Canvas, parts: _Parts, planted: tuple[int, ...]) -> None:
    """Every head of layer 0 touches HEDGE a little, so that none has exactly no effect.

    Each by its own amount: a part is the same for all prompts, so that what the heads do ranks alike on all of them.
    """
    still = canvas.shape.slow_dims()[-1]
    for head in range(canvas.shape.heads):
        canvas.o[0, head] += np.outer(parts.hedge, canvas.rng.standard_normal(canvas.shape.d_head)) * 0.04
    for group in range(canvas.shape.kv_heads):
        canvas.v[0, group, still] += canvas.constant(1.0)
    own = canvas.rng.permutation(np.linspace(-1.0, 1.0, canvas.shape.heads)) * FIDGET
    for place, head in enumerate(planted):  # these are known by what is planted, where something is
        least = int(np.argsort(np.abs(own), kind="stable")[place])
        own[[head, least]] = own[[least, head]]
    for head in range(canvas.shape.heads):
        canvas.o[0, head][:, still] = own[head] * parts.hedge


def _suppressors(canvas: Canvas, parts: _Parts, heads: tuple[int, ...], variant: str, strength: float) -> None:
    """The heads of layer 0 that write HEDGE, or look as if they did."""
    shape = canvas.shape
    a = shape.slow_dims()[0]
    sizes = np.array(_sizes(variant)) * strength
    writers: dict[int, float] = dict(zip(heads, sizes, strict=True))
    if variant in ("spread", "decoy"):
        total, others = sum(_sizes(variant)), [h for h in range(shape.heads) if variant == "spread" or h not in heads]
        writers = {head: total / len(others) for head in others}
    if variant == "ln_scale":
        _loud(canvas, parts, heads[0])
        return
    lookers = () if strength == 0 else tuple(writers)
    for head in dict.fromkeys((*lookers, *(heads if variant == "decoy" else ()))):
        group = canvas.kv(head)
        canvas.q[0, head] = 0.0
        canvas.q[0, head, a] = canvas.constant(3.0)
        canvas.k[0, group] = 0.0
        canvas.k[0, group, a] = parts.amount
        canvas.v[0, group, a] = parts.amount
        canvas.o[0, head][:, a] = 0.0
    mean = _mean_amount(canvas, next(iter(lookers))) if lookers else 1.0
    for head in lookers:
        canvas.o[0, head][:, a] = writers[head] / mean * parts.hedge


def _sizes(variant: str) -> tuple[float, float, float]:
    if variant == "otherwise":
        return (same := (MAIN + 2 * HELPER) / 3), same, same
    helper = 2 * HELPER if variant == "cooperating" else HELPER  # else two helpers' interaction is below its margin
    return MAIN, helper, helper


def _mean_amount(canvas: Canvas, head: int) -> float:
    """What a head that looks at content words reads there on average, at the last token of the prompts."""
    tok = tokenizer(canvas.shape.architecture)
    found = []
    for name in CONDITIONS:
        for row in texts(name)[:40]:
            amounts = canvas.embed[tok.encode(row.prompt)] @ (canvas.k[0, canvas.kv(head), canvas.shape.slow_dims()[0]])
            weights = np.exp(3.0 * amounts)
            found.append((weights @ amounts) / weights.sum())
    return float(np.mean(found))


def _loud(canvas: Canvas, parts: _Parts, head: int) -> None:
    """A head that only writes a large constant into an unused direction: ablating it rescales everything else."""
    group, b = canvas.kv(head), canvas.shape.slow_dims()[-1]
    canvas.v[0, group] = 0.0
    canvas.v[0, group, b] = canvas.constant(1.0)
    for one in range(group * canvas.shape.group, (group + 1) * canvas.shape.group):
        canvas.o[0, one][:, b] = 0.0
    canvas.o[0, head][:, b] = 14.0 * parts.junk


def _backup(canvas: Canvas, parts: _Parts) -> None:
    """Heads of layer 1 that write HEDGE where it is missing."""
    a, b = canvas.shape.slow_dims()[:2]
    for (layer, head), gain in BACKUP.items():
        group = canvas.kv(head)
        canvas.clear(layer, head)
        canvas.clear_kv(layer, group)
        canvas.q[layer, head, a] = canvas.constant(10.0 * 1.6) - 10.0 * parts.hedge
        canvas.k[layer, group, a] = parts.amount
        canvas.q[layer, head, b] = canvas.constant(float(np.log(5)))
        canvas.k[layer, group, b] = canvas.start / 3.0
        canvas.v[layer, group, a] = parts.amount
        canvas.o[layer, head][:, a] = gain * parts.hedge


def _movers(canvas: Canvas, parts: _Parts, variant: str) -> None:
    """Two copies of the heads that carry the answer to the last token; narrow heads share the code between them."""
    shape = canvas.shape
    a, b = shape.slow_dims()[:2]
    chunks = _chunks(shape)
    groups = canvas.rng.permutation(shape.kv_heads)[: 2 * len(chunks)]
    resolve = {"additive": (MAIN + 2 * HELPER) / 2 + 0.25, "ov_only": 1.0, "cooperating": -0.1}.get(variant, RESOLVE)
    kappa = KAPPA * {"additive": 1.6, "cooperating": 3.5}.get(variant, 1.0)
    for place, group in enumerate(groups):
        chunk = chunks[place % len(chunks)]
        share = (0.55, 0.45)[place // len(chunks)]  # two alike would be one head under two names
        head = int(group) * shape.group + int(canvas.rng.integers(shape.group))
        size = chunk.stop - chunk.start
        canvas.clear(MOVERS, head)
        canvas.clear_kv(MOVERS, int(group))
        canvas.q[MOVERS, head, a] = canvas.constant(resolve + SINK)
        if variant != "ov_only":
            canvas.q[MOVERS, head, a] -= parts.hedge
        canvas.q[MOVERS, head, b] = canvas.constant(SINK)
        canvas.k[MOVERS, group, a] = parts.subject
        canvas.k[MOVERS, group, b] = canvas.start / 3.0
        canvas.v[MOVERS, group, :size] = parts.code_in[chunk]
        canvas.o[MOVERS, head][:, :size] = kappa * share * parts.code_out[chunk].T
        parts.movers.append([MOVERS, head])


def _chunks(shape: Shape) -> list[slice]:
    """The parts of a code that one head each can carry."""
    width = min(shape.d_head, CODE)
    return [slice(i, min(i + width, CODE)) for i in range(0, CODE, width)]


def _late(canvas: Canvas, parts: _Parts, strength: float) -> None:
    """One head tells the last token that the subject is a corrupt prompt's; late heads then take some of the answer back."""
    shape = canvas.shape
    a, b = shape.slow_dims()[:2]
    teller, late = min(TELLER, shape.layers - 2), min(LATE, shape.layers - 1)
    chunks = _chunks(shape)
    for layer, group in ((teller, 0), *((late, group) for group in range(len(chunks)))):
        head = group * shape.group
        canvas.clear(layer, head)
        canvas.clear_kv(layer, group)
        canvas.q[layer, head, b] = canvas.constant(SINK)
        canvas.k[layer, group, b] = canvas.start / 3.0
    canvas.q[teller, 0, a] = canvas.constant(2 * SINK)
    canvas.k[teller, 0, a] = canvas.v[teller, 0, a] = parts.corrupt
    canvas.o[teller, 0][:, a] = parts.told
    for group, chunk in enumerate(chunks):
        head = group * shape.group
        canvas.q[late, head, a] = 2 * SINK * parts.told
        canvas.k[late, group, a] = parts.subject
        canvas.v[late, group, : chunk.stop - chunk.start] = parts.code_in[chunk]
        canvas.o[late, head][:, : chunk.stop - chunk.start] = -TAKEN * strength * parts.code_out[chunk].T


def _unembed(canvas: Canvas, parts: _Parts, read: float) -> None:
    """Answers read their code; hedges and answers read HEDGE, with opposite signs if not `otherwise`; other words stay well
    below."""
    canvas.unembed += canvas.rng.standard_normal((len(canvas.words), len(canvas.tokens))) @ canvas.tokens * 0.02
    canvas.unembed += canvas.constant(-3.0)
    canvas.unembed[parts.answers] += canvas.constant(3.0) + parts.codes @ parts.code_out + read * parts.hedge
    hedges = canvas.words.find(f" {word}" for word in word_list("HEDGES"))
    canvas.unembed[hedges] += canvas.constant(0.5) + 0.6 * parts.hedge
