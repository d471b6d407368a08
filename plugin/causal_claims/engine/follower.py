"""Rows whose text is known beforehand: prompt and text go through the network at once, not token by token.

Bodies see what they would see while the text is written: the prompt, then each token by itself with what came before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from causal_claims.engine.decoding import Script
from causal_claims.engine.editing import Block, Editing, Stretch
from causal_claims.engine.network import Attending, Frame, Network
from causal_claims.engine.pass_tensors import tile
from causal_claims.engine.rows import Rows
from causal_claims.engine.tokens import Batch
from causal_claims.sites import Point, Stage


@dataclass(eq=False)
class Follower:
    """Some prompts and their texts, under many conditions, each from where it first writes."""

    net: Network
    prompt: Batch  # padded on the left, so that all texts begin at one place
    blocks: Sequence[Block]  # rows of the prompts, once for each condition
    script: Script
    layers: frozenset[int]  # whose attention is followed
    many: int  # conditions that go through the network together
    batch: Batch = field(init=False)  # prompts and texts; the last token of a text asks for nothing and stays out
    _noted: list[Tensor] = field(init=False)  # per block: rows x steps x watched words
    _looked: list[dict[int, Attending]] = field(init=False)  # per block, by layer

    def __post_init__(self) -> None:
        b, device = self.prompt, self.prompt.ids.device
        steps = range(max(0, max(map(len, self.script.ids), default=0) - 1))
        text = torch.stack([self.script.at(step, device) for step in steps], 1) if steps else b.ids[:, :0]
        place = torch.arange(len(steps), device=device)[None]
        self.batch = Batch(
            torch.cat([b.ids, text], 1), torch.cat([b.mask, torch.ones_like(text, dtype=torch.bool)], 1),
            torch.cat([b.positions, b.lengths[:, None] + place], 1), b.lengths + len(steps), b.left,
        )  # fmt: skip
        self._noted = [torch.empty(0)] * len(self.blocks)
        self._looked = [{} for _ in self.blocks]

    def run(self) -> None:
        """Read every condition's prompts and texts, and note how probable the watched words were before each token."""
        net, layers, count = self.net, len(self.net.map.blocks), len(self.prompt.ids)
        end = Point(layers - 1, Stage.LOGITS)
        keep = frozenset(("qk", layer) for layer in self.layers)
        firsts = [min((edit.site.layer for edit in block.made), default=layers) for block in self.blocks]
        clean = Rows(net, keep, Editing((), net.map.d_model), want=frozenset(("pre", i) for i in firsts if i < layers))
        resid, frame = net.embed(self.batch)
        clean.walk(resid, frame, 0, end if layers in firsts else Point(max(firsts), Stage.RESID_PRE), every=True)
        for first in sorted(set(firsts)):
            mine = [i for i, start in enumerate(firsts) if start == first]
            if first == layers:
                for i in mine:
                    self._take(i, clean, slice(0, count))
                continue
            for some in (mine[at : at + self.many] for at in range(0, len(mine), self.many)):
                run = self._edited(some, clean, frame, first, end, keep)
                for at, i in enumerate(some):
                    self._take(i, run, slice(at * count, (at + 1) * count), clean)

    def _edited(
        self, some: Sequence[int], clean: Rows, frame: Frame, first: int, end: Point, keep: frozenset[tuple[str, int]]
    ) -> Rows:
        """Some blocks as one batch, from their first write on."""
        net, count = self.net, len(self.prompt.ids)
        stretches = list(self._stretches(len(some)))
        moved = []
        for at, i in enumerate(some):
            block = self.blocks[i]
            for stretch in stretches:
                times = count if stretch.open is None else int(stretch.open[:count].sum())
                block.delivery.expected += times * sum(edit.during(stretch.phase) for edit in block.made)
            moved.append(Block(slice(at * count, (at + 1) * count), block.delivery, block.made, block.site_run))
        run = Rows(net, keep, Editing(moved, net.map.d_model, stretches))
        here = frame.on(net.map.blocks[first].device).repeated(len(some))
        run.walk(tile(clean.states[("pre", first)], len(some)), here, first, end, every=True)
        return run

    def _stretches(self, times: int) -> Iterator[Stretch]:
        width = self.prompt.ids.shape[1]
        yield Stretch("prefill", slice(0, width))
        for step in range(self.batch.ids.shape[1] - width):
            going = self.script.open(step + 1)  # rows for which this token is not the last
            rows = torch.tensor([row in going for row in range(len(self.prompt.ids))]).repeat(times)
            yield Stretch("decode", slice(width + step, width + step + 1), rows)

    def _take(self, block: int, run: Rows, rows: slice, clean: Rows | None = None) -> None:
        """What one block's passes said: probabilities before each token, and where the followed layers looked."""
        assert run.final is not None
        noted = []
        for place in range(self.prompt.ids.shape[1] - 1, self.batch.ids.shape[1]):
            p = self.net.unembed(run.final[rows, place, None], None)[:, 0].float().softmax(-1)
            noted.append(p[:, self.script.watched.to(p.device)])
        self._noted[block] = torch.stack(noted, 1)
        for layer in self.layers:
            if layer in run.attending:
                self._looked[block][layer] = run.attending[layer].rows(rows)
            elif clean is not None:  # a layer before the first write
                self._looked[block][layer] = clean.attending[layer]

    def noted_rows(self, lengths: Sequence[int]) -> tuple[Tensor, ...]:
        """# per row: steps x words"""
        rows = [row for noted in self._noted for row in noted]
        return tuple(row[:n] for row, n in zip(rows, lengths, strict=True))

    def followed(self, layer: int, head: int, lengths: Sequence[int]) -> list[Tensor]:
        """One head's attention at each step that wrote a token, over prompt and text: per row, steps x keys."""
        width, starts = self.prompt.ids.shape[1], self.prompt.starts.tolist()
        found: list[Tensor] = []
        for looked in self._looked:
            at = looked[layer]
            queries = torch.arange(width - 1, self.batch.ids.shape[1], device=at.q.device)
            patterns = at.attention(head, queries.expand(len(at.q), -1))
            for start, pattern in zip(starts, patterns, strict=True):
                steps = lengths[len(found)]
                found.append(pattern[:steps, start : width - 1 + max(1, steps)])
        return found
