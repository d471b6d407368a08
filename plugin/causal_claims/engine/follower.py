"""Rows whose text is known beforehand: prompt and text go through the network at once, not token by token.

Bodies see what they would see while the text is written: the prompt, then each token by itself with what came before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from causal_claims.engine.decoding import Script
from causal_claims.engine.editing import Block, Editing, Stretch
from causal_claims.engine.edits import Edit
from causal_claims.engine.network import Attending, Frame, Network
from causal_claims.engine.pass_tensors import tile
from causal_claims.engine.rows import Rows
from causal_claims.engine.tokens import Batch
from causal_claims.sites import Point, Stage

UNEMBEDDED = 256  # places whose whole vocabulary is held at once


def first_write(made: Sequence[Edit], net: Network) -> int:
    """The layer where a condition begins to differ; the number of layers if it never does."""
    return min((edit.site.layer for edit in made), default=len(net.map.blocks))


@dataclass(eq=False)
class Follower:
    """Some prompts and their texts; conditions start from their clean pass, each where it first writes."""

    net: Network
    prompt: Batch  # padded on the left, so that all texts begin at one place
    script: Script
    layers: frozenset[int]  # whose attention is followed
    firsts: frozenset[int]  # layers of the first writes; the number of layers: there is a run without any
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

    @property
    def end(self) -> Point:
        return Point(len(self.net.map.blocks) - 1, Stage.LOGITS)

    @cached_property
    def clean(self) -> tuple[Rows, Frame]:
        """The pass without edits, as far as anybody needs it."""
        net, layers = self.net, len(self.net.map.blocks)
        run = self._rows((), (), frozenset(("pre", i) for i in self.firsts if i < layers))
        resid, frame = net.embed(self.batch)
        end = self.end if layers in self.firsts else Point(max(self.firsts), Stage.RESID_PRE)
        run.walk(resid, frame, 0, end, every=True)
        return run, frame

    def run(self, blocks: Sequence[Block]) -> None:
        """Read what each block's condition makes of prompts and texts: one set of rows for each of them."""
        count = len(self.prompt.ids)
        self._noted, self._looked = [torch.empty(0)] * len(blocks), [{} for _ in blocks]
        by_first: dict[int, list[int]] = {}
        for i, block in enumerate(blocks):
            by_first.setdefault(first_write(block.made, self.net), []).append(i)
        for first, mine in by_first.items():
            clean = first == len(self.net.map.blocks)
            run = self.clean[0] if clean else self._edited([blocks[i] for i in mine], first)
            noted = self._probabilities(run)
            for at, i in enumerate(mine):
                rows = slice(0, count) if clean else slice(at * count, (at + 1) * count)
                self._noted[i] = noted[rows]
                self._looked[i] = {layer: self._attending(run, layer, rows) for layer in self.layers}

    def _rows(self, blocks: Sequence[Block], stretches: Sequence[Stretch], want: frozenset[tuple[str, int]]) -> Rows:
        keep = frozenset(("qk", layer) for layer in self.layers)
        return Rows(self.net, keep, Editing(blocks, self.net.map.d_model, stretches), want=want)

    def _edited(self, blocks: Sequence[Block], first: int) -> Rows:
        """Blocks that first write in one layer, as one batch from there on."""
        (clean, frame), many, count = self.clean, len(blocks), len(self.prompt.ids)
        stretches = list(self._stretches(many))
        moved = []
        for at, block in enumerate(blocks):
            for stretch in stretches:
                times = count if stretch.open is None else int(stretch.open[:count].sum())
                block.delivery.expected += times * sum(edit.during(stretch.phase) for edit in block.made)
            moved.append(Block(slice(at * count, (at + 1) * count), block.delivery, block.made, block.site_run))
        run = self._rows(moved, stretches, frozenset())
        here = frame.on(self.net.map.blocks[first].device).repeated(many)
        run.walk(tile(clean.states[("pre", first)], many), here, first, self.end, every=True)
        return run

    def _stretches(self, times: int) -> Iterator[Stretch]:
        width = self.prompt.ids.shape[1]
        yield Stretch("prefill", slice(0, width))
        for step in range(self.batch.ids.shape[1] - width):
            going = self.script.open(step + 1)  # rows for which this token is not the last
            rows = torch.tensor([row in going for row in range(len(self.prompt.ids))]).repeat(times)
            yield Stretch("decode", slice(width + step, width + step + 1), rows)

    def _probabilities(self, run: Rows) -> Tensor:
        """How probable the watched words were before each token.  # rows x steps x words"""
        assert run.final is not None
        asking = run.final[:, self.prompt.ids.shape[1] - 1 :]
        places, watched = asking.flatten(0, 1), self.script.watched.to(self.net.map.out)
        found = [
            self.net.unembed(places[at : at + UNEMBEDDED, None], None)[:, 0].float().softmax(-1)[:, watched]
            for at in range(0, len(places), UNEMBEDDED)
        ]
        return torch.cat(found).view(*asking.shape[:2], -1)

    def _attending(self, run: Rows, layer: int, rows: slice) -> Attending:
        if (at := run.attending.get(layer)) is None:  # before the first write
            return self.clean[0].attending[layer]
        return at.rows(rows)

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
