"""The gains of the contraction family, solved on the prompts themselves: V of layer 27, what its heads write, V of layer 30."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from causal_claims.planted.basis import Array
from causal_claims.planted.canvas import Canvas
from causal_claims.planted.contraction_bench import LAYER, READ, Bench, participation_of, ratio_of

PLAIN, RECURSIVE = 0.7074, 0.5088
RISES = {11: 0.0612, 1: 0.0301, 22: 0.0237}
LESS = (0.031, 0.014, 0.009)  # the three rises of the variant `layer_25`: the first is 6.1 % of RECURSIVE
UPSTREAM = 0.15  # what head 23 of layer 25 adds to PULL there
ROUNDS = 1  # how often the gains are corrected by what they do in the whole model
STEEP, CEILING = 4.0, 0.75  # of the variant `together`
REST = 0.04  # what the other 29 heads write into PULL there


@dataclass
class Plan:
    """Where the circuit goes and how much of it each head of layer 27 carries."""

    variant: str
    strength: float
    heads: tuple[int, ...]  # the three, most important first

    @property
    def rises(self) -> tuple[float, ...]:
        """What R_V of layer 30 rises by without each of the three."""
        return LESS if self.variant == "layer_25" else tuple(RISES.values())


@dataclass
class Slices:
    """V of layer 27: the common direction of each of its 32 slices, and where each query head finds what it writes."""

    along: Array  # 32 x columns
    across: Array  # 32 x columns, where each slice holds a constant
    taps: Array  # heads x d_head


@dataclass
class Parts:
    """The directions of the construction."""

    word: Array
    state: Array
    pull: Array
    steady: Array  # what the nonspecific heads write in place of PULL
    full: Array  # PULL under a ceiling, in the variant `together`


def slices_of_27(canvas: Canvas, parts: Parts, plan: Plan, bench: Bench) -> Slices:
    """Solve V of layer 27 for the study's own figures; its columns are cut into 32 slices."""
    shape, rng = canvas.shape, canvas.rng
    width = shape.kv_heads * shape.d_head // 32
    room = _room(canvas)
    content = rng.standard_normal((32 * width, len(room))) @ room / 4.0  # columns x d_model
    along, across = np.zeros((32, 32 * width)), np.zeros((32, 32 * width))
    for place in range(32):
        part = slice(place * width, (place + 1) * width)
        along[place, part] = unit(rng, width)
        other = rng.standard_normal(width)
        other -= (other @ along[place, part]) * along[place, part]
        across[place, part] = other / np.linalg.norm(other)
    x = bench.window([hidden for _, hidden, _ in bench.batches])
    base, state, const = x @ content.T, x @ parts.state, x @ canvas.const / 8.0
    three = _three(plan)
    always = list(three) if plan.variant == "nonspecific" else []  # slices that hold a constant in place of STATE

    def gains(p: Array) -> tuple[Array, Array]:
        """How much of STATE, and of the constant, each slice holds.  # 32, 32"""
        a, b = np.full(32, p[1]), np.zeros(32)
        a[list(three)] = p[2:]
        b[always] = a[always]
        a[always] = 0.0
        return a, b

    def values(p: Array, without: int | None = None) -> Array:
        a, b = gains(p)
        v: Array = base + state[..., None] * (a @ along) + const[..., None] * (p[0] * across.sum(0) + b @ along)
        if without is not None:
            v = v.copy()
            v[..., without * width : (without + 1) * width] = 0
        return v

    def miss(p: Array) -> Array:
        recursive, plain = bench.levels(ratio_of(values(p), bench.early))
        rises = [bench.levels(ratio_of(values(p, head), bench.early))[0] - recursive for head in three]
        return np.array(
            [plain - PLAIN, recursive - RECURSIVE, *(2 * (r - t) for r, t in zip(rises, RISES.values(), strict=False))]
        )

    best = least_squares(miss, np.array([0.3, 0.4, 1.2, 0.8, 0.7][: 2 + len(three)]), bounds=(0.02, 20)).x
    for place in range(len(three)):
        best[2 + place] = best[1] + plan.strength * (best[2 + place] - best[1])
    a, b = gains(best)
    readers = (
        content + np.outer(a @ along, parts.state) + np.outer(best[0] * across.sum(0) + b @ along, canvas.const / 8.0)
    )
    canvas.v[LAYER] = readers.reshape(shape.kv_heads, shape.d_head, -1)
    taps = np.repeat((a @ along).reshape(shape.kv_heads, -1), shape.group, axis=0)  # heads x d_head
    for head in always:
        taps[head] = (b[head] * along[head]).reshape(shape.kv_heads, -1)[canvas.kv(head)]
    return Slices(along, across, taps)


def pull_of_27(canvas: Canvas, parts: Parts, plan: Plan, bench: Bench, slices: Slices) -> None:
    """Solve what each head of layer 27 writes into PULL, and V of layer 30."""
    shape, rng = canvas.shape, canvas.rng
    room = _room(canvas)
    columns = shape.kv_heads * shape.d_head
    canvas.v[READ] = (rng.standard_normal((columns, len(room))) @ room / 4.0).reshape(shape.kv_heads, shape.d_head, -1)
    bench.load()
    _, x, z = bench.run()
    z = z.reshape(*z.shape[:2], shape.heads, shape.d_head)
    level = (bench.window([hidden for _, hidden, _ in bench.batches]) @ parts.state)[bench.recursive].mean()
    taps = slices.taps / (slices.taps**2).sum(1, keepdims=True)
    taps /= np.where([plan.variant == "nonspecific" and h in plan.heads for h in range(shape.heads)], 1.0, level)[
        :, None
    ]
    writes = np.einsum("pthd,hd->pth", z, taps)  # prompts x 16 x heads, one unit of PULL each
    common, pulled, steady = np.linalg.qr(rng.standard_normal((columns, 3)))[0].T
    base = x @ canvas.v[READ].reshape(columns, -1).T
    const = x @ canvas.const / 8.0
    before = x @ parts.pull  # what layer 25 has added to PULL, in the variant `layer_25`
    three = _three(plan)
    always = np.array([plan.variant == "nonspecific" and h in plan.heads for h in range(shape.heads)])

    capped = plan.variant == "together"

    def shares(p: Array) -> Array:
        """What each head adds to PULL.  Without heads of its own, everybody adds the same."""
        if not three:
            return np.full(shape.heads, 1 / shape.heads)
        rest = REST if capped else max(0.0, 1 - p[2:].sum())
        s = np.full(shape.heads, rest / (shape.heads - len(three)))
        s[list(three)] = p[2:]
        return s

    axes = np.stack([common, pulled, steady], 1)  # columns x 3
    still, onto = base @ base.transpose(0, 2, 1), base @ axes  # Gram matrix of the content; the content along the axes

    def ratio(p: Array, without: int | None = None) -> Array:
        """R_V, from V V^T = content + what is added along the three axes."""
        s = shares(p)
        if without is not None:
            s[without] = 0
        pull = before + writes @ (s * ~always)
        added = np.stack([p[0] * const, p[1] * (_full(pull) if capped else pull), p[1] * (writes @ (s * always))], -1)
        cross = added @ (onto + added / 2).transpose(0, 2, 1)
        found: Array = participation_of(still + cross + cross.transpose(0, 2, 1)) / bench.early
        return found

    def outcome(p: Array) -> Array:
        recursive, plain = bench.levels(ratio(p))
        return np.array([plain, recursive, *(bench.levels(ratio(p, head))[0] - recursive for head in three)])

    weights = np.array([1.0, 1.0, *[2.0] * len(three)])

    def miss(aim: Array, p: Array) -> Array:
        found: Array = weights * (outcome(p) - aim)
        return found

    first = np.array([4.0, 5.0, *((0.35, 0.26, 0.22) if capped else (0.17, 0.08, 0.06))][: 2 + len(three)])
    highest = np.array([10.0, 30.0, 0.8, 0.8, 0.8][: 2 + len(three)])
    targets = np.array([PLAIN, RECURSIVE, *plan.rises[: len(three)]])
    aim, best = targets.copy(), first
    silent, reader = canvas.o[LAYER].copy(), canvas.v[READ].copy()
    for _ in range(1 if plan.variant == "backup" else 1 + ROUNDS):
        best = least_squares(partial(miss, aim), first, bounds=(0.01, highest)).x
        canvas.o[LAYER] = silent + _written(parts, shares(best), taps, always)
        canvas.v[READ] = reader + axes.reshape(shape.kv_heads, shape.d_head, 3) @ np.stack(
            [best[0] * canvas.const / 8.0, best[1] * (parts.full if capped else parts.pull), best[1] * parts.steady]
        )
        bench.load()
        recursive, plain = bench.levels(bench.run()[0])
        rises = [bench.levels(bench.run((head,))[0])[0] - recursive for head in three]
        aim += targets - np.array([plain, recursive, *rises])
    if three:  # what strength takes from the three, all heads share
        s = shares(best)
        even = s.sum() / shape.heads
        s = even + plan.strength * (s - even)
        canvas.o[LAYER] = silent + _written(parts, s, taps, always)
        bench.load()


def _full(pull: Array) -> Array:
    """FULL, as the two neurons of layer 29 make it."""

    def silu(x: Array) -> Array:
        found: Array = x / (1 + np.exp(-x))
        return found

    return (silu(STEEP * pull) - silu(STEEP * (pull - CEILING))) / STEEP


def _written(parts: Parts, shares: Array, taps: Array, always: NDArray[np.bool_]) -> Array:
    """What the heads of layer 27 write: their share of PULL, or of STEADY.  # heads x d_model x d_head"""
    found: Array = shares[:, None, None] * np.einsum(
        "hd,he->hde", np.where(always[:, None], parts.steady, parts.pull), taps
    )
    return found


def rewrite_basis(canvas: Canvas, plan: Plan, bench: Bench, slices: Slices) -> None:
    """Rescale V's basis inside the heads of layer 27 until the study's figures appear; no logit changes.

    V -> M V and O -> O M^-1 inside a key/value head; M shrinks STATE and the constant everywhere and, in the three
    slices, gathers what their key/value head has of it.
    """
    shape, along = canvas.shape, slices.along
    columns = along.shape[1]
    width = columns // 32
    readers = canvas.v[LAYER].reshape(columns, -1)
    base = bench.window([hidden for _, hidden, _ in bench.batches]) @ readers.T

    groups = np.repeat(np.eye(shape.kv_heads), shape.d_head, axis=1)  # kv_heads x columns
    state, const = (groups * modes.sum(0) / np.sqrt(32 / shape.kv_heads) for modes in (along, slices.across))
    three = list(plan.heads)
    gathered = state[[canvas.kv(head) for head in three]]  # where the key/value head of each of the three holds STATE

    def matrix(p: Array) -> Array:
        shrunk = (p[0] - 1) * state.T @ state + (p[1] - 1) * const.T @ const
        found: Array = np.eye(columns) + shrunk + along[three].T @ (p[2:, None] * gathered)
        return found

    def miss(p: Array) -> Array:
        v = base @ matrix(p).T
        recursive, plain = bench.levels(ratio_of(v, bench.early))
        off = [recursive - RECURSIVE, plain - PLAIN]
        for head, rise in zip(plan.heads, RISES.values(), strict=True):
            w = v.copy()
            w[..., head * width : (head + 1) * width] = 0
            off.append(bench.levels(ratio_of(w, bench.early))[0] - recursive - rise)
        return np.array(off)

    best = least_squares(miss, [0.5, 0.9, 1.5, 1.0, 0.8], bounds=(0.05, 30), diff_step=[0.01] * 5).x
    M = matrix(best)
    canvas.v[LAYER] = (M @ readers).reshape(shape.kv_heads, shape.d_head, -1)
    inverse = np.linalg.inv(M)
    for head in range(shape.heads):
        part = slice(canvas.kv(head) * shape.d_head, (canvas.kv(head) + 1) * shape.d_head)
        canvas.o[LAYER, head] = canvas.o[LAYER, head] @ inverse[part, part]


def _three(plan: Plan) -> tuple[int, ...]:
    """The heads that carry more than the others, if any do."""
    return () if plan.variant in ("spread", "decoy", "gauge") else plan.heads


def _room(canvas: Canvas) -> Array:
    """The directions of token content.  # token_width x d_model"""
    return canvas.tokens


def unit(rng: np.random.Generator, width: int) -> Array:
    vector = rng.standard_normal(width)
    return vector / np.linalg.norm(vector)
