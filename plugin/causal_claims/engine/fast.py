"""The fast path: only the part of the network between the first write and the last read, all conditions at once.

One clean pass per chunk of examples keeps what later passes start from.  A condition is then a block of rows (one per
example) that starts where it first writes; conditions that start at the same place run as one batch.  Where only query
heads are written, not even that layer's attention is computed again: what the heads said is taken from the residual
stream and what they say now is put in.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from causal_claims.engine.budget import OUT_OF_MEMORY, Budget, host_memory
from causal_claims.engine.delivery import Delivery, Edit, Key, Live, SiteRun, edits
from causal_claims.engine.editing import Block, Editing
from causal_claims.engine.loading import Loaded
from causal_claims.engine.network import Frame, Network
from causal_claims.engine.readout import Readout, numbers
from causal_claims.engine.rows import Rows
from causal_claims.engine.settings import Settings
from causal_claims.engine.sources import Sources
from causal_claims.engine.task import Keys, Part, Task, kept, last_point
from causal_claims.engine.tokens import Batch, pad
from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.interventions.intervention import BASELINE, Intervention
from causal_claims.sites import Head, Point, Resid, Stage

Start = tuple[int, str]  # layer, and "z" (after attention), "post" (after the block) or "pre" (before it)


class FastPath:
    def __init__(self, loaded: Loaded, settings: Settings, budget: Budget | None = None) -> None:
        self.loaded = loaded
        self.settings = settings
        self.net = Network(loaded.map)
        self.budget = budget or Budget.of(settings, loaded.device)

    @torch.inference_mode()
    def parts(self, task: Task) -> Iterator[Part]:
        """Every condition on every chunk of examples, shallow conditions first."""
        prompts = [self.loaded.tokens.prompt(one.prompt, f"example {one.id!r}") for one in task.examples]
        plan = _plan(task, self.loaded)
        given = Sources(self.clean, self.budget, self.loaded, task, prompts)
        order = sorted(task.rows, key=lambda row: (len(prompts[row]), row))
        chunks = self.budget.chunks(order, [len(p) for p in prompts], plan.state_bytes(self.loaded))
        while chunks:
            rows = chunks.pop(0)
            if all(task.known(condition, rows) for condition in task.conditions):
                continue
            try:
                with host_memory():
                    parts = list(_Chunk(self, task, plan, given, prompts, rows).parts())
            except OUT_OF_MEMORY:
                self.budget.free()
                if len(rows) == 1:
                    raise NotRunError(
                        f"{self.loaded.spec.key}: a single prompt of {len(prompts[rows[0]])} tokens does not fit the memory "
                        "of the device beside the weights; use a larger device or a cheaper dtype."
                    ) from None
                middle = len(rows) // 2
                chunks[:0] = [rows[:middle], rows[middle:]]
                continue
            yield from parts

    def clean(self, prompts: Sequence[Sequence[int]], keep: Keys) -> tuple[Batch, dict[Key, Tensor]]:
        """Tensors of prompts as they are."""
        batch = pad(prompts, self.loaded.device, self.settings.padding)
        run = Rows(self.net, keep, Editing((), self.net.map.d_model))
        resid, frame = self.net.embed(batch)
        end = max((layer for _, layer in keep), default=-1)
        run.walk(resid, frame, 0, Point(end, Stage.RESID_POST), every=True)
        return batch, run.taken


@dataclass(frozen=True)
class Plan:
    """Conditions by where they start, and what must be kept of the clean pass for them."""

    groups: tuple[tuple[Start, tuple[Intervention, ...]], ...]
    ends: dict[Intervention, Point]
    end: Point  # of the clean pass
    keep: Keys  # what metrics read

    def state_bytes(self, loaded: Loaded) -> int:
        """What a token of a chunk holds while later passes start from it."""
        states = sum(2 if start[1] == "z" else 1 for start, _ in self.groups) + len(self.keep)
        return (states * max(loaded.map.d_model, loaded.map.heads * loaded.map.d_head)) * _size(loaded)


def _plan(task: Task, loaded: Loaded) -> Plan:
    layers = len(loaded.map.blocks)
    keep = kept(task.reads())
    ends = {condition: last_point(task, condition, layers) for condition in task.conditions}
    groups: dict[Start, list[Intervention]] = {}
    for condition in task.conditions:
        if condition.steps:
            groups.setdefault(_start(condition, keep), []).append(condition)
    ordered = tuple((start, tuple(sorted(groups[start], key=lambda c: ends[c]))) for start in sorted(groups))
    own = last_point(task, BASELINE, layers)
    reach = [
        Point(layer, {"pre": Stage.RESID_PRE, "z": Stage.RESID_MID, "post": Stage.RESID_POST}[at])
        for layer, at in groups
    ]
    return Plan(ordered, ends, max([own, *reach]), keep)


def _start(condition: Intervention, keep: Keys) -> Start:
    made = edits(condition)
    layer = min(edit.site.layer for edit in made)
    first = [edit for edit in made if edit.site.layer == layer]
    if all(isinstance(e.site, Head) and e.stage == Stage.Z for e in first) and ("z", layer) not in keep:
        return layer, "z"
    if all(isinstance(e.site, Resid) and e.stage == Stage.RESID_POST for e in first):
        return layer, "post"
    return layer, "pre"


class _Chunk:
    """Some examples: their clean pass, then every condition from where it starts."""

    def __init__(
        self,
        path: FastPath,
        task: Task,
        plan: Plan,
        given: Sources,
        prompts: Sequence[tuple[int, ...]],
        rows: Sequence[int],
    ) -> None:
        self.path, self.task, self.plan, self.given = path, task, plan, given
        self.net = path.net
        self.rows = tuple(rows)
        self.examples = [task.examples[row] for row in rows]
        self.batch = pad([prompts[row] for row in rows], path.loaded.device, path.settings.padding)
        given.forget()

    def parts(self) -> Iterator[Part]:
        begun = time.perf_counter()
        clean = self._clean()
        tensors = _Tensors(self.net, clean, None, 1)
        readout = Readout(self.examples, self.batch, self.path.loaded.tokens, self.net.map, tensors)
        if BASELINE in self.task.conditions:
            yield self._part(
                BASELINE, readout, slice(0, len(self.rows)), Delivery(BASELINE), time.perf_counter() - begun
            )
        for start, conditions in self.plan.groups:
            waiting = list(conditions)
            while waiting:
                size = self.path.budget.conditions(self.batch.ids.numel())
                now = waiting[:size]
                if all(self.task.known(condition, self.rows) for condition in now):
                    waiting = waiting[size:]
                    continue
                try:
                    with host_memory(), self.path.budget.timed(len(now) * self.batch.ids.numel()):
                        found = list(self._batch(start, now, clean, readout))
                except OUT_OF_MEMORY:
                    if size == 1 or len(now) == 1:
                        raise
                    self.path.budget.halve(len(now) * self.batch.ids.numel())
                    continue
                yield from found
                waiting = waiting[size:]

    def _clean(self) -> Rows:
        want: set[tuple[str, int]] = set()
        for (layer, at), _ in self.plan.groups:
            if at == "z":
                want |= {("z", layer), ("post" if self.net.map.parallel else "mid", layer)}
                if any(self._looks(c, layer) for start, cs in self.plan.groups if start == (layer, at) for c in cs):
                    want.add(("pre", layer))
            else:
                want.add((at, layer))
        run = Rows(self.net, self.plan.keep, Editing((), self.net.map.d_model), want=frozenset(want))
        resid, self.frame = self.net.embed(self.batch)
        run.walk(resid, self.frame, 0, self.plan.end, self.task.every_position)
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
        run = Rows(self.net, self.plan.keep, Editing(blocks, self.net.map.d_model))
        frame = self.frame.repeated(len(conditions))
        end = max(self.plan.ends[c] for c in conditions)
        layer, at = start
        many = len(conditions)
        if at == "pre":
            run.walk(_tile(clean.states[("pre", layer)], many), frame, layer, end, self.task.every_position)
        elif at == "post":
            resid = run.residual("post", layer, _tile(clean.states[("post", layer)], many))
            self._go_on(run, resid, frame, layer, end)
        else:
            self._from_heads(run, blocks, clean, frame, layer, end)
        tensors = _Tensors(self.net, clean, run, many)
        whole = Readout(
            self.examples * many,
            frame.batch,
            self.path.loaded.tokens,
            self.net.map,
            tensors,
            lambda: _repeated(readout, many),
        )
        values = {metric: numbers(metric, whole) for metric in self.task.metrics}
        share = (time.perf_counter() - begun) / many
        for block, condition in zip(blocks, conditions, strict=True):
            yield Part(condition, self.rows, {m: v[block.rows] for m, v in values.items()}, block.delivery, share)

    def _site_run(self, edit: Edit, live: Live | None) -> SiteRun:
        return SiteRun(edit.site, self.net.map, self.batch, self.examples, self.rows, self.given, live)

    def _from_heads(
        self, run: Rows, blocks: Sequence[Block], clean: Rows, frame: Frame, layer: int, end: Point
    ) -> None:
        """Start after attention: take out what the heads said, put in what they say now."""
        net, count = self.net, len(self.rows)
        z, parallel = clean.states[("z", layer)], net.map.parallel
        base = clean.states[("post" if parallel else "mid", layer)]
        pre = clean.states.get(("pre", layer))
        live = net.attending(layer, pre, self.frame) if pre is not None else None
        last = layer == len(net.map.blocks) - 1 and end.stage == Stage.LOGITS and not self.task.every_position
        last = last and run.plain(layer, later=Stage.RESID_MID)
        here = self.batch.last
        rows = torch.arange(count, device=here.device)
        start = base[rows, here][:, None] if last else base
        resid = _tile(start, len(blocks)) if len(blocks) > 1 else start.clone()
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


@dataclass(eq=False)
class _Tensors:
    """What a batch measured, and below its start what the clean pass did."""

    net: Network
    clean: Rows
    run: Rows | None
    times: int

    def get(self, kind: str, layer: int) -> Tensor:
        key = (kind, layer)
        if self.run is not None and key in self.run.taken:
            return self.run.taken[key]
        if key in self.clean.taken:
            return _tile(self.clean.taken[key], self.times)
        raise ClaimsError(
            f"a metric reads {kind} of layer {layer}, which it did not declare; add the point to its reads=."
        )

    def attention(self, layer: int, head: int, queries: Tensor) -> Tensor:
        for run in (self.run, self.clean):
            if run is not None and layer in run.attending:
                at = run.attending[layer]
                if run is self.run or self.times == 1:
                    return at.attention(head, queries)
                count = len(at.q)
                return _tile(at.attention(head, queries[:count]), self.times)
        raise ClaimsError(
            f"a metric reads the pattern of layer {layer}, which it did not declare; add the point to its reads=."
        )

    def logits(self, index: Tensor, columns: Tensor | None) -> Tensor:
        source = self.run if self.run is not None and self.run.final is not None else self.clean
        final = source.final
        if final is None:
            raise ClaimsError("a metric reads the logits, and did not declare it; add LOGITS to its reads=.")
        if source is self.clean:
            final = _tile(final, self.times)
        if source.last_only:
            if index.shape[1] != 1:
                raise ClaimsError(
                    'a metric reads logits at other positions than the last; declare it with positions="all".'
                )
        else:
            final = final[torch.arange(len(final), device=final.device)[:, None], index]
        return self.net.unembed(final, columns)


def _repeated(readout: Readout, times: int) -> Readout:
    tensors = readout.tensors
    assert isinstance(tensors, _Tensors)
    b = readout.batch
    batch = Batch(
        b.ids.repeat(times, 1), b.mask.repeat(times, 1), b.positions.repeat(times, 1), b.lengths.repeat(times), b.left
    )
    return replace(
        readout,
        examples=list(readout.examples) * times,
        batch=batch,
        tensors=_Tensors(tensors.net, tensors.clean, None, times),
    )


def _tile(tensor: Tensor, times: int) -> Tensor:
    """The rows, `times` over."""
    return tensor if times == 1 else tensor.repeat(times, *[1] * (tensor.dim() - 1))


def _size(loaded: Loaded) -> int:
    return loaded.map.w_u.element_size()
