"""Measuring a planted model with plain PyTorch hooks: for calibrating a construction, and for its table of effects.

This is deliberately not the engine: what a planted model does is established by other code than the code under test.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch

from causal_claims.planted.basis import Array
from causal_claims.planted.canvas import Canvas
from causal_claims.planted.checkpoint import config, tensors

Change = Callable[[torch.Tensor], torch.Tensor]


def in_memory(canvas: Canvas) -> Any:
    """The canvas as a model, without going over the disk."""
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.initialization import no_init_weights

    settings = config(canvas.shape, canvas.words.ids)
    with no_init_weights():  # all of them are the canvas's
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**settings))  # type: ignore[no-untyped-call]
    fill(model, canvas)
    return model.eval()


def fill(model: Any, canvas: Canvas) -> None:
    """The canvas's weights, into a model of its shape."""
    state = {name: torch.from_numpy(value) for name, value in tensors(canvas).items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    if missing or unexpected:
        raise ValueError(f"the checkpoint does not fit its class: missing {missing}, unexpected {unexpected}")


def blocks(model: Any) -> Any:
    """The list of layers."""
    for path in ("model.layers", "transformer.h", "gpt_neox.layers"):
        owner: Any = model
        for name in path.split("."):
            owner = getattr(owner, name, None)
        if owner is not None:
            return owner
    raise ValueError(f"{type(model).__name__} has no list of layers known here")


def out_projection(block: Any) -> Any:
    """The module whose input is z, all query heads side by side."""
    if hasattr(block, "self_attn"):
        return block.self_attn.o_proj
    return block.attn.c_proj if hasattr(block, "attn") else block.attention.dense


def head_width(model: Any) -> int:
    settings = model.config
    width = getattr(settings, "head_dim", None) or settings.hidden_size // settings.num_attention_heads
    return int(width)


@contextmanager
def changed(model: Any, edits: dict[tuple[int, int], Change]) -> Iterator[None]:
    """Edit z of some (layer, head), at every position of every call."""
    width = head_width(model)

    def hook(heads: dict[int, Change]) -> Callable[..., Any]:
        def edit(_: Any, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
            z = arguments[0].clone()  # batch x positions x (heads d_head)
            for head, change in heads.items():
                part = slice(head * width, (head + 1) * width)
                z[..., part] = change(z[..., part])
            return (z, *arguments[1:])

        return edit

    by_layer: dict[int, dict[int, Change]] = {}
    for (layer, head), change in edits.items():
        by_layer.setdefault(layer, {})[head] = change
    with ExitStack() as stack:
        for layer, heads in by_layer.items():
            handle = out_projection(blocks(model)[layer]).register_forward_pre_hook(hook(heads))
            stack.callback(handle.remove)
        yield


def zeroed(model: Any, heads: Iterable[tuple[int, int]]) -> Any:
    """Zero z of these query heads."""
    return changed(model, dict.fromkeys(heads, torch.zeros_like))


@contextmanager
def captured(module: Any, into: list[torch.Tensor], *, output: bool = True) -> Iterator[None]:
    """Collect a module's output (or first input) of every call."""
    if output:
        handle = module.register_forward_hook(
            lambda _, __, out: into.append((out[0] if isinstance(out, tuple) else out).detach())
        )
    else:
        handle = module.register_forward_pre_hook(lambda _, given: into.append(given[0].detach()))
    try:
        yield
    finally:
        handle.remove()


def groups(tokenizer: Any, texts: Sequence[str]) -> list[tuple[list[int], torch.Tensor]]:
    """Equally long texts together, so that nothing is padded: (which texts, their ids)."""
    coded = [tokenizer.encode(text) for text in texts]
    by_length: dict[int, list[int]] = {}
    for place, ids in enumerate(coded):
        by_length.setdefault(len(ids), []).append(place)
    return [(places, torch.tensor([coded[p] for p in places])) for _, places in sorted(by_length.items())]


def last_logits(model: Any, tokenizer: Any, texts: Sequence[str]) -> Array:
    """Logits after the last token of every text.  # texts x words"""
    found = np.zeros((len(texts), model.config.vocab_size))
    with torch.no_grad():
        for places, ids in groups(tokenizer, texts):
            found[places] = model(ids).logits[:, -1].double().numpy()
    return found


def participation(values: torch.Tensor, window: int = 16) -> Array:
    """PR of the last rows of V: (sum of squared singular values)^2 over the sum of their squares.  # batch"""
    rows = values[:, -window:].double()
    gram = rows @ rows.transpose(1, 2)  # batch x window x window
    trace = gram.diagonal(dim1=1, dim2=2).sum(1)
    found: Array = (trace**2 / (gram**2).sum((1, 2))).numpy()
    return found
