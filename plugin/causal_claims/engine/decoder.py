"""Rows that are being continued, token by token, with their keys and values kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from causal_claims.engine.architecture import Block as LayerMap
from causal_claims.engine.decoding import Decoding
from causal_claims.engine.editing import Block, Editing, Stretch
from causal_claims.engine.network import Frame, Network, attend
from causal_claims.engine.tokens import Batch
from causal_claims.examples import Example


@dataclass(eq=False)
class Decoder:
    """Rows that are being continued, with their keys and values."""

    net: Network
    prompt: Batch  # one block's rows
    blocks: Sequence[Block]
    steps: int
    layers: frozenset[int]  # whose attention is followed
    batch: Batch = field(init=False)  # all rows
    keys: list[Tensor] = field(init=False)  # per layer: rows x places x KV heads x d_head
    held: list[Tensor] = field(init=False)  # values, likewise
    asked: dict[int, list[Tensor]] = field(default_factory=dict)  # per layer, per step: rows x heads x d_head

    def __post_init__(self) -> None:
        b, many = self.prompt, len(self.blocks)
        self.batch = Batch(
            b.ids.repeat(many, 1), b.mask.repeat(many, 1), b.positions.repeat(many, 1), b.lengths.repeat(many), b.left
        )
        mapped = self.net.map
        shape = (len(self.batch.ids), b.ids.shape[1] + self.steps, mapped.kv_heads, mapped.d_head)
        self.keys, self.held = (
            [torch.empty(shape, dtype=mapped.w_u.dtype, device=block.device) for block in mapped.blocks]
            for _ in range(2)
        )

    def run(
        self, decoding: Decoding, examples: Sequence[Example], ends: frozenset[int], banned: Tensor | None = None
    ) -> list[list[int]]:
        """The tokens generated for each row, the one that ends a text left out."""
        rows = len(self.batch.ids)
        written: list[list[int]] = [[] for _ in range(rows)]
        open_rows = set(range(rows))
        resid = self._prefill()
        for step in range(decoding.tokens):
            logits = self.net.unembed(resid, None)[:, 0]
            if banned is not None:
                logits[:, banned.to(logits.device)] = -torch.inf
            chosen = decoding.choose(logits, examples, step)
            for row, token in enumerate(chosen.tolist()):
                if row in open_rows:
                    if token in ends:
                        open_rows.discard(row)
                    else:
                        written[row].append(token)
            if not open_rows or step + 1 == decoding.tokens:
                break
            resid = self._decode(chosen, step, open_rows)
        return written

    def followed(self, layer: int, head: int, lengths: Sequence[int]) -> list[Tensor]:
        """One head's attention at each step that wrote a token, over prompt and text: per row, steps x keys."""
        block, group = self.net.map.blocks[layer], self.net.map.group
        width = self.prompt.ids.shape[1]
        starts = self.batch.starts.tolist()
        found = []
        for row, steps in enumerate(lengths):
            if steps == 0:
                found.append(torch.zeros(0, width - starts[row]))
                continue
            q = torch.stack([self.asked[layer][step][row, head] for step in range(steps)]).float()
            place = torch.arange(width + steps - 1, device=q.device)
            k = self.keys[layer][row, : len(place), head // group].float()
            back = (width - 1 + torch.arange(steps, device=q.device))[:, None] - place[None]
            seen = (back >= 0) & (place >= starts[row])
            if block.window is not None:
                seen &= back < block.window
            scores = (q @ k.mT * block.scale).masked_fill(~seen, -torch.inf)
            found.append(scores.softmax(-1)[:, starts[row] :])
        return found

    def _prefill(self) -> Tensor:
        """Read the prompts: once without edits up to the first write, then every block's rows.  # rows x 1 x d_model"""
        many, layers = len(self.blocks), len(self.net.map.blocks)
        firsts = [
            min((e.site.layer for e in block.made if e.during("prefill")), default=layers) for block in self.blocks
        ]
        starts = dict.fromkeys(firsts)
        resid, frame = self.net.embed(self.prompt)
        width, count = self.prompt.ids.shape[1], len(self.prompt.ids)
        states: dict[int, Tensor] = {}
        for i in range(layers):
            resid, frame = self.net.enter(i, resid, frame)
            if i in starts:
                states[i] = resid
            if all(first <= i for first in firsts):
                break
            at = self.net.attending(i, resid, frame)
            for block, first in zip(self.blocks, firsts, strict=True):
                if first > i:
                    self.keys[i][block.rows, :width], self.held[i][block.rows, :width] = at.k, at.v
                    self._ask(i, at.q[:, -1], block.rows)
            resid = self.net.finish(i, resid, self.net.write(i, self.net.mix(at), resid))
        states[layers] = resid
        end = self.net.map.blocks[-1].device
        last = torch.empty(count * many, 1, resid.shape[-1], dtype=resid.dtype, device=end)
        for first in dict.fromkeys(firsts):
            mine = [block for block, start in zip(self.blocks, firsts, strict=True) if start == first]
            for block in mine:
                block.delivery.expected += count * sum(edit.during("prefill") for edit in block.made)
                last[block.rows] = self._read(states[first], frame, first, block)
        return last

    def _read(self, resid: Tensor, frame: Frame, first: int, block: Block) -> Tensor:
        """One block's prompts from layer `first` on.  # rows x 1 x d_model"""
        net, width = self.net, self.prompt.ids.shape[1]
        here = slice(0, len(resid))
        alone = Block(here, block.delivery, block.made, block.site_run)
        editing = Editing([alone], net.map.d_model)
        for i in range(first, len(net.map.blocks)):
            resid, frame = net.enter(i, resid, frame)
            resid = editing.residual("pre", i, resid)
            at = net.attending(i, resid, frame, editing.values)
            self.keys[i][block.rows, :width], self.held[i][block.rows, :width] = at.k, at.v
            self._ask(i, at.q[:, -1], block.rows)
            z, extra = editing.mixed(i, net.mix(at), at)
            mid = net.write(i, z, resid)
            mid = mid if extra is None else mid + extra
            mid = mid if net.map.parallel else editing.residual("mid", i, mid)
            resid = editing.residual("post", i, net.finish(i, resid, mid))
        return resid[:, -1:]

    def _ask(self, layer: int, q: Tensor, rows: slice) -> None:
        """Remember what a followed layer asked at the prompt's last token."""
        if layer in self.layers:
            if layer not in self.asked:
                self.asked[layer] = [q.new_empty(len(self.batch.ids), *q.shape[1:])]
            self.asked[layer][0][rows] = q

    def _decode(self, chosen: Tensor, step: int, open_rows: set[int]) -> Tensor:
        """One more token for every row.  # rows x 1 x d_model"""
        net, end = self.net, self.prompt.ids.shape[1] + step
        chosen = chosen.to(self.batch.ids.device)
        ids, positions = chosen[:, None], (self.batch.lengths + step)[:, None]
        one = Batch(ids, torch.ones_like(ids, dtype=torch.bool), positions, torch.ones_like(chosen), True)
        resid, frame = net.embed(one)
        going = torch.tensor([row in open_rows for row in range(len(chosen))], device=chosen.device)
        for block in self.blocks:
            count = len(open_rows.intersection(range(block.rows.start, block.rows.stop)))
            block.delivery.expected += count * sum(edit.during("decode") for edit in block.made)
        editing = Editing(self.blocks, net.map.d_model, [Stretch("decode", open=going)])
        begins = self.batch.starts
        for i, layer in enumerate(net.map.blocks):
            resid, frame = net.enter(i, resid, frame)
            resid = editing.residual("pre", i, resid)
            at = net.attending(i, resid, frame, editing.values)
            self.keys[i][:, end], self.held[i][:, end] = at.k[:, 0], at.v[:, 0]
            k, v = self.keys[i][:, : end + 1], self.held[i][:, : end + 1]
            if i in self.layers:
                self.asked[i].append(at.q[:, 0])
            begins = begins.to(k.device)
            live = _Step(net, layer, at.q, k, v, begins)
            plain = layer.window is None and not self.batch.left
            mask = None if plain else live.visible()[:, None]
            z, extra = editing.mixed(i, attend(at.q, k, v, mask, layer.scale), live)
            mid = net.write(i, z, resid)
            mid = mid if extra is None else mid + extra
            mid = mid if net.map.parallel else editing.residual("mid", i, mid)
            resid = editing.residual("post", i, net.finish(i, resid, mid))
        return resid


@dataclass(eq=False)
class _Step:
    """The attention of one layer at one step of decoding."""

    net: Network
    block: LayerMap
    q: Tensor  # rows x 1 x heads x d_head
    k: Tensor  # rows x keys x KV heads x d_head
    v: Tensor
    starts: Tensor  # rows

    def rows(self, part: slice, place: slice = slice(None)) -> "_Step":
        return _Step(self.net, self.block, self.q[part], self.k[part], self.v[part], self.starts[part])

    def values(self, head: int) -> Tensor:
        return self.v[:, :, head // self.net.map.group]

    def pattern(self, head: int) -> Tensor:
        k = self.k[:, :, head // self.net.map.group].float()
        scores = self.q[:, :, head].float() @ k.mT * self.block.scale
        return scores.masked_fill(~self.visible(), -torch.inf).softmax(-1)

    def visible(self) -> Tensor:
        """# rows x 1 x keys"""
        place = torch.arange(self.k.shape[1], device=self.k.device)
        seen = place[None] >= self.starts[:, None]
        if self.block.window is not None:
            seen = seen & (self.k.shape[1] - 1 - place[None] < self.block.window)
        return seen[:, None]
