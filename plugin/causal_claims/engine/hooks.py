"""TransformerLens hooks that read a run's tensors, and hooks that write what a condition writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from causal_claims.engine.delivery import Delivery
from causal_claims.engine.edits import Edit, Key
from causal_claims.engine.loading import Loaded
from causal_claims.engine.site_run import SiteRun
from causal_claims.engine.task import Keys
from causal_claims.engine.tokens import Batch
from causal_claims.sites import Stage

Hook = tuple[str, Callable[..., Any]]
_STREAM = {"resid_pre": "hook_resid_pre", "resid_mid": "hook_resid_mid", "resid_post": "hook_resid_post"}


def hook_name(kind: str, layer: int) -> str:
    """TransformerLens' name of a tensor."""
    stem = _STREAM.get(kind) or f"attn.hook_{kind}"
    return f"blocks.{layer}.{stem}"


def reading(keep: Keys, taken: dict[Key, Tensor]) -> list[Hook]:
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


def writing(
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
                own = batch.to(value.device).copy()
                run = SiteRun(edit.site, loaded.map, own, examples, rows, given, live.narrowed(part), part.phase)
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
        middle = before[0].to(out.device) + out
        return out + (on_stream(middle, hook) - middle)

    return [(hook_name("resid_pre", layer), on_pre), (f"blocks.{layer}.hook_attn_out", on_out)]


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
        return self.v[:, : self.part.end, head // self.loaded.map.group].clone()

    def pattern(self, head: int) -> Tensor:
        assert self.patterns is not None
        assert self.part is not None
        return self.patterns[:, head, self.part.first : self.part.end, : self.part.end].clone()

    def visible(self) -> Tensor:
        assert self.patterns is not None
        assert self.part is not None
        place = torch.arange(self.part.end, device=self.patterns.device)
        back = place[self.part.first :, None] - place[None]
        window = self.loaded.map.blocks[self.layer].window
        return ((back >= 0) if window is None else (back >= 0) & (back < window))[None]
