"""GELU's tanh form on a processor: in place, a piece at a time, so that every pass but the first finds it in the caches."""

import math
import threading
from collections.abc import Callable

import torch
from torch import Tensor

_PIECE = 2**16  # elements: with its scratch half a megabyte, which the second-level cache of a core holds
_SCALE = 2 * math.sqrt(2 / math.pi)
TANH_FORMS = ("gelu_new", "gelu_pytorch_tanh", "gelu_fast")


class Room:
    """A buffer that is used again and again: memory fresh from the system costs as much as the arithmetic done in it."""

    def __init__(self) -> None:
        self._held: dict[tuple[torch.dtype, torch.device, int], Tensor] = {}  # a thread its own

    def of(self, rows: int, width: int, like: Tensor) -> Tensor:
        key = (like.dtype, like.device, threading.get_ident())
        held = self._held.get(key)
        if held is None or held.numel() < rows * width:
            with torch.inference_mode(False):  # it outlives the mode
                held = self._held[key] = torch.empty(rows * width, dtype=like.dtype, device=like.device)
        return held[: rows * width].view(rows, width)


def on_processor(x: Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype == torch.float32


def gelu_tanh_(x: Tensor, bias: Tensor, room: Room) -> Tensor:
    """x becomes GELU(x + bias), by x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)): torch's own tanh takes four times as long."""
    step = max(1, torch.get_num_threads() * _PIECE // x.shape[1])
    scratch = room.of(min(step, len(x)), x.shape[1], x)
    one = torch.tensor(_SCALE, dtype=x.dtype).expand_as(scratch)
    for piece in torch.split(x, step):
        inner, ones = (scratch, one) if len(piece) == len(scratch) else (scratch[: len(piece)], one[: len(piece)])
        piece.add_(bias)
        torch.addcmul(ones, piece, piece, value=0.044715 * _SCALE, out=inner)
        piece.mul_(inner.mul_(piece).sigmoid_())
    return x


def gpt2_mlp(mlp: object, activation: str) -> Callable[[Tensor, Tensor], Tensor]:
    """GPT-2's MLP; transformers writes gelu_new as eight passes over memory, a shorter way differs in the last bits only."""
    up, down, act = mlp.c_fc, mlp.c_proj, mlp.act  # type: ignore[attr-defined]
    tanh = activation in TANH_FORMS
    wide, small = Room(), Room()

    def run(x: Tensor, resid: Tensor) -> Tensor:
        flat = x.flatten(0, -2)
        if tanh and on_processor(x):
            inner = torch.mm(flat, up.weight, out=wide.of(len(flat), up.weight.shape[1], x))
            inner = gelu_tanh_(inner, up.bias, small)
        else:
            inner = torch.addmm(up.bias, flat, up.weight)
            inner = torch.ops.aten.gelu_(inner, approximate="tanh") if tanh else act(inner)
        out: Tensor = resid + down.bias
        out.view(len(inner), -1).addmm_(inner, down.weight)
        return out

    return run
