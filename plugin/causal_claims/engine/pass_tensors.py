"""What a batch of conditions measured, and below where it starts what the clean pass did."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from causal_claims.engine.network import Network
from causal_claims.engine.readout import Readout
from causal_claims.engine.rows import Rows
from causal_claims.engine.tokens import Batch
from causal_claims.errors import ClaimsError


@dataclass(eq=False)
class PassTensors:
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
            return tile(self.clean.taken[key], self.times)
        raise ClaimsError(
            f"a metric reads {kind} of layer {layer}, which it did not declare; add the point to its reads=."
        )

    def attention(self, layer: int, head: int, queries: Tensor) -> Tensor:
        for run in (self.run, self.clean):
            if run is not None and layer in run.attending:
                at = run.attending[layer]
                queries = queries.to(at.q.device)
                if run is self.run or self.times == 1:
                    return at.attention(head, queries)
                count = len(at.q)
                return tile(at.attention(head, queries[:count]), self.times)
        raise ClaimsError(
            f"a metric reads the pattern of layer {layer}, which it did not declare; add the point to its reads=."
        )

    def logits(self, index: Tensor, columns: Tensor | None) -> Tensor:
        source = self.run if self.run is not None and self.run.final is not None else self.clean
        final = source.final
        if final is None:
            raise ClaimsError("a metric reads the logits, and did not declare it; add LOGITS to its reads=.")
        if source is self.clean:
            final = tile(final, self.times)
        if source.last_only:
            if index.shape[1] != 1:
                raise ClaimsError(
                    'a metric reads logits at other positions than the last; declare it with positions="all".'
                )
        else:
            final = final[torch.arange(len(final), device=final.device)[:, None], index.to(final.device)]
        return self.net.unembed(final, columns)


def repeated(readout: Readout, times: int) -> Readout:
    tensors = readout.tensors
    assert isinstance(tensors, PassTensors)
    b = readout.batch
    batch = Batch(
        b.ids.repeat(times, 1), b.mask.repeat(times, 1), b.positions.repeat(times, 1), b.lengths.repeat(times), b.left
    )
    return replace(
        readout,
        examples=list(readout.examples) * times,
        batch=batch,
        tensors=PassTensors(tensors.net, tensors.clean, None, times),
    )


def tile(tensor: Tensor, times: int) -> Tensor:
    """The rows, `times` over."""
    return tensor if times == 1 else tensor.repeat(times, *[1] * (tensor.dim() - 1))
