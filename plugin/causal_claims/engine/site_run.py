"""The `run` that an intervention's body is given: what it may ask for at its site."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from causal_claims.engine.architecture import Architecture
from causal_claims.engine.edits import Key, digest
from causal_claims.engine.tokens import Batch
from causal_claims.errors import ClaimsError
from causal_claims.examples import Example
from causal_claims.sites import Head, KVHead, Resid, Site, VSlice


class Given(Protocol):
    """Tensors of other runs, as each path measures them itself."""

    def mean(self, key: Key) -> Tensor: ...  # over all examples and positions; heads x d_head, or d_model
    def source(self, name: str, key: Key, rows: Sequence[int]) -> tuple[Batch, Tensor]: ...


class Live(Protocol):
    """The attention of a layer while it is being computed."""

    def values(self, head: int) -> Tensor: ...  # rows x keys x d_head, as this query head sees them
    def pattern(self, head: int) -> Tensor: ...  # rows x queries x keys
    def visible(self) -> Tensor: ...  # rows x queries x keys, True where a query may look


@dataclass(eq=False)
class SiteRun:
    """The `run` that an intervention's body is given beside the tensor at its site."""

    site: Site
    map: Architecture
    batch: Batch  # of the rows that the body sees
    examples: Sequence[Example]
    rows: Sequence[int]  # the examples' indices in their set
    given: Given
    live: Live | None  # None where no attention is being computed
    phase: str = "prefill"
    open: Tensor | None = None  # rows whose text has not ended; the others are carried along and do not count
    extra: Tensor | None = None  # to be added to what attention writes.  # rows x positions x d_model

    @property
    def key(self) -> Key:
        match self.site:
            case Head():
                return ("z", self.site.layer)
            case KVHead() | VSlice():
                return ("v", self.site.layer)
            case Resid():
                return (f"resid_{self.site.at}", self.site.layer)

    def mean(self) -> Tensor:
        """The mean of the clean tensor over all examples of the set and all their tokens."""
        mean = self.given.mean(self.key).to(self.batch.ids.device)
        return self._pick(mean[None, None]).clone()  # a body may write on what it gets

    def other(self, seed: int) -> Tensor:
        """What another example of the set has here, drawn once by seed; aligned at the prompt's end."""
        source, tensor = self._source(f"other:{seed}")
        if self.phase == "decode":  # nothing of the other prompt stands here: its end is held
            return _take(tensor, source.last[:, None])
        back = self.batch.last[:, None] - torch.arange(self.batch.ids.shape[1], device=tensor.device)
        index = source.last[:, None] - back.clamp(min=0)  # padding takes whatever there is
        return _take(tensor, torch.maximum(index, source.starts[:, None]))  # a shorter source repeats its first token

    def random_like(self, value: Tensor, seed: int, sign: float = 1.0) -> Tensor:
        """A random write of the same norm.

        For a query head the write is what o_proj makes of z: it is taken away, and a random direction of the residual
        stream (one for each example, the same at all positions) comes in its place with the same norm.  A key/value
        head's values are replaced by a random direction of their own space.
        """
        if not isinstance(self.site, Head):
            return sign * self._direction(value.shape[-1], seed, value) * _norm(value)
        write = value @ self.map.o(self.site.layer, self.site.index)
        drawn = sign * self._direction(write.shape[-1], seed, write) * _norm(write)
        self.extra = drawn if self.extra is None else self.extra + drawn
        return value * 0

    def patched(self, value: Tensor, source: str, part: str, at: str, layer: int | None = None) -> Tensor:
        """What the prompt in field `source` of the same example has here (or in another layer); `clean` is the prompt itself."""
        at = str(at)
        if part == "v" or (part == "pattern_v" and self.phase == "decode"):
            return self._patched_values(source, at)
        if self.phase == "decode":
            return value  # the other prompt has nothing to say about generated tokens
        batch, tensor = self._source(source, layer)
        return self._put(value, batch, tensor, source, at)

    def uniform(self, value: Tensor) -> Tensor:
        """The head's values, mixed alike over every position that it may see."""
        live, site = self._attention("uniform")
        seen = live.visible().to(value.dtype)
        return (seen / seen.sum(-1, keepdim=True)) @ live.values(site.index)

    def _patched_values(self, source: str, at: str) -> Tensor:
        """The head attends as it does in this run, to the other prompt's values."""
        live, site = self._attention("patch(part=v)")
        batch, tensor = self._given(source, ("v", site.layer))
        own = live.values(site.index)
        theirs = tensor[:, :, site.index // self.map.group].to(own.dtype)
        width = self.batch.ids.shape[1]  # keys generated later stay the run's own
        mixed = torch.cat([self._put(own[:, :width], batch, theirs, source, at), own[:, width:]], 1)
        return live.pattern(site.index).to(own.dtype) @ mixed

    def _put(self, value: Tensor, source: Batch, tensor: Tensor, name: str, at: str) -> Tensor:
        first, end = self._places(source, name, at)  # rows, each
        place = torch.arange(value.shape[1], device=value.device)[None] - self.batch.starts[:, None]
        inside = (place >= first[:, None]) & (place < end[:, None])
        # counted from the end where the span is, so that the last token always meets the last token
        shift = (source.lengths - self.batch.lengths)[:, None] if at != "all" and _from_end(at) else 0
        index = (source.starts[:, None] + place + shift).clamp(0, tensor.shape[1] - 1)
        taken = _take(tensor, index).to(value.dtype)
        return torch.where(inside.view(*inside.shape, *[1] * (value.dim() - 2)), taken, value)

    def _places(self, source: Batch, name: str, at: str) -> tuple[Tensor, Tensor]:
        lengths = self.batch.lengths
        if at == "all":
            for row, (here, there) in enumerate(zip(lengths.tolist(), source.lengths.tolist(), strict=True)):
                if here != there:
                    raise ClaimsError(
                        f"patch({self.site}, source={name}): example {self.examples[row].id!r} has {here} tokens and its "
                        f"{name!r} prompt has {there}; patching all positions needs equal lengths, else use at=last."
                    )
            return torch.zeros_like(lengths), lengths
        a, b = _span(at)
        floor = torch.minimum(lengths, source.lengths)
        ends = [
            (torch.full_like(lengths, bound) if bound >= 0 else lengths + bound) if bound is not None else default
            for bound, default in ((a, torch.zeros_like(lengths)), (b, lengths))
        ]
        if bool((floor < max(abs(a or 0), abs(b or 0))).any()):
            raise ClaimsError(
                f"patch({self.site}, at={at}): some prompt has only {int(floor.min())} tokens; choose a shorter span."
            )
        return ends[0], ends[1]

    def columns(self) -> slice:
        """The columns of v_proj's output that a value site is."""
        if isinstance(self.site, VSlice):
            return self.map.slice_columns(self.site)
        index = self.site.index if isinstance(self.site, KVHead) else 0
        return slice(index * self.map.d_head, (index + 1) * self.map.d_head)

    def _source(self, name: str, layer: int | None = None) -> tuple[Batch, Tensor]:
        kind, here = self.key
        batch, tensor = self._given(name, (kind, here if layer is None else layer))
        return batch, self._pick(tensor)

    def _given(self, name: str, key: Key) -> tuple[Batch, Tensor]:
        """Another run's tensor, beside this one's: it may come from a layer on another device."""
        batch, tensor = self.given.source(name, key, self.rows)
        return batch.to(self.batch.ids.device), tensor.to(self.batch.ids.device)

    def _pick(self, tensor: Tensor) -> Tensor:
        """This site's part of a whole layer's tensor.  # rows x positions x width"""
        match self.site:
            case Head() | KVHead():
                return tensor[:, :, self.site.index]
            case VSlice():
                return tensor.flatten(2)[:, :, self.map.slice_columns(self.site)]
            case Resid():
                return tensor

    def _attention(self, asked: str) -> tuple[Live, Head]:
        if self.live is None or not isinstance(self.site, Head):
            raise ClaimsError(f"{asked} works on query heads, and {self.site} is none.")
        return self.live, self.site

    def _direction(self, width: int, seed: int, like: Tensor) -> Tensor:
        """One unit vector for each example, the same in every run.  # rows x 1 x width"""
        drawn = [_unit(width, f"{seed}:{self.site}:{one.id}") for one in self.examples]
        return torch.stack(drawn)[:, None].to(like)


def _take(tensor: Tensor, index: Tensor) -> Tensor:
    """Positions of each row.  # rows x positions x ..."""
    return tensor[torch.arange(len(tensor), device=tensor.device)[:, None], index]


def _norm(vectors: Tensor) -> Tensor:
    return vectors.square().sum(-1, keepdim=True).sqrt()


def _unit(width: int, seed: str) -> Tensor:
    generator = torch.Generator().manual_seed(int.from_bytes(digest(seed)[:7], "big"))
    drawn = torch.randn(width, generator=generator)
    return drawn / _norm(drawn)


def _span(at: str) -> tuple[int | None, int | None]:
    if at == "last":
        return -1, None
    first, colon, end = at.partition(":")
    try:
        if not colon:
            raise ValueError
        return (int(first) if first else None), (int(end) if end else None)
    except ValueError:
        raise ClaimsError(
            f"patch(at={at!r}): write all, last, or a span of tokens such as 0:4 or -4: (Python's slices)."
        ) from None


def _from_end(at: str) -> bool:
    first = _span(at)[0]
    return first is not None and first < 0
