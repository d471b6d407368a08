"""A batch's edits: each condition is a block of rows, and writes its own rows only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from causal_claims.engine.delivery import Delivery
from causal_claims.engine.edits import Edit
from causal_claims.engine.site_run import Live, SiteRun
from causal_claims.errors import ClaimsError
from causal_claims.sites import RESID_STAGES, Head, Stage


class RowLive(Live, Protocol):
    """A layer's attention that can be narrowed to some rows, and to what some queries see."""

    def rows(self, part: slice, place: slice = slice(None)) -> Live: ...


@dataclass(frozen=True, eq=False)
class Stretch:
    """Positions that a body sees at once: the prompt, or one token of a text."""

    phase: str = "prefill"
    place: slice = field(default_factory=lambda: slice(None))
    open: Tensor | None = None  # of all rows: those whose text has not ended; None: all


PROMPT = Stretch()


@dataclass(eq=False)
class Block:
    """One condition's rows in a batch."""

    rows: slice
    delivery: Delivery
    made: tuple[Edit, ...]
    site_run: Callable[[Edit, Live | None], SiteRun]

    def at(
        self, layer: int, stage: Stage | None = None, later: Stage | None = None, phase: str = "prefill"
    ) -> list[Edit]:
        """The edits of a layer at a stage, or from a stage on."""
        return [
            edit
            for edit in self.made
            if edit.site.layer == layer
            and edit.during(phase)
            and (edit.stage == stage if stage is not None else later is not None and edit.stage >= later)
        ]

    def run(self, edit: Edit, live: Live | None, stretch: Stretch = PROMPT) -> SiteRun:
        run = self.site_run(edit, live)
        run.phase = stretch.phase
        run.open = None if stretch.open is None else stretch.open[self.rows].to(run.batch.ids.device)
        return run


@dataclass(eq=False)
class Editing:
    """What a batch's blocks do to the tensors of a layer; tensors that nobody writes are handed back as they are."""

    blocks: Sequence[Block]
    d_model: int
    stretches: Sequence[Stretch] = (PROMPT,)

    def _mine(self, layer: int, stage: Stage) -> list[tuple[Block, Edit, Stretch]]:
        return [
            (block, edit, stretch)
            for block in self.blocks
            for stretch in self.stretches
            for edit in block.at(layer, stage, phase=stretch.phase)
        ]

    def values(self, layer: int, v: Tensor) -> Tensor:
        """# rows x positions x KV heads x d_head"""
        mine = self._mine(layer, Stage.QKV)
        if not mine:
            return v
        v = v.clone()
        for block, edit, stretch in mine:
            if isinstance(edit.site, Head):
                raise ClaimsError(
                    f"{edit.operation.name} at {edit.site}: a query head's own values are not written; write its z."
                )
            run = block.run(edit, None, stretch)
            flat, where = v[block.rows, stretch.place].flatten(2), run.columns()
            flat[:, :, where] = block.delivery.apply(edit, flat[:, :, where], run)
            v[block.rows, stretch.place] = flat.view(*flat.shape[:2], *v.shape[2:])
        return v

    def mixed(self, layer: int, z: Tensor, live: RowLive) -> tuple[Tensor, Tensor | None]:
        """z, and what is to be added to what attention writes."""
        mine = self._mine(layer, Stage.Z)
        if not mine:
            return z, None
        z, extra = z.clone(), None
        for block, edit, stretch in mine:
            run = block.run(edit, live.rows(block.rows, stretch.place), stretch)
            where = (block.rows, stretch.place, edit.site.index)  # type: ignore[union-attr]
            z[where] = block.delivery.apply(edit, z[where], run)
            if run.extra is not None:
                if extra is None:
                    extra = torch.zeros(*z.shape[:2], self.d_model, dtype=z.dtype, device=z.device)
                extra[block.rows, stretch.place] += run.extra
        return z, extra

    def residual(self, kind: str, layer: int, resid: Tensor) -> Tensor:
        """# rows x positions x d_model"""
        mine = self._mine(layer, RESID_STAGES[kind])
        if mine:
            resid = resid.clone()
            for block, edit, stretch in mine:
                where = (block.rows, stretch.place)
                resid[where] = block.delivery.apply(edit, resid[where], block.run(edit, None, stretch))
        return resid
