"""The reference path: TransformerLens hooks on the whole model, one condition and one example at a time.

Slow and plain.  It shares the bodies of interventions and metrics with the fast path, and no arithmetic.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from causal_claims.engine.decoding import (
    Decoding,
    Script,
    ending,
    given_text,
    left_out,
    lists_of,
    the_decoding,
    watched,
)
from causal_claims.engine.delivery import Delivery, Edit, Key, SiteRun, edits, needs, source_prompts
from causal_claims.engine.loading import Loaded
from causal_claims.engine.readout import Noted, Readout, Texts, numbers
from causal_claims.engine.settings import Settings
from causal_claims.engine.task import Keys, Part, Task, kept
from causal_claims.engine.tokens import Batch, pad
from causal_claims.errors import ClaimsError
from causal_claims.examples import Example
from causal_claims.interventions.intervention import BASELINE, Intervention
from causal_claims.sites import GENERATION, LAST, Stage

Hook = tuple[str, Callable[..., Any]]
_STREAM = {"resid_pre": "hook_resid_pre", "resid_mid": "hook_resid_mid", "resid_post": "hook_resid_post"}


def hook_name(kind: str, layer: int) -> str:
    """TransformerLens' name of a tensor."""
    stem = _STREAM.get(kind) or f"attn.hook_{kind}"
    return f"blocks.{layer}.{stem}"


class ReferencePath:
    def __init__(self, loaded: Loaded, settings: Settings) -> None:
        self.loaded = loaded
        self.settings = settings

    @torch.inference_mode()
    def parts(self, task: Task) -> Iterator[Part]:
        tokens = self.loaded.tokens
        prompts = [tokens.prompt(one.prompt, f"example {one.id!r}") for one in task.examples]
        given = _Given(self, task, prompts)
        if GENERATION in task.reads():
            yield from self._generated(task, prompts, given)
            return
        for condition in task.conditions:
            for row in task.rows:
                if task.known(condition, (row,)):
                    continue
                begun = time.perf_counter()
                batch = pad([prompts[row]], self.loaded.device)
                clean = self._readout(task, row, batch, BASELINE, given, None, Delivery(BASELINE))
                delivery = Delivery(condition, expected=len(edits(condition)))
                run = clean
                if condition != BASELINE:
                    run = self._readout(task, row, batch, condition, given, partial(_same, clean), delivery)
                values = {metric: numbers(metric, run) for metric in task.metrics}
                yield Part(condition, (row,), values, delivery, time.perf_counter() - begun)

    def _readout(
        self, task: Task, row: int, batch: Batch, condition: Intervention, given: "_Given",
        baseline: Callable[[], Readout] | None, delivery: Delivery,
    ) -> Readout:  # fmt: skip
        example = task.examples[row]
        taken: dict[Key, Tensor] = {}
        given.prepare(condition, row)
        hooks = _writing(self.loaded, edits(condition), batch, [example], (row,), given, delivery)
        hooks += _reading(kept(task.reads()), taken)
        needs_logits = any(point.layer == LAST for point in task.reads())
        logits = self.run(batch.ids, hooks)
        tensors = _Tensors(taken, logits if needs_logits else None)
        return Readout([example], batch, self.loaded.tokens, self.loaded.map, tensors, baseline)

    def _generated(self, task: Task, prompts: Sequence[Sequence[int]], given: "_Given") -> Iterator[Part]:
        """One token after another, without a cache."""
        decoding, ends = the_decoding(task), ending(self.loaded)
        layers = [point.layer for point in task.reads() if point.stage == Stage.PATTERN]
        for condition in task.conditions:
            for row in task.rows:
                if task.known(condition, (row,)):
                    continue
                begun, example = time.perf_counter(), task.examples[row]
                batch = pad([prompts[row]], self.loaded.device)
                given.prepare(condition, row)
                written: list[int] = []
                patterns: dict[int, Tensor] = {}
                noted: list[Tensor] = []
                script = self._script(task, decoding, batch, example)
                for step in range(decoding.tokens if script is None else len(script.ids[0])):
                    delivery = Delivery(condition)
                    made = edits(condition)
                    for phase, times in (("prefill", 1), ("decode", step)):
                        delivery.expected += times * sum(edit.during(phase) for edit in made)
                    taken: dict[Key, Tensor] = {}
                    hooks = _writing(self.loaded, made, batch, [example], (row,), given, delivery, step)
                    hooks += _reading(frozenset(("qk", layer) for layer in layers), taken)
                    ids = torch.cat([batch.ids, torch.tensor([written], dtype=torch.long, device=batch.ids.device)], 1)
                    logits = self.run(ids, hooks)[:, -1]
                    if script is not None:
                        noted.append(logits[0].float().softmax(-1)[script.watched])
                        token = script.ids[0][step]
                    else:
                        token = int(decoding.choose(logits, [example], step))
                        if token in ends:
                            break
                    patterns = {layer: taken[("qk", layer)] for layer in layers}
                    written.append(token)
                width = batch.ids.shape[1]

                def followed(
                    layer: int, head: int, seen: dict[int, Tensor] = patterns, width: int = width
                ) -> list[Tensor]:
                    if layer not in seen:
                        return [torch.zeros(0, width)]
                    return [seen[layer][0, head, width - 1 :].float()]

                text = self.loaded.tokenizer.decode(written, skip_special_tokens=True)
                readout = Readout(
                    [example], batch, self.loaded.tokens, self.loaded.map, _Tensors({}, None),
                    generated=Texts(
                        (text,), (tuple(written),), followed,
                        None if script is None else Noted((torch.stack(noted),), script.columns()),
                    ),
                )  # fmt: skip
                values = {metric: numbers(metric, readout) for metric in task.metrics}
                yield Part(condition, (row,), values, delivery, time.perf_counter() - begun)

    def _script(self, task: Task, decoding: Decoding, batch: Batch, example: Example) -> Script | None:
        if decoding.along is None:
            return None
        lists = {name: watched(self.loaded, name) for name in lists_of(task)}
        if decoding.along != "clean":
            return Script(given_text(self.loaded, decoding, [example]), lists)
        written, never = list[int](), left_out(self.loaded)
        for _ in range(decoding.tokens):
            ids = torch.cat([batch.ids, torch.tensor([written], dtype=torch.long, device=batch.ids.device)], 1)
            logits = self.run(ids, [])[:, -1].float()
            logits[:, never] = -torch.inf
            token = int(logits.argmax(-1))
            if token in ending(self.loaded):
                break
            written.append(token)
        return Script((tuple(written),), lists)

    def run(self, ids: Tensor, hooks: Sequence[Hook]) -> Tensor:
        """Logits of the hooked bridge."""
        found: Tensor = self.loaded.bridge.run_with_hooks(
            ids, fwd_hooks=list(hooks), prepend_bos=False, attention_mask=torch.ones_like(ids)
        )
        return found

    def clean(self, prompt: Sequence[int], keep: Keys) -> tuple[Batch, dict[Key, Tensor]]:
        batch = pad([prompt], self.loaded.device)
        taken: dict[Key, Tensor] = {}
        self.run(batch.ids, _reading(keep, taken))
        return batch, taken


def _reading(keep: Keys, taken: dict[Key, Tensor]) -> list[Hook]:
    """Hooks that keep tensors; they come after those that write."""
    hooks: list[Hook] = []
    for kind, layer in sorted(keep):

        def store(tensor: Tensor, hook: Any, key: Key = (kind, layer)) -> None:
            taken[key] = tensor.detach().clone()

        hooks.append((hook_name("pattern" if kind == "qk" else kind, layer), store))
    return hooks


@dataclass(frozen=True)
class _Segment:
    """Positions that one application sees: the prompt, or one generated token."""

    first: int
    end: int
    phase: str


def _writing(
    loaded: Loaded, made: Sequence[Edit], batch: Batch, examples: Sequence[Any], rows: Sequence[int], given: Any,
    delivery: Delivery, generated: int = 0,
) -> list[Hook]:  # fmt: skip
    """Hooks for each layer that a condition writes: the values, then z, then what attention adds, then the stream.

    Without a cache the whole text is read again at every step, so a hook sees the prompt and each generated token in turn.
    """
    width = batch.ids.shape[1]
    segments = [_Segment(0, width, "prefill")]
    segments += [_Segment(i, i + 1, "decode") for i in range(width, width + generated)]
    hooks: list[Hook] = []

    def apply(edit: Edit, value: Tensor, live: "_Live", extras: list[Tensor] | None = None) -> Tensor:
        """The body on each segment of rows x positions x width."""
        pieces = []
        for part in segments:
            piece = value[:, part.first : part.end]
            if edit.during(part.phase):
                run = SiteRun(edit.site, loaded.map, batch, examples, rows, given, live.narrowed(part), part.phase)
                piece = delivery.apply(edit, piece, run)
                if run.extra is not None and extras is not None:
                    extra = torch.zeros(*value.shape[:2], run.extra.shape[-1], dtype=value.dtype, device=value.device)
                    extra[:, part.first : part.end] = run.extra
                    extras.append(extra)
            pieces.append(piece)
        return torch.cat(pieces, 1)

    for layer in sorted({edit.site.layer for edit in made}):
        here = [edit for edit in made if edit.site.layer == layer]
        live = _Live(loaded, layer)
        extras: list[Tensor] = []

        def on_v(v: Tensor, hook: Any, here: Sequence[Edit] = here, live: "_Live" = live) -> Tensor:
            flat = v.flatten(2).clone()
            for edit in here:
                if edit.stage == Stage.QKV:
                    where = SiteRun(edit.site, loaded.map, batch, examples, rows, given, None).columns()
                    flat[:, :, where] = apply(edit, flat[:, :, where], live)
            live.v = flat.view_as(v)
            return live.v

        def on_pattern(pattern: Tensor, hook: Any, live: "_Live" = live) -> None:
            live.patterns = pattern

        def on_z(
            z: Tensor, hook: Any, here: Sequence[Edit] = here, live: "_Live" = live, extras: list[Tensor] = extras
        ) -> Tensor:
            z = z.clone()
            for edit in here:
                if edit.stage == Stage.Z:
                    head = edit.site.index  # type: ignore[union-attr]
                    z[:, :, head] = apply(edit, z[:, :, head], live, extras)
            return z

        def on_out(out: Tensor, hook: Any, extras: list[Tensor] = extras) -> Tensor:
            return out + torch.stack(extras).sum(0) if extras else out

        stages = {edit.stage for edit in here}
        if stages & {Stage.QKV, Stage.Z}:
            hooks += [(hook_name("v", layer), on_v), (hook_name("pattern", layer), on_pattern)]
            hooks += [(hook_name("z", layer), on_z), (f"blocks.{layer}.hook_attn_out", on_out)]
        for edit in here:

            def on_stream(resid: Tensor, hook: Any, edit: Edit = edit, live: "_Live" = live) -> Tensor:
                return apply(edit, resid, live)

            if edit.stage in (Stage.RESID_PRE, Stage.RESID_POST):
                hooks.append((hook_name(f"resid_{edit.site.at}", layer), on_stream))  # type: ignore[union-attr]
            elif edit.stage == Stage.RESID_MID:
                hooks += _on_middle(layer, on_stream)
    return hooks


def _on_middle(layer: int, on_stream: Callable[..., Tensor]) -> list[Hook]:
    """Write the stream between attention and MLP by what attention adds to it.

    On some architectures TransformerLens' hook_resid_mid is the second norm's input alone, and an edit there leaves the
    skip connection as it was.
    """
    before: list[Tensor] = []

    def on_pre(resid: Tensor, hook: Any) -> None:
        before[:] = [resid]

    def on_out(out: Tensor, hook: Any) -> Tensor:
        middle = before[0] + out
        return out + (on_stream(middle, hook) - middle)

    return [(hook_name("resid_pre", layer), on_pre), (f"blocks.{layer}.hook_attn_out", on_out)]


def _same(readout: Readout) -> Readout:
    return readout


@dataclass(eq=False)
class _Live:
    """A layer's attention as the hooks saw it, for the queries of a segment."""

    loaded: Loaded
    layer: int
    v: Tensor | None = None
    patterns: Tensor | None = None
    part: _Segment | None = None

    def narrowed(self, part: _Segment) -> "_Live":
        return _Live(self.loaded, self.layer, self.v, self.patterns, part)

    def values(self, head: int) -> Tensor:
        assert self.v is not None
        assert self.part is not None
        return self.v[:, : self.part.end, head // self.loaded.map.group]

    def pattern(self, head: int) -> Tensor:
        assert self.patterns is not None
        assert self.part is not None
        return self.patterns[:, head, self.part.first : self.part.end, : self.part.end]

    def visible(self) -> Tensor:
        assert self.patterns is not None
        assert self.part is not None
        place = torch.arange(self.part.end, device=self.patterns.device)
        back = place[self.part.first :, None] - place[None]
        window = self.loaded.map.blocks[self.layer].window
        return ((back >= 0) if window is None else (back >= 0) & (back < window))[None]


@dataclass(eq=False)
class _Tensors:
    taken: dict[Key, Tensor]
    found: Tensor | None

    def get(self, kind: str, layer: int) -> Tensor:
        if (kind, layer) not in self.taken:
            raise ClaimsError(
                f"a metric reads {kind} of layer {layer}, which it did not declare; add the point to its reads=."
            )
        return self.taken[(kind, layer)]

    def attention(self, layer: int, head: int, queries: Tensor) -> Tensor:
        pattern = self.get("qk", layer)[:, head].float()
        return pattern[torch.arange(len(pattern))[:, None], queries]

    def logits(self, index: Tensor, columns: Tensor | None) -> Tensor:
        if self.found is None:
            raise ClaimsError("a metric reads the logits, and did not declare it; add LOGITS to its reads=.")
        rows = torch.arange(len(self.found), device=self.found.device)[:, None]
        at = self.found[rows, index]
        return at if columns is None else at.gather(2, columns[:, None].expand(-1, at.shape[1], -1))


@dataclass(eq=False)
class _Given:
    """Means and sources, by clean runs of the bridge."""

    path: ReferencePath
    task: Task
    prompts: Sequence[tuple[int, ...]]
    _means: dict[Key, Tensor] = field(default_factory=dict)
    _texts: dict[str, list[str]] = field(default_factory=dict)
    _held: dict[tuple[str, Key, int], tuple[Batch, Tensor]] = field(default_factory=dict)

    def prepare(self, condition: Intervention, row: int) -> None:
        """Run what a condition will ask for, since a hook cannot run the model again."""
        means, sources = needs(condition)
        for key in means:
            self.mean(key)
        self._held = {(name, key, row): self._run(name, key, row) for name, key in sources}

    def mean(self, key: Key) -> Tensor:
        if not self._means:
            wanted = frozenset(k for condition in self.task.conditions for k in needs(condition)[0])
            sums: dict[Key, Tensor] = {}
            for prompt in self.prompts:
                for k, tensor in self.path.clean(prompt, wanted)[1].items():
                    summed = tensor[0].double().sum(0)
                    sums[k] = sums[k] + summed if k in sums else summed
            count = sum(map(len, self.prompts))
            self._means = {k: (v / count).to(self.path.loaded.map.w_u.dtype) for k, v in sums.items()}
        return self._means[key]

    def source(self, name: str, key: Key, rows: Sequence[int]) -> tuple[Batch, Tensor]:
        return self._held[(name, key, rows[0])]

    def _run(self, name: str, key: Key, row: int) -> tuple[Batch, Tensor]:
        examples = self.task.examples
        if name not in self._texts:
            self._texts[name] = source_prompts(name, examples)
        asked = f"example {examples[row].id!r}, its {name} prompt"
        batch, taken = self.path.clean(self.path.loaded.tokens.prompt(self._texts[name][row], asked), frozenset({key}))
        return batch, taken[key]
