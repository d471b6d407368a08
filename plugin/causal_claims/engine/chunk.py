"""Some examples on the fast path: their clean pass, then every condition from where it starts."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from causal_claims.engine.budget import Budget
from causal_claims.engine.delivery import Delivery
from causal_claims.engine.editing import Block, Editing
from causal_claims.engine.edits import Edit, edits
from causal_claims.engine.lanes import beside
from causal_claims.engine.loading import Loaded
from causal_claims.engine.network import Frame, Network
from causal_claims.engine.pass_tensors import PassTensors, repeated, tile
from causal_claims.engine.readout import Readout, numbers
from causal_claims.engine.room import OUT_OF_MEMORY, host_memory
from causal_claims.engine.rows import Rows
from causal_claims.engine.settings import Settings
from causal_claims.engine.site_run import Live, SiteRun
from causal_claims.engine.sources import Sources
from causal_claims.engine.starts import Start, Starts
from causal_claims.engine.task import Part, Task
from causal_claims.engine.tokens import pad
from causal_claims.interventions.intervention import BASELINE, Intervention
from causal_claims.sites import Point, Stage


class Chunk:
    """Some examples: their clean pass, then every condition from where it starts."""

    def __init__(
        self,
        loaded: Loaded,
        settings: Settings,
        budget: Budget,
        task: Task,
        starts: Starts,
        given: Sources,
        prompts: Sequence[tuple[int, ...]],
        rows: Sequence[int],
        done: Collection[Intervention] = (),
    ) -> None:
        self.loaded, self.budget, self.task, self.starts, self.given = loaded, budget, task, starts, given
        self.net, self.done = Network(loaded.map), done
        self.rows = tuple(rows)
        self.examples = [task.examples[row] for row in rows]
        self.batch = pad([prompts[row] for row in rows], loaded.device, settings.padding)
        given.forget()

    def parts(self) -> Iterator[Part]:
        begun = time.perf_counter()
        clean = self._clean()
        tensors = PassTensors(self.net, clean, None, 1)
        batch = self.batch.to(self.net.map.out).copy()
        readout = Readout(self.examples, batch, self.loaded.tokens, self.net.map, tensors)
        if BASELINE in self.task.conditions and BASELINE not in self.done:
            yield self._part(
                BASELINE, readout, slice(0, len(self.rows)), Delivery(BASELINE), time.perf_counter() - begun
            )
        tokens, rows = self.batch.ids.numel(), len(self.rows)
        for start, conditions in self.starts.groups:
            waiting = [condition for condition in conditions if condition not in self.done]
            while waiting:
                size, lanes = self.budget.conditions(tokens, rows), self.budget.lanes(tokens, rows)
                now = [waiting[i : i + size] for i in range(0, min(len(waiting), lanes * size), size)]
                asked = [batch for batch in now if not all(self.task.known(one, self.rows) for one in batch)]
                if asked:
                    try:
                        with self.budget.timed(len(asked[0]) * tokens):
                            measured = partial(self._measured, start, clean, readout, len(asked))
                            found = beside(measured, asked) if lanes > 1 else [measured(asked[0])]
                    except OUT_OF_MEMORY:
                        if len(asked) == 1 and len(asked[0]) == 1:
                            raise
                        self.budget.halve(len(asked[0]) * tokens)
                        continue
                    for parts in found:
                        yield from parts
                waiting = waiting[sum(map(len, now)) :]

    def _measured(
        self, start: Start, clean: Rows, readout: Readout, lanes: int, conditions: Sequence[Intervention]
    ) -> list[Part]:
        """One batch, on a thread of its own where several run beside one another."""
        with torch.inference_mode(), host_memory():
            found = list(self._batch(start, conditions, clean, readout))
        return [replace(part, seconds=part.seconds / lanes) for part in found]

    def _clean(self) -> Rows:
        want: set[tuple[str, int]] = set()
        for (layer, at), _ in self.starts.groups:
            if at == "z":
                want |= {("z", layer), ("post" if self.net.map.parallel else "mid", layer)}
                if any(self._looks(c, layer) for start, cs in self.starts.groups if start == (layer, at) for c in cs):
                    want.add(("pre", layer))
            else:
                want.add((at, layer))
        run = Rows(self.net, self.starts.keep, Editing((), self.net.map.d_model), want=frozenset(want))
        resid, self.frame = self.net.embed(self.batch)
        run.walk(resid, self.frame, 0, self.starts.end, self.task.every_position)
        return run

    def _looks(self, condition: Intervention, layer: int) -> bool:
        """Whether some body may ask for the layer's attention, which is then computed again for it."""
        return any(edit.site.layer == layer and edit.operation.name != "ablate" for edit in edits(condition))

    def _batch(self, start: Start, conditions: Sequence[Intervention], clean: Rows, readout: Readout) -> Iterator[Part]:
        begun = time.perf_counter()
        count = len(self.rows)
        blocks = []
        for i, condition in enumerate(conditions):
            made = edits(condition)
            delivery = Delivery(condition, expected=count * len(made))
            blocks.append(Block(slice(i * count, (i + 1) * count), delivery, made, self._site_run))
        run = Rows(self.net, self.starts.keep, Editing(blocks, self.net.map.d_model))
        end = max(self.starts.ends[c] for c in conditions)
        layer, at = start
        many = len(conditions)
        frame = self._frame(layer).repeated(many)
        if at == "pre":
            run.walk(tile(clean.states[("pre", layer)], many), frame, layer, end, self.task.every_position)
        elif at == "post":
            resid = run.residual("post", layer, tile(clean.states[("post", layer)], many))
            self._go_on(run, resid, frame, layer, end)
        else:
            self._from_heads(run, blocks, clean, frame, layer, end)
        tensors = PassTensors(self.net, clean, run, many)
        whole = Readout(
            self.examples * many,
            frame.batch.to(self.net.map.out),
            self.loaded.tokens,
            self.net.map,
            tensors,
            lambda: repeated(readout, many),
        )
        values = {metric: numbers(metric, whole) for metric in self.task.metrics}
        share = (time.perf_counter() - begun) / many
        for block, condition in zip(blocks, conditions, strict=True):
            yield Part(condition, self.rows, {m: v[block.rows] for m, v in values.items()}, block.delivery, share)

    def _site_run(self, edit: Edit, live: Live | None) -> SiteRun:
        batch = self._frame(edit.site.layer).batch.copy()
        return SiteRun(edit.site, self.net.map, batch, self.examples, self.rows, self.given, live)

    def _frame(self, layer: int) -> Frame:
        """Of one pass over the examples, where a layer's weights are."""
        return self.frame.on(self.net.map.blocks[layer].device)

    def _from_heads(
        self, run: Rows, blocks: Sequence[Block], clean: Rows, frame: Frame, layer: int, end: Point
    ) -> None:
        """Start after attention: take out what the heads said, put in what they say now."""
        net, count = self.net, len(self.rows)
        z, parallel = clean.states[("z", layer)], net.map.parallel
        base = clean.states[("post" if parallel else "mid", layer)]
        pre = clean.states.get(("pre", layer))
        live = net.attending(layer, pre, self._frame(layer)) if pre is not None else None
        last = layer == len(net.map.blocks) - 1 and end.stage == Stage.LOGITS and not self.task.every_position
        last = last and run.plain(layer, later=Stage.RESID_MID)
        here = self._frame(layer).batch.last
        rows = torch.arange(count, device=here.device)
        start = base[rows, here][:, None] if last else base
        resid = tile(start, len(blocks)) if len(blocks) > 1 else start.clone()
        for block in blocks:
            now: dict[int, Tensor] = {}
            extra: Tensor | None = None
            for edit in block.at(layer, Stage.Z):
                site = block.run(edit, live)
                head = edit.site.index  # type: ignore[union-attr]
                now[head] = block.delivery.apply(edit, now.get(head, z[:, :, head]), site)
                if site.extra is not None:
                    extra = site.extra if extra is None else extra + site.extra
            difference = torch.cat([new - z[:, :, head] for head, new in now.items()], -1) if now else z[:, :, 0, :0]
            weights = torch.cat([net.map.o(layer, head) for head in now], 0) if now else net.map.o(layer, 0)[:0]
            if last:
                difference, extra = (
                    difference[rows, here][:, None],
                    None if extra is None else extra[rows, here][:, None],
                )
            mine = resid[block.rows]
            mine.view(-1, mine.shape[-1]).addmm_(difference.reshape(mine.shape[0] * mine.shape[1], -1), weights)
            if extra is not None:
                mine += extra
        if parallel:
            resid = run.residual("post", layer, resid)
        elif end <= Point(layer, Stage.RESID_MID):
            run.residual("mid", layer, resid)
            return
        else:
            resid = run.residual("mid", layer, resid)
            resid = run.residual("post", layer, net.mlp(layer, resid, resid))
        if last:
            run.final, run.last_only = resid, True
            return
        self._go_on(run, resid, frame, layer, end)

    def _go_on(self, run: Rows, resid: Tensor, frame: Frame, layer: int, end: Point) -> None:
        if layer == len(self.net.map.blocks) - 1:
            run.finish(resid, frame, self.task.every_position, end)
        elif end.layer > layer:
            run.walk(resid, frame, layer + 1, end, self.task.every_position)

    def _part(self, condition: Intervention, readout: Readout, rows: slice, delivery: Delivery, seconds: float) -> Part:
        values = {metric: numbers(metric, readout)[rows] for metric in self.task.metrics}
        return Part(condition, self.rows, values, delivery, seconds)
