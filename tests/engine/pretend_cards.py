"""Two cards where there is none: tensors of the processor that say they live on `cuda:0` or `cuda:1`.

Every operation runs on the processor's tensors underneath, and is refused where CUDA would refuse it: tensors of two
devices in one operation (and where CUDA would copy: in an assignment).  A tensor changes its card by `.to` alone.
What this cannot show is what real cards do of their own: kernels, rounding, streams, and their memory.
"""

import contextlib
import sys
from types import SimpleNamespace

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

MIXED = "Expected all tensors to be on the same device, but found at least two devices"
aten = torch.ops.aten
_COPIES = {aten.copy_.default, aten._to_copy.default, torch.Tensor.copy_, torch.Tensor.cpu}
_INDEXING = {
    aten.index.Tensor, aten.index_put_.default, aten._index_put_impl_.default, torch.Tensor.__getitem__,
    torch.Tensor.__setitem__, torch.Tensor.index_put_,
}  # fmt: skip
_OF_THE_WRAPPER = {
    torch.Tensor.requires_grad_,
    torch.Tensor.is_inference,
    torch.Tensor.__repr__,
    torch.Tensor.__format__,
}


def card(device) -> torch.device | None:
    """The card that is named, if one is: an index alone is one of them, `cuda` the first."""
    if isinstance(device, int) and not isinstance(device, bool):
        return torch.device("cuda", device)
    device = torch.device(device) if isinstance(device, str) else device
    if isinstance(device, torch.device) and device.type == "cuda":
        return torch.device("cuda", device.index or 0)
    return None


class OnCard(torch.Tensor):
    """A tensor that says it lives on a card."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner, device=None, requires_grad=False):
        device, inner = (inner.device, inner.inner) if isinstance(inner, OnCard) else (device, inner)
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype,
            layout=inner.layout, device=device, requires_grad=requires_grad,
        )  # fmt: skip
        made.inner = inner
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return operate(func, args, kwargs or {})

    def __repr__(self):
        return f"OnCard({self.inner!r}, {self.device})"

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            made = OnCard(self.inner.detach().clone(), self.device, self.requires_grad)
            made.__dict__.update({name: value for name, value in self.__dict__.items() if name != "inner"})
            memo[id(self)] = made
        return memo[id(self)]

    @property
    def _version(self):
        return self.inner._version

    def data_ptr(self):
        return self.inner.data_ptr()

    def untyped_storage(self):
        return self.inner.untyped_storage()


class Cards(TorchFunctionMode):
    """Each call of torch's is one operation, and what is made or moved by naming a card is on it.

    Moves from card to card are noted by the line of the package that asks for them, and `left_out` undoes those of one.
    """

    def __init__(self):
        super().__init__()
        self.moves = set()
        self.left_out = None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func is torch.device and isinstance(args[0], int):  # torch would ask what accelerator there is
            return torch.device("cuda", args[0])
        if func is torch._has_compatible_shallow_copy_type:  # a module that is moved gets new parameters
            return False
        if func is torch.Tensor.cuda:
            func, args = torch.Tensor.to, (args[0], kwargs.pop("device", "cuda"))
        if func is torch.Tensor.to:
            moved = _moved(*args, **kwargs)
            if isinstance(moved, OnCard) and isinstance(args[0], OnCard) and moved.device != args[0].device:
                asked = sys._getframe(1)
                if "causal_claims" in asked.f_code.co_filename:
                    line = (asked.f_code.co_filename.rpartition("/")[2], asked.f_lineno)
                    self.moves.add(line)
                    if line == self.left_out:
                        return OnCard(moved.inner, args[0].device)
            return moved
        if func.__name__ in ("__get__", "__set__") or func in _OF_THE_WRAPPER:
            return func(*args, **kwargs)
        return operate(func, args, kwargs)


def operate(func, args, kwargs):
    """On the processor, what its tensors' device allows; the result is where they are, or where a card is named."""
    leaves = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, torch.Tensor)]
    there = None if func in _COPIES else device_of(func, leaves)
    named = kwargs.get("device")
    if card(named) is not None:
        there, kwargs = card(named), {**kwargs, "device": "cpu"}
    elif named is not None or func is torch.Tensor.cpu:
        there = None
    elif func in _COPIES:
        there = leaves[0].device
    if there is not None and func in (torch.Tensor.numpy, torch.Tensor.__array__):
        raise TypeError(f"can't convert {there} device type tensor to numpy. Use Tensor.cpu() first.")
    found = func(*_bare(args), **_bare(kwargs))
    mine = {id(one.inner): one for one in leaves if isinstance(one, OnCard)}
    for one in mine.values():
        if (one.shape, one.stride()) != (one.inner.shape, one.inner.stride()):
            raise NotImplementedError(
                f"{func} gave a tensor another shape in place, which this pretence does not follow"
            )
    return tree_map(lambda one: _labelled(one, there, mine), found)


def device_of(func, leaves) -> torch.device | None:
    """Where an operation happens; refused where its tensors are in two places.

    As on CUDA: a single number may come from the host, and indices may.
    """
    cards = list(dict.fromkeys(one.device for one in leaves if isinstance(one, OnCard)))
    host = any(not isinstance(one, OnCard) and one.dim() > 0 for one in leaves) and func not in _INDEXING
    if len(cards) + (bool(cards) and host) > 1:
        there = [*map(str, cards), "cpu"]
        raise RuntimeError(f"{MIXED}, {there[0]} and {there[1]}! (when checking {func})")
    return cards[0] if cards else None


def _moved(tensor, *what, device=None, dtype=None, **options):
    """`.to` with a card, a type, another tensor, or several of them."""
    for one in what:
        if isinstance(one, torch.Tensor):
            device, dtype = one.device, one.dtype
        elif isinstance(one, torch.dtype):
            dtype = one
        elif one is not None and not isinstance(one, bool):
            device = one
    there = tensor.device if device is None else card(device) or torch.device(device)
    inner = _bare(tensor)
    made = inner.to(dtype=dtype or inner.dtype, **options)
    if made is inner and there == tensor.device:
        return tensor
    made = made.clone() if made is inner else made
    return made if card(there) is None else OnCard(made, there)


def _bare(given):
    return tree_map(lambda one: one.inner if isinstance(one, OnCard) else one, given)


def _labelled(one, there, mine):
    """What an operation wrote on is handed back as the object that it was given."""
    if not isinstance(one, torch.Tensor) or there is None or isinstance(one, OnCard):
        return one
    return mine[id(one)] if id(one) in mine else OnCard(one, there)


@contextlib.contextmanager
def two_cards(monkeypatch, free_gb=(64.0, 64.0)):
    """Torch as it is on a machine with two cards, as far as anybody asks it."""
    total = 80 * 2**30
    answers = {
        "is_available": lambda: True,
        "device_count": lambda: 2,
        "current_device": lambda: 0,
        "mem_get_info": lambda device=0: (int(free_gb[card(device).index] * 2**30), total),
        "memory_reserved": lambda device=0: 0,
        "memory_allocated": lambda device=0: 0,
        "synchronize": lambda device=None: None,
        "empty_cache": lambda: None,
        "get_device_properties": lambda device=0: SimpleNamespace(total_memory=total, name="pretended card"),
    }
    with monkeypatch.context() as patch:
        for name, answer in answers.items():
            patch.setattr(torch.cuda, name, answer)
        patch.setenv("HF_DEACTIVATE_ASYNC_LOAD", "1")  # the pretence is this thread's
        with Cards() as cards:
            yield cards
