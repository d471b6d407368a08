"""A batch of rows on its way through the network: what is edited on the way, what is kept of it."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from causal_claims.engine.editing import Editing
from causal_claims.engine.edits import Key
from causal_claims.engine.network import Attending, Frame, Network
from causal_claims.engine.task import Keys
from causal_claims.sites import Point, Stage


@dataclass(eq=False)
class Rows:
    """A batch on its way through the network, with the edits of its blocks of rows."""

    net: Network
    keep: Keys
    editing: Editing
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
            resid, frame = self.net.enter(i, resid, frame)
            resid = self.residual("pre", i, resid)
            stop = end.stage if i == end.layer else Stage.LOGITS
            if stop == Stage.RESID_PRE:
                return
            if stop == Stage.QKV:
                self.take("v", i, self.editing.values(i, self.net.values(i, resid)))
                return
            ends = i == last and end.stage == Stage.LOGITS and not every
            if ends and self.plain(i, Stage.QKV) and (z := self.net.look(i, resid, frame)) is not None:
                self.end(i, z, resid, frame)
                return
            at = self.net.attending(i, resid, frame, self.editing.values)
            self.take("v", i, at.v)
            if ("qk", i) in self.keep:
                self.attending[i] = at
            if stop == Stage.PATTERN:
                return
            if ends and self.plain(i):
                self.end(i, self.net.mix_last(at), resid, frame)
                return
            z, extra = self.editing.mixed(i, self.net.mix(at), at)
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

    def end(self, layer: int, z: Tensor, resid: Tensor, frame: Frame) -> None:
        """The last layer, of which only each row's last token is read."""
        pre = resid[torch.arange(len(resid), device=resid.device), frame.batch.last][:, None]
        mid = self.net.write(layer, z, pre)
        self.final, self.last_only = self.net.finish(layer, pre, mid), True

    def finish(self, resid: Tensor, frame: Frame, every: bool, end: Point) -> None:
        if end.stage == Stage.LOGITS:
            self.last_only = not every
            self.final = (
                resid if every else resid[torch.arange(len(resid), device=resid.device), frame.batch.last][:, None]
            )

    def plain(self, layer: int, later: Stage = Stage.Z) -> bool:
        """Nobody needs this layer's other positions."""
        kinds = ("z", "resid_mid", "resid_post", *(("v", "qk") if later == Stage.QKV else ()))
        wanted = any((kind, layer) in self.keep for kind in kinds) or any(
            (kind, layer) in self.want for kind in ("z", "mid", "post")
        )
        return not wanted and not any(block.at(layer, later=later) for block in self.editing.blocks)

    def take(self, kind: str, layer: int, tensor: Tensor) -> None:
        if (kind, layer) in self.keep:
            self.taken[(kind, layer)] = tensor

    def state(self, kind: str, layer: int, tensor: Tensor) -> None:
        if (kind, layer) in self.want:
            self.states[(kind, layer)] = tensor

    def residual(self, kind: str, layer: int, resid: Tensor) -> Tensor:
        resid = self.editing.residual(kind, layer, resid)
        self.take(f"resid_{kind}", layer, resid)
        self.state(kind, layer, resid)
        return resid
