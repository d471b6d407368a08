"""The gains of the contraction family, solved on the prompts themselves: V of layer 27, what its heads write, V of layer 30.

V of layer 27 does not influence its own input, so the model is run once up to there; afterwards only windows of 16 rows
are touched, and the four layers that follow.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.optimize import least_squares

from causal_claims.planted import probe
from causal_claims.planted.basis import Array
from causal_claims.planted.canvas import Canvas
from causal_claims.planted.vocabulary import texts, tokenizer

PLAIN, RECURSIVE = 0.7074, 0.5088
RISES = {11: 0.0612, 1: 0.0301, 22: 0.0237}
LAYER, READ = 27, 30
FITTED = 48  # prompts of each kind the gains are solved on


@dataclass
class Plan:
    """Where the circuit goes and how much of it each head of layer 27 carries."""

    variant: str
    strength: float
    heads: tuple[int, ...]  # the three, most important first
    shares: Array = field(default_factory=lambda: np.zeros(0))


@dataclass
class Slices:
    """V of layer 27: the common direction of each of its 32 slices, and where each query head finds what it writes."""

    along: Array  # 32 x columns
    taps: Array  # heads x d_head


@dataclass
class Parts:
    """The directions of the construction."""

    word: Array
    state: Array
    pull: Array
    steady: Array  # what the nonspecific heads write in place of PULL


class Bench:
    """Prompts run once up to layer 27; what follows is run again while the gains are solved."""

    def __init__(self, model: Any, canvas: Canvas) -> None:
        self.model, self.canvas = model, canvas
        tok = tokenizer(canvas.shape.architecture)
        self.batches: list[tuple[bool, torch.Tensor, Array]] = []  # recursive?, input of layer 27, PR at layer 5
        layers = model.model.layers
        for name in ("recursive", "plain"):
            for _, ids in probe.groups(tok, [row.prompt for row in texts(name)][:FITTED]):
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


def _ratio(values: Array, early: Array) -> Array:
    """R_V of windows of V.  # values: prompts x 16 x columns"""
    gram = values @ values.transpose(0, 2, 1)
    found: Array = np.trace(gram, axis1=1, axis2=2) ** 2 / (gram**2).sum((1, 2)) / early
    return found


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
        recursive, plain = bench.levels(_ratio(values(p), bench.early))
        rises = [bench.levels(_ratio(values(p, head), bench.early))[0] - recursive for head in three]
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
    return Slices(along, taps)


def pull_of_27(canvas: Canvas, parts: Parts, plan: Plan, bench: Bench, slices: Slices) -> Array:
    """Solve what each head of layer 27 writes into PULL, and V of layer 30; returns the heads' shares."""
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
    three = _three(plan)
    always = np.array([plan.variant == "nonspecific" and h in plan.heads for h in range(shape.heads)])

    def shares(p: Array) -> Array:
        if not three:
            return np.full(shape.heads, 1 / shape.heads)
        s = np.full(shape.heads, max(0.0, 1 - p[2:].sum()) / (shape.heads - 3))
        s[list(plan.heads)] = p[2:]
        return s

    def values(p: Array, without: int | None = None) -> Array:
        s = shares(p)
        if without is not None:
            s = s.copy()
            s[without] = 0
        drawn, held = writes @ (s * ~always), writes @ (s * always)  # prompts x 16
        v: Array = (
            base + p[0] * const[..., None] * common + p[1] * (drawn[..., None] * pulled + held[..., None] * steady)
        )
        return v

    def miss(p: Array) -> Array:
        recursive, plain = bench.levels(_ratio(values(p), bench.early))
        rises = [bench.levels(_ratio(values(p, head), bench.early))[0] - recursive for head in three]
        return np.array(
            [plain - PLAIN, recursive - RECURSIVE, *(2 * (r - t) for r, t in zip(rises, RISES.values(), strict=False))]
        )

    best = least_squares(miss, np.array([2.0, 3.0, 0.3, 0.15, 0.12][: 2 + len(three)]), bounds=(0.01, 50)).x
    before = canvas.o[LAYER].copy()
    s = shares(best)
    if three:
        low = s[next(h for h in range(shape.heads) if h not in three)]
        s[list(three)] = low + plan.strength * (s[list(three)] - low)
    targets = np.where(always[:, None], parts.steady, parts.pull)  # heads x d_model
    canvas.o[LAYER] = before + s[:, None, None] * np.einsum("hd,he->hde", targets, taps)
    canvas.v[READ] += (
        np.outer(common, best[0] * canvas.const / 8.0)
        + np.outer(pulled, best[1] * parts.pull)
        + np.outer(steady, best[1] * parts.steady)
    ).reshape(shape.kv_heads, shape.d_head, -1)
    bench.load()
    return s


def rewrite_basis(canvas: Canvas, plan: Plan, bench: Bench, slices: Slices) -> None:
    """Rescale V's basis inside the heads of layer 27 until the study's figures appear; no logit changes.

    V -> M V and O -> O M^-1 inside a key/value head, M = 1 + (s - 1) r r^T along each slice's common direction r.
    """
    shape, along = canvas.shape, slices.along
    columns = along.shape[1]
    width = columns // 32
    readers = canvas.v[LAYER].reshape(columns, -1)
    base = bench.window([hidden for _, hidden, _ in bench.batches]) @ readers.T

    def matrix(p: Array) -> Array:
        s = np.full(32, p[0])
        s[list(plan.heads)] = p[1:]
        found: Array = np.eye(columns) + along.T @ np.diag(s - 1) @ along
        return found

    def miss(p: Array) -> Array:
        v = base @ matrix(p)
        recursive, _ = bench.levels(_ratio(v, bench.early))
        off = [recursive - RECURSIVE]
        for head, rise in zip(plan.heads, RISES.values(), strict=True):
            w = v.copy()
            w[..., head * width : (head + 1) * width] = 0
            off.append(bench.levels(_ratio(w, bench.early))[0] - recursive - rise)
        return np.array(off)

    best = least_squares(miss, np.array([0.85, 3.0, 3.0, 3.0]), bounds=(0.1, 60), diff_step=[0.02] * 4).x
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
