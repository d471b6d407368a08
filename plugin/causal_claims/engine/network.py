"""A decoder walked layer by layer, so that a run can start and stop anywhere and be edited on the way.

Projections, norms, MLPs and rotary angles are the model's own; only the order of calls is ours.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from causal_claims.engine.architecture import Architecture, Block
from causal_claims.engine.tokens import Batch

OnValues = Callable[[int, Tensor], Tensor]
THIN = 32  # width of heads up to which the CPU's kernel is slow just below a multiple of 8 tokens, by up to 1.8


@dataclass(eq=False)
class Frame:
    """What all layers of one pass share: who may look where, and the rotary angles."""

    batch: Batch
    cos: Tensor | None  # rows or 1 x positions x rotated dimensions
    sin: Tensor | None
    _masks: dict[int | None, Tensor | None] = field(default_factory=dict)
    _elsewhere: dict[torch.device, "Frame"] = field(default_factory=dict)

    def on(self, device: torch.device) -> "Frame":
        """The same beside the weights of a layer, moved once."""
        if device == self.batch.ids.device:
            return self
        if device not in self._elsewhere:
            turns = [t if t is None else t.to(device) for t in (self.cos, self.sin)]
            self._elsewhere[device] = Frame(self.batch.to(device), turns[0], turns[1])
        return self._elsewhere[device]

    def mask(self, window: int | None) -> Tensor | None:
        """rows or 1 x 1 x queries x keys, True where a query may look; None where plain causal order says it all.

        Right-padded prompts need no mask: no token looks at what comes after it.
        """
        width = self.batch.ids.shape[1]
        if window is not None and window >= width:
            window = None
        if window not in self._masks:
            plain = window is None and not self.batch.left
            self._masks[window] = None if plain else self.visible(window)[:, None]
        return self._masks[window]

    def visible(self, window: int | None) -> Tensor:
        """rows or 1 x queries x keys"""
        place = torch.arange(self.batch.ids.shape[1], device=self.batch.ids.device)
        back = place[:, None] - place[None]
        seen = (back >= 0) if window is None else (back >= 0) & (back < window)
        if not self.batch.left:
            return seen[None]
        # padding sees itself, since a softmax over nothing is NaN
        return (seen & self.batch.mask[:, None, :]) | torch.eye(len(place), dtype=torch.bool, device=place.device)

    def seen_by_last(self, window: int | None) -> Tensor:
        """What each row's last token may look at.  # rows x keys"""
        seen, last = self.visible(window), self.batch.last
        return seen[0][last] if len(seen) == 1 else seen[torch.arange(len(last), device=last.device), last]

    def repeated(self, times: int) -> "Frame":
        """The frame of a batch whose rows are these, `times` over."""
        b = self.batch
        batch = Batch(
            b.ids.repeat(times, 1),
            b.mask.repeat(times, 1),
            b.positions.repeat(times, 1),
            b.lengths.repeat(times),
            b.left,
        )
        many = [t if t is None or len(t) == 1 else t.repeat(times, 1, 1) for t in (self.cos, self.sin)]
        return Frame(batch, many[0], many[1])


@dataclass(eq=False)
class Attending:
    """The attention of one layer while it is being computed."""

    map: Architecture
    block: Block
    frame: Frame
    q: Tensor  # rows x positions x heads x d_head, rotated
    k: Tensor  # rows x positions x KV heads x d_head, rotated
    v: Tensor
    place: slice = field(default_factory=lambda: slice(None))  # the queries that a body sees, and no key after them

    def values(self, head: int) -> Tensor:
        return self.v[:, : self.place.stop, head // self.map.group].clone()  # a body may write on what it gets

    def pattern(self, head: int) -> Tensor:
        queries = torch.arange(self.q.shape[1], device=self.q.device)[self.place]
        return self.attention(head, queries.expand(len(self.q), -1))[..., : self.place.stop]

    def visible(self) -> Tensor:
        return self.frame.visible(self.block.window)[:, self.place, : self.place.stop]

    def attention(self, head: int, queries: Tensor) -> Tensor:
        """rows x queries -> rows x queries x keys"""
        rows = torch.arange(len(self.q), device=self.q.device)[:, None]
        q = self.q[rows, queries, head].float()
        scores = q @ self.k[:, :, head // self.map.group].float().mT * self.block.scale
        seen = self.frame.visible(self.block.window)
        seen = seen[0][queries] if len(seen) == 1 else seen[rows, queries]
        return scores.masked_fill(~seen, -torch.inf).softmax(-1)

    def rows(self, part: slice, place: slice = slice(None)) -> "Attending":
        b = self.frame.batch
        batch = Batch(b.ids[part], b.mask[part], b.positions[part], b.lengths[part], b.left)
        frame = Frame(batch, None, None)
        return Attending(self.map, self.block, frame, self.q[part], self.k[part], self.v[part], place)


class Network:
    """One model's layers as functions of the residual stream."""

    def __init__(self, mapped: Architecture) -> None:
        self.map = mapped

    def embed(self, batch: Batch) -> tuple[Tensor, Frame]:
        resid = self.map.embed(batch.ids, batch.positions)
        if self.map.angles is None:
            return resid, Frame(batch, None, None)
        places = batch.positions if batch.left else torch.arange(batch.ids.shape[1], device=batch.ids.device)[None]
        cos, sin = self.map.angles(resid, places)
        return resid, Frame(batch, cos.to(resid.device), sin.to(resid.device))

    def enter(self, layer: int, resid: Tensor, frame: Frame) -> tuple[Tensor, Frame]:
        """Both where the layer's weights are; a model on one device has nothing to move."""
        if not self.map.split:
            return resid, frame
        device = self.map.blocks[layer].device
        return resid.to(device), frame.on(device)

    def attending(self, layer: int, resid: Tensor, frame: Frame, on_values: OnValues | None = None) -> Attending:
        block = self.map.blocks[layer]
        q, k, v = block.qkv(block.norm1(resid))
        if on_values is not None:
            v = on_values(layer, v)
        return Attending(self.map, block, frame, self.rotated(q, frame), self.rotated(k, frame), v)

    def values(self, layer: int, resid: Tensor) -> Tensor:
        block = self.map.blocks[layer]
        return block.values(block.norm1(resid))

    def rotated(self, x: Tensor, frame: Frame) -> Tensor:
        if frame.cos is None or frame.sin is None:
            return x
        cos, sin = frame.cos[:, :, None], frame.sin[:, :, None]
        turned, passed = x[..., : self.map.rotary], x[..., self.map.rotary :]
        half = self.map.rotary // 2
        sin = torch.cat([-sin[..., :half], sin[..., half:]], -1)  # few rows, where the negated half would be many
        turned = (turned * cos).add_(turned.roll(half, -1).mul_(sin))
        return torch.cat([turned, passed], -1) if passed.shape[-1] else turned

    def mix(self, at: Attending) -> Tensor:
        """Attention without its pattern.  # rows x positions x heads x d_head"""
        mask = at.frame.mask(at.block.window)
        return attend(at.q, at.k, at.v, mask, at.block.scale, causal=mask is None)

    def mix_last(self, at: Attending) -> Tensor:
        """What each row's last token mixes.  # rows x 1 x heads x d_head"""
        last = at.frame.batch.last
        mask = at.frame.seen_by_last(at.block.window)
        asked = at.q[torch.arange(len(last), device=last.device), last][:, None]
        return attend(asked, at.k, at.v, mask[:, None, None], at.block.scale)

    def look(self, layer: int, resid: Tensor, frame: Frame) -> Tensor | None:
        """The same straight from the residual stream, where the architecture allows it; in low precision it would round otherwise."""
        block = self.map.blocks[layer]
        if block.look is None or resid.dtype != torch.float32:
            return None
        return block.look(block.norm1(resid), frame.batch.last, frame.seen_by_last(block.window))

    def write(self, layer: int, z: Tensor, resid: Tensor) -> Tensor:
        """The residual stream after attention has written.  # rows x positions x d_model"""
        block = self.map.blocks[layer]
        out = resid.clone() if block.b_o is None else resid + block.b_o  # the product is added where the sum will be
        out.view(-1, out.shape[-1]).addmm_(z.reshape(out.numel() // out.shape[-1], -1), block.w_o)
        return out

    def mlp(self, layer: int, read: Tensor, resid: Tensor) -> Tensor:
        """The residual stream after the MLP, which reads `read`, has written."""
        block = self.map.blocks[layer]
        return block.mlp(block.norm2(read), resid)

    def finish(self, layer: int, pre: Tensor, mid: Tensor) -> Tensor:
        """From after attention to after the block."""
        return self.mlp(layer, pre if self.map.parallel else mid, mid)

    def unembed(self, resid: Tensor, columns: Tensor | None) -> Tensor:
        """rows x P x d_model -> rows x P x vocabulary, or only each row's columns (rows x C)"""
        normed = self.map.final_norm(resid.to(self.map.norm_device)).to(self.map.out)
        if columns is None:
            return functional.linear(normed, self.map.w_u, self.map.b_u)
        columns = columns.to(self.map.out)
        found = torch.einsum("rpd,rcd->rpc", normed, self.map.w_u[columns])
        return found if self.map.b_u is None else found + self.map.b_u[columns][:, None]


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float, causal: bool = False) -> Tensor:
    """Fused attention; tensors are rows x positions x heads x d_head."""
    grouped = q.shape[2] != k.shape[2]
    if grouped and q.shape[1] == 1 and (mask is None or mask.shape[1] == 1):  # a group's heads, as if they were queries
        rows, _, heads, width = q.shape
        folded = q.reshape(rows, k.shape[2], heads // k.shape[2], width).transpose(1, 2)
        return attend(folded, k, v, mask, scale).transpose(1, 2).reshape(rows, 1, heads, width)
    if grouped and mask is not None:  # a mask and grouped heads together leave the fused kernels
        k, v = (t.repeat_interleave(q.shape[2] // k.shape[2], 2) for t in (k, v))
        grouped = False
    length, short = q.shape[1], -q.shape[1] % 8
    if causal and 0 < short < 4 and q.shape[-1] <= THIN and q.device.type == "cpu":  # later than all, so seen by none
        q, k, v = (functional.pad(t, (0, 0, 0, 0, 0, short)) for t in (q, k, v))
    out = functional.scaled_dot_product_attention(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), mask, is_causal=causal, scale=scale, enable_gqa=grouped
    )
    return out.transpose(1, 2)[:, :length]
