"""The fast path: only the part of the network between the first write and the last read, all conditions at once.

One clean pass per chunk of examples keeps what later passes start from.  A condition is then a block of rows (one per
example) that starts where it first writes; conditions that start at the same place run as one batch.  Where only query
heads are written, not even that layer's attention is computed again: what the heads said is taken from the residual
stream and what they say now is put in.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from causal_claims.engine.budget import Budget
from causal_claims.engine.delivery import Delivery, Edit, Key, SiteRun, edits, needs, source_prompts
from causal_claims.engine.loading import Loaded
from causal_claims.engine.network import Attending, Frame, Network
from causal_claims.engine.readout import Readout, numbers
from causal_claims.engine.settings import Settings
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
        given = Sources(self, task, prompts)
        order = sorted(task.rows, key=lambda row: (len(prompts[row]), row))
        chunks = self.budget.chunks(order, [len(p) for p in prompts], plan.state_bytes(self.loaded))
        while chunks:
            rows = chunks.pop(0)
            try:
                parts = list(_Chunk(self, task, plan, given, prompts, rows).parts())
            except torch.OutOfMemoryError:
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
        run = _Rows(self.net, keep)
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


@dataclass(eq=False)
class _Rows:
    """A batch on its way through the network, with the edits of its blocks of rows."""

    net: Network
    keep: Keys
    edits: "Sequence[_Block]" = ()
    taken: dict[Key, Tensor] = field(default_factory=dict)
    attending: dict[int, Attending] = field(default_factory=dict)
    states: dict[tuple[str, int], Tensor] = field(default_factory=dict)
    want: frozenset[tuple[str, int]] = frozenset()  # states that later passes start from
    final: Tensor | None = None  # rows x P x d_model, before the final norm
    last_only: bool = False

    def walk(self, resid: Tensor, frame: Frame, layer: int, end: Point, every: bool) -> None:
        """From before block `layer` to `end`; `every` position of the output, or only the last."""
        last = len(self.net.map.blocks) - 1
        for i in range(layer, end.layer + 1):
            resid = self.residual("pre", i, resid)
            stop = end.stage if i == end.layer else Stage.LOGITS
            if stop == Stage.RESID_PRE:
                return
            if stop == Stage.QKV:
                self.take("v", i, self.values(i, self.net.values(i, resid)))
                return
            at = self.net.attending(i, resid, frame, self.values)
            self.take("v", i, at.v)
            if ("qk", i) in self.keep:
                self.attending[i] = at
            if stop == Stage.PATTERN:
                return
            if i == last and end.stage == Stage.LOGITS and not every and self.plain(i):
                rows = torch.arange(len(resid), device=resid.device)
                pre = resid[rows, frame.batch.last][:, None]
                mid = self.net.write(i, self.net.mix_last(at), pre)
                self.final, self.last_only = self.net.finish(i, pre, mid), True
                return
            z, extra = self.mixed(i, self.net.mix(at), at)
            self.take("z", i, z)
            self.state("z", i, z)
            if stop == Stage.Z:
                return
            mid = self.net.write(i, z, resid)
            if extra is not None:
                mid = mid + extra
            mid = self.residual("mid", i, mid) if not self.net.map.parallel else mid
            self.state("mid", i, mid)
            if stop == Stage.RESID_MID:
                if self.net.map.parallel:
                    self.state("post", i, self.net.finish(i, resid, mid))
                return
            resid = self.residual("post", i, self.net.finish(i, resid, mid))
        self.finish(resid, frame, every, end)

    def finish(self, resid: Tensor, frame: Frame, every: bool, end: Point) -> None:
        if end.stage == Stage.LOGITS:
            self.last_only = not every
            self.final = (
                resid if every else resid[torch.arange(len(resid), device=resid.device), frame.batch.last][:, None]
            )

    def plain(self, layer: int, later: Stage = Stage.Z) -> bool:
        """Nobody needs this layer's other positions."""
        kinds = ("z", "resid_mid", "resid_post")
        wanted = any((kind, layer) in self.keep for kind in kinds) or any(
            (kind, layer) in self.want for kind in ("z", "mid", "post")
        )
        return not wanted and not any(block.at(layer, later=later) for block in self.edits)

    def take(self, kind: str, layer: int, tensor: Tensor) -> None:
        if (kind, layer) in self.keep:
            self.taken[(kind, layer)] = tensor

    def state(self, kind: str, layer: int, tensor: Tensor) -> None:
        if (kind, layer) in self.want:
            self.states[(kind, layer)] = tensor

    def values(self, layer: int, v: Tensor) -> Tensor:
        mine = [(block, edit) for block in self.edits for edit in block.at(layer, Stage.QKV)]
        if not mine:
            return v
        v = v.clone()
        for block, edit in mine:
            run = block.run(edit, None)
            if isinstance(edit.site, Head):
                raise ClaimsError(
                    f"{edit.operation.name} at {edit.site}: a query head's own values are not written; write its z."
                )
            flat = v[block.rows].flatten(2)
            where = run.columns()
            flat[:, :, where] = block.delivery.apply(edit, flat[:, :, where], run)
            v[block.rows] = flat.view_as(v[block.rows])
        return v

    def mixed(self, layer: int, z: Tensor, at: Attending) -> tuple[Tensor, Tensor | None]:
        mine = [(block, edit) for block in self.edits for edit in block.at(layer, Stage.Z)]
        if not mine:
            return z, None
        z, extra = z.clone(), None
        for block, edit in mine:
            run = block.run(edit, at.rows(block.rows))
            head = edit.site.index  # type: ignore[union-attr]
            z[block.rows, :, head] = block.delivery.apply(edit, z[block.rows, :, head], run)
            if run.extra is not None:
                if extra is None:
                    extra = torch.zeros(*z.shape[:2], self.net.map.d_model, dtype=z.dtype, device=z.device)
                extra[block.rows] += run.extra
        return z, extra

    def residual(self, kind: str, layer: int, resid: Tensor) -> Tensor:
        stage = {"pre": Stage.RESID_PRE, "mid": Stage.RESID_MID, "post": Stage.RESID_POST}[kind]
        mine = [(block, edit) for block in self.edits for edit in block.at(layer, stage)]
        if mine:
            resid = resid.clone()
            for block, edit in mine:
                resid[block.rows] = block.delivery.apply(edit, resid[block.rows], block.run(edit, None))
        self.take(f"resid_{kind}", layer, resid)
        self.state(kind, layer, resid)
        return resid


@dataclass(eq=False)
class _Block:
    """One condition's rows in a batch."""

    rows: slice
    delivery: Delivery
    made: tuple[Edit, ...]
    chunk: "_Chunk"

    def at(self, layer: int, stage: Stage | None = None, later: Stage | None = None) -> list[Edit]:
        return [
            edit
            for edit in self.made
            if edit.site.layer == layer
            and edit.during("prefill")
            and (edit.stage == stage if stage is not None else later is not None and edit.stage >= later)
        ]

    def run(self, edit: Edit, live: Attending | None) -> SiteRun:
        c = self.chunk
        return SiteRun(edit.site, c.net.map, c.batch, c.examples, c.rows, c.given, live)


class _Chunk:
    """Some examples: their clean pass, then every condition from where it starts."""

    def __init__(
        self,
        path: FastPath,
        task: Task,
        plan: Plan,
        given: "Sources",
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
                try:
                    with self.path.budget.timed(len(now) * self.batch.ids.numel()):
                        found = list(self._batch(start, now, clean, readout))
                except torch.OutOfMemoryError:
                    if size == 1 or len(now) == 1:
                        raise
                    self.path.budget.halve(len(now) * self.batch.ids.numel())
                    continue
                yield from found
                waiting = waiting[size:]

    def _clean(self) -> _Rows:
        want: set[tuple[str, int]] = set()
        for (layer, at), _ in self.plan.groups:
            if at == "z":
                want |= {("z", layer), ("post" if self.net.map.parallel else "mid", layer)}
                if any(self._looks(c, layer) for start, cs in self.plan.groups if start == (layer, at) for c in cs):
                    want.add(("pre", layer))
            else:
                want.add((at, layer))
        run = _Rows(self.net, self.plan.keep, want=frozenset(want))
        resid, self.frame = self.net.embed(self.batch)
        run.walk(resid, self.frame, 0, self.plan.end, self.task.every_position)
        return run

    def _looks(self, condition: Intervention, layer: int) -> bool:
        """Whether some body may ask for the layer's attention, which is then computed again for it."""
        return any(edit.site.layer == layer and edit.operation.name != "ablate" for edit in edits(condition))

    def _batch(
        self, start: Start, conditions: Sequence[Intervention], clean: _Rows, readout: Readout
    ) -> Iterator[Part]:
        begun = time.perf_counter()
        count = len(self.rows)
        blocks = []
        for i, condition in enumerate(conditions):
            made = edits(condition)
            delivery = Delivery(condition, expected=count * len(made))
            blocks.append(_Block(slice(i * count, (i + 1) * count), delivery, made, self))
        run = _Rows(self.net, self.plan.keep, blocks)
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

    def _from_heads(
        self, run: _Rows, blocks: Sequence[_Block], clean: _Rows, frame: Frame, layer: int, end: Point
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
        changes: list[Tensor] = []  # per block: rows x positions x d_model
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
            change = difference @ weights
            changes.append(change if extra is None else change + extra)
        start = base[rows, here][:, None] if last else base
        resid = (torch.stack(changes) + start).flatten(0, 1)
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

    def _go_on(self, run: _Rows, resid: Tensor, frame: Frame, layer: int, end: Point) -> None:
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
    clean: _Rows
    run: _Rows | None
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


class Sources:
    """Means over the set, and the tensors of other prompts, measured once where they are needed."""

    def __init__(self, path: FastPath, task: Task, prompts: Sequence[tuple[int, ...]]) -> None:
        self._path, self._task, self._prompts = path, task, prompts
        found = [needs(condition) for condition in task.conditions]
        self._means_wanted = frozenset(key for means, _ in found for key in means)
        self._sources_wanted = frozenset(pair for _, sources in found for pair in sources)
        self._means: dict[Key, Tensor] | None = None
        self._held: dict[tuple[str, tuple[int, ...]], tuple[Batch, dict[Key, Tensor]]] = {}
        self._texts: dict[str, list[str]] = {}

    def mean(self, key: Key) -> Tensor:
        if self._means is None:
            self._means = self._measure_means()
        if key not in self._means:
            raise ClaimsError(
                f"an intervention asked for the mean of {key[0]} at layer {key[1]} without an option how=mean."
            )
        return self._means[key]

    def source(self, name: str, key: Key, rows: Sequence[int]) -> tuple[Batch, Tensor]:
        at = (name, tuple(rows))
        if at not in self._held:
            tokens, examples = self._path.loaded.tokens, self._task.examples
            if name not in self._texts:
                self._texts[name] = source_prompts(name, examples)
            texts = self._texts[name]
            ids = [tokens.prompt(texts[row], f"example {examples[row].id!r}, its {name} prompt") for row in rows]
            keep = frozenset(k for n, k in self._sources_wanted if n == name)
            self._held[at] = self._path.clean(ids, keep)
        batch, taken = self._held[at]
        return batch, taken[key]

    def forget(self) -> None:
        self._held.clear()

    def _measure_means(self) -> dict[Key, Tensor]:
        total: dict[Key, Tensor] = {}
        tokens = 0
        rows = sorted(range(len(self._prompts)), key=lambda row: len(self._prompts[row]))
        for chunk in self._path.budget.chunks(rows, [len(p) for p in self._prompts], 0):
            batch, taken = self._path.clean([self._prompts[row] for row in chunk], self._means_wanted)
            tokens += int(batch.lengths.sum())
            for key, tensor in taken.items():
                summed = tensor[batch.mask].double().sum(0)
                total[key] = total[key] + summed if key in total else summed
        return {key: (value / tokens).to(self._path.loaded.map.w_u.dtype) for key, value in total.items()}


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
