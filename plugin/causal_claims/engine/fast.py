"""The fast path: only the part of the network between the first write and the last read, all conditions at once.

One clean pass per chunk of examples keeps what later passes start from.  A condition is then a block of rows (one per
example) that starts where it first writes; conditions that start at the same place run as one batch.  Where only query
heads are written, not even that layer's attention is computed again: what the heads said is taken from the residual
stream and what they say now is put in.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from causal_claims.engine.budget import Budget
from causal_claims.engine.chunk import Chunk
from causal_claims.engine.editing import Editing
from causal_claims.engine.edits import Key
from causal_claims.engine.loading import Loaded
from causal_claims.engine.network import Network
from causal_claims.engine.room import OUT_OF_MEMORY, host_memory, keep_freed
from causal_claims.engine.rows import Rows
from causal_claims.engine.settings import Settings
from causal_claims.engine.sources import Sources
from causal_claims.engine.starts import starts
from causal_claims.engine.task import Keys, Part, Task
from causal_claims.engine.tokens import Batch, pad
from causal_claims.errors import NotRunError
from causal_claims.interventions.intervention import Intervention
from causal_claims.sites import Point, Stage


class FastPath:
    def __init__(self, loaded: Loaded, settings: Settings, budget: Budget | None = None) -> None:
        self.loaded = loaded
        self.settings = settings
        self.net = Network(loaded.map)
        self.budget = budget or Budget.of(settings, loaded)
        if loaded.device.type == "cpu":
            keep_freed()

    @torch.inference_mode()
    def parts(self, task: Task) -> Iterator[Part]:
        """Every condition on every chunk of examples, shallow conditions first."""
        prompts = [self.loaded.tokens.prompt(one.prompt, f"example {one.id!r}") for one in task.examples]
        first = starts(task, self.loaded)
        given = Sources(self.clean, self.budget, self.loaded, task, prompts)
        order = sorted(task.rows, key=lambda row: (len(prompts[row]), row))
        state = first.state_bytes(self.loaded)
        waiting: list[tuple[list[int], set[Intervention]]] = [
            (rows, set()) for rows in self.budget.chunks(order, [len(p) for p in prompts], state)
        ]
        while waiting:
            rows, done = waiting.pop(0)
            if all(task.known(condition, rows) for condition in task.conditions):
                continue
            try:
                chunk = Chunk(
                    self.loaded, self.settings, self.budget, task, first, given, prompts, rows, frozenset(done)
                )
                with host_memory():
                    for part in chunk.parts():
                        done.add(part.condition)
                        yield part
            except OUT_OF_MEMORY:
                self.budget.free()
                if len(rows) == 1:
                    raise NotRunError(
                        f"{self.loaded.spec.key}: a single prompt of {len(prompts[rows[0]])} tokens does not fit the memory "
                        "of the device beside the weights; use a larger device or a cheaper dtype."
                    ) from None
                middle = len(rows) // 2
                waiting[:0] = [(rows[:middle], set(done)), (rows[middle:], set(done))]

    def clean(self, prompts: Sequence[Sequence[int]], keep: Keys) -> tuple[Batch, dict[Key, Tensor]]:
        """Tensors of prompts as they are."""
        batch = pad(prompts, self.loaded.device, self.settings.padding)
        run = Rows(self.net, keep, Editing((), self.net.map.d_model))
        resid, frame = self.net.embed(batch)
        end = max((layer for _, layer in keep), default=-1)
        run.walk(resid, frame, 0, Point(end, Stage.RESID_POST), every=True)
        return batch, run.taken
