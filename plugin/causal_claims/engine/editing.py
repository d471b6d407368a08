"""A batch's edits: each condition is a block of rows, and writes its own rows only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from causal_claims.engine.delivery import Delivery
from causal_claims.engine.edits import Edit
from causal_claims.engine.site_run import Live, SiteRun
from causal_claims.errors import ClaimsError
from causal_claims.sites import RESID_STAGES, Head, Stage


class RowLive(Live, Protocol):
    """A layer's attention that can be narrowed to some rows."""

    def rows(self, part: slice) -> Live: ...


@dataclass(eq=False)
class Block:
    """One condition's rows in a batch."""

    rows: slice
    delivery: Delivery
    made: tuple[Edit, ...]
    site_run: Callable[[Edit, Live | None], SiteRun]
    phase: str = "prefill"
    open: Tensor | None = None  # rows whose text has not ended; None: all

    def at(self, layer: int, stage: Stage | None = None, later: Stage | None = None) -> list[Edit]:
        """The edits of a layer at a stage, or from a stage on."""
        return [
            edit
            for edit in self.made
            if edit.site.layer == layer
            and edit.during(self.phase)
            and (edit.stage == stage if stage is not None else later is not None and edit.stage >= later)
        ]

    def run(self, edit: Edit, live: Live | None) -> SiteRun:
        run = self.site_run(edit, live)
        run.phase, run.open = self.phase, None if self.open is None else self.open.to(run.batch.ids.device)
        return run


@dataclass(eq=False)
class Editing:
    """What a batch's blocks do to the tensors of a layer; tensors that nobody writes are handed back as they are."""

    blocks: Sequence[Block]
    d_model: int

    def _mine(self, layer: int, stage: Stage) -> list[tuple[Block, Edit]]:
        return [(block, edit) for block in self.blocks for edit in block.at(layer, stage)]

    def values(self, layer: int, v: Tensor) -> Tensor:
        """# rows x positions x KV heads x d_head"""
        mine = self._mine(layer, Stage.QKV)
        if not mine:
            return v
        v = v.clone()
        for block, edit in mine:
            if isinstance(edit.site, Head):
                raise ClaimsError(
                    f"{edit.operation.name} at {edit.site}: a query head's own values are not written; write its z."
                )
            run = block.run(edit, None)
            flat, where = v[block.rows].flatten(2), run.columns()
            flat[:, :, where] = block.delivery.apply(edit, flat[:, :, where], run)
            v[block.rows] = flat.view_as(v[block.rows])
        return v

    def mixed(self, layer: int, z: Tensor, live: RowLive) -> tuple[Tensor, Tensor | None]:
        """z, and what is to be added to what attention writes."""
        mine = self._mine(layer, Stage.Z)
        if not mine:
            return z, None
        z, extra = z.clone(), None
        for block, edit in mine:
            run = block.run(edit, live.rows(block.rows))
            head = edit.site.index  # type: ignore[union-attr]
            z[block.rows, :, head] = block.delivery.apply(edit, z[block.rows, :, head], run)
            if run.extra is not None:
                if extra is None:
                    extra = torch.zeros(*z.shape[:2], self.d_model, dtype=z.dtype, device=z.device)
                extra[block.rows] += run.extra
        return z, extra

    def residual(self, kind: str, layer: int, resid: Tensor) -> Tensor:
        """# rows x positions x d_model"""
        mine = self._mine(layer, RESID_STAGES[kind])
        if mine:
            resid = resid.clone()
            for block, edit in mine:
                resid[block.rows] = block.delivery.apply(edit, resid[block.rows], block.run(edit, None))
        return resid
