"""Whether a metric depends on the basis in which heads keep their values.

V -> M V together with O -> O M^-1 inside every head leaves each logit as it was.  A metric that moves under it is
bookkeeping on that basis, and can describe but not explain.
"""

import copy
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causal_claims.engine.architecture import architecture
from causal_claims.engine.fast import FastPath
from causal_claims.engine.loading import Loaded
from causal_claims.engine.settings import Settings
from causal_claims.engine.task import Task
from causal_claims.examples import Example
from causal_claims.interventions.intervention import BASELINE
from causal_claims.metrics.metric import Metric
from causal_claims.sites import Stage

SAMPLE = 8  # examples
Array = np.ndarray[Any, np.dtype[np.float64]]


def reads_values(metric: Metric) -> bool:
    """Only what reads a head's values or their mixtures can see their basis; patterns, streams and logits cannot."""
    return any(point.stage in (Stage.QKV, Stage.Z) for point in metric.reads())


def gauge_shifts(
    loaded: Loaded, settings: Settings, metrics: Sequence[Metric], examples: Sequence[Example]
) -> dict[Metric, float]:
    """Of each metric that reads values, the largest change of its baseline over some examples when the basis of all that
    they read is rewritten.

    Relative to the metric's size where that is above 1; rounding alone gives about 1e-6 in float32.
    """
    asked = tuple(filter(reads_values, metrics))
    if not asked:
        return {}
    read = {point.layer for metric in asked for point in metric.reads() if point.stage in (Stage.QKV, Stage.Z)}
    before = _baselines(loaded, settings, asked, examples)
    after = _baselines(rewritten(loaded, read), settings, asked, examples)
    return {
        metric: float(np.nanmax(np.abs(after[metric] - before[metric]) / np.maximum(1.0, np.abs(before[metric]))))
        for metric in asked
    }


def rewritten(loaded: Loaded, layers: Collection[int], seed: int = 0) -> Loaded:
    """The model with the values of these layers' heads in another basis: the same function, other tensors.

    Only the layers that a metric reads: a copy of all would be as large as a third of the model.
    """
    moved = {id(weight) for weight in _value_weights(loaded.hf_model, layers)}
    tensors = (*loaded.hf_model.parameters(), *loaded.hf_model.buffers())
    model = copy.deepcopy(loaded.hf_model, {id(t): t for t in tensors if id(t) not in moved})
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in sorted(layers):
            there = loaded.map.blocks[layer].device
            bases = [_basis(loaded.map.d_head, generator).to(there) for _ in range(loaded.map.kv_heads)]
            _rewrite(model, layer, bases, loaded.map.group)
    return replace(loaded, hf_model=model, map=architecture(model))


def _baselines(
    loaded: Loaded, settings: Settings, metrics: tuple[Metric, ...], examples: Sequence[Example]
) -> dict[Metric, Array]:
    chosen = tuple(examples[:SAMPLE])
    found = {metric: np.full(len(chosen), np.nan) for metric in metrics}
    for part in FastPath(loaded, settings).parts(Task(metrics, (BASELINE,), chosen, tuple(range(len(chosen))))):
        for metric, values in part.values.items():
            found[metric][list(part.rows)] = values
    return found


def _basis(width: int, generator: torch.Generator) -> Tensor:
    """A rotation after unequal scaling: far from orthogonal, easy to invert.  # width x width"""
    rotation: Tensor = torch.linalg.qr(torch.randn(width, width, generator=generator, dtype=torch.float64))[0]
    scale = torch.exp(torch.linspace(-1.0, 1.0, width, dtype=torch.float64))
    return rotation * scale


def _attentions(model: Any) -> list[Any]:
    kind = model.config.model_type
    if kind == "gpt2":
        return [layer.attn for layer in model.transformer.h]
    if kind == "gpt_neox":
        return [layer.attention for layer in model.gpt_neox.layers]
    return [layer.self_attn for layer in model.model.layers]


def _value_weights(model: Any, layers: Collection[int]) -> list[Tensor]:
    found = []
    for attention in (_attentions(model)[layer] for layer in layers):
        names = {"gpt2": ("c_attn", "c_proj"), "gpt_neox": ("query_key_value", "dense")}
        for name in names.get(model.config.model_type, ("v_proj", "o_proj")):
            found += list(getattr(attention, name).parameters())
    return found


def _rewrite(model: Any, layer: int, bases: list[Tensor], group: int) -> None:
    """Columns of V times M, rows of O by its inverse, head by head, in double precision."""
    kind, attention = model.config.model_type, _attentions(model)[layer]
    width = len(bases[0])
    if kind == "gpt2":  # Conv1D: weights are inputs x outputs
        start = 2 * attention.embed_dim
        v, b = attention.c_attn.weight[:, start:], attention.c_attn.bias[start:]
        o = attention.c_proj.weight
    elif kind == "gpt_neox":
        joined = attention.query_key_value
        cut = joined.weight.view(len(bases), 3, width, -1)[:, 2]
        bias = None if joined.bias is None else joined.bias.view(len(bases), 3, width)[:, 2]
        for head, basis in enumerate(bases):
            cut[head] = (basis.T @ cut[head].double()).to(cut.dtype)
            if bias is not None:
                bias[head] = (basis.T @ bias[head].double()).to(cut.dtype)
        v, b, o = None, None, attention.dense.weight.T
    else:
        v, b, o = attention.v_proj.weight.T, attention.v_proj.bias, attention.o_proj.weight.T
    for index, basis in enumerate(bases):
        columns = slice(index * width, (index + 1) * width)
        if v is not None:
            v[:, columns] = (v[:, columns].double() @ basis).to(v.dtype)
        if b is not None:
            b[columns] = (b[columns].double() @ basis).to(b.dtype)
        for head in range(index * group, (index + 1) * group):
            rows = slice(head * width, (head + 1) * width)
            o[rows] = torch.linalg.solve(basis, o[rows].double()).to(o.dtype)
