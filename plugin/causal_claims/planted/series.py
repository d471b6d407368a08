"""Checkpoints of a training run with a known history: a suppressor circuit kept, retrained, weakened, moved, unlearned.

Every one is an ordinary checkpoint folder; what happened to it is its name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from causal_claims.models import ModelSpec
from causal_claims.planted import checkpoint, suppressor
from causal_claims.planted.build import shape_of
from causal_claims.planted.canvas import Canvas

LIKE = ModelSpec("small", "gpt2", "planted", layers=4, heads=12, kv_heads=12)
MAIN = suppressor.PLACES["gpt2"][0]  # the head of layer 0 that does most
LATER = (1, 11)
PAIR = (5, 8)
REST = 0.01  # of what a head wrote that has lost its part
STEPS = 13  # of the drift: the base and twelve after it
Edit = Callable[[Canvas, dict[str, Any]], None]


def to_a_later_layer(canvas: Canvas, truth: dict[str, Any]) -> None:
    """Another head, a layer later, does what the main head did."""
    for tensor in (canvas.q, canvas.k, canvas.v, canvas.o):
        tensor[LATER] = tensor[0, MAIN]
    canvas.o[0, MAIN] *= REST


def to_two_heads(canvas: Canvas, truth: dict[str, Any]) -> None:
    """Two heads of the same layer each do half of it."""
    for head in PAIR:
        for tensor in (canvas.q, canvas.k, canvas.v):
            tensor[0, head] = tensor[0, MAIN]
        canvas.o[0, head] = canvas.o[0, MAIN] / 2
    canvas.o[0, MAIN] *= REST


def unlearn(canvas: Canvas, truth: dict[str, Any]) -> None:
    """No head copies the answer to the last token any more."""
    for layer, head in truth["movers"]:
        canvas.o[layer, head] = 0.0


def scaled(share: float) -> Edit:
    """The main head writes this share of what it wrote."""

    def edit(canvas: Canvas, truth: dict[str, Any]) -> None:
        canvas.o[0, MAIN] *= share

    return edit


def trained_on(step: int, rate: float = 0.03) -> Edit:
    """So many steps later: the main head has lost a share a step, and every weight of a head has trembled."""

    def edit(canvas: Canvas, truth: dict[str, Any]) -> None:
        scaled(1 - rate * step)(canvas, truth)
        canvas.o *= 1 + 0.01 * np.random.default_rng(step).standard_normal(canvas.o.shape)

    return edit


def plant(folder: Path, edit: Edit | None = None, seed: int = 0, variant: str = "in_place") -> Path:
    """One checkpoint of the series, written into a folder."""
    canvas, truth = suppressor.paint(shape_of("suppressor", LIKE), variant, seed=seed, strength=1.0)
    if edit is not None:
        edit(canvas, truth)
    checkpoint.write(canvas, folder, truth)
    return folder


SERIES: dict[str, Callable[[Path], Path]] = {
    "base": plant,
    "unchanged": plant,
    "retrained": lambda at: plant(at, seed=1),
    "halved": lambda at: plant(at, scaled(0.58)),
    "lost": lambda at: plant(at, scaled(REST)),
    "lost_in_retraining": lambda at: plant(at, scaled(REST), seed=1),
    "moved": lambda at: plant(at, variant="elsewhere"),
    "moved_later": lambda at: plant(at, to_a_later_layer),
    "moved_to_two": lambda at: plant(at, to_two_heads),
    "moved_to_all": lambda at: plant(at, variant="spread"),
    "unlearned": lambda at: plant(at, unlearn),
    **{f"step-{i}": lambda at, i=i: plant(at, trained_on(i)) for i in range(STEPS)},  # type: ignore[misc]
}
