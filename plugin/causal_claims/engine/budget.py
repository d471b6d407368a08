"""How many tokens go through the network at once: what the caches or the card like best, within the memory allowed."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from causal_claims.engine.loading import Loaded
from causal_claims.engine.room import free_on
from causal_claims.engine.settings import Settings

CPU_TOKENS = 1024  # 1,000 to 4,000 run at full speed; 8,000 no longer fit the caches and halve it
GPU_TOKENS = 16_384  # to begin with; doubled while throughput grows
LANE_WORK = 3e8  # operations of a block, some milliseconds: below it Python is what a batch waits for


@dataclass(eq=False)
class Budget:
    """Tokens a pass, learnt while running."""

    tokens: int
    limit: int  # never more, by memory or after running out of it
    memory: float  # bytes
    devices: tuple[torch.device, ...]  # that hold the model
    learns: bool
    token_bytes: int = 0  # what a token takes while it goes through a block
    row_bytes: int = 0  # what a row takes while its logits are read
    token_work: int = 0  # operations of a token's way through a block
    alone: bool = False  # one batch after the other, since memory was out
    _rates: dict[int, float] = field(default_factory=dict)

    @staticmethod
    def of(settings: Settings, loaded: Loaded) -> "Budget":
        memory, devices = settings.memory_gb * 2**30, loaded.map.devices
        if loaded.map.split:  # a pass comes by all of them
            memory = min(memory, *map(free_on, devices))
        token = token_bytes(loaded)
        most = max(1, int(memory / 2 / token))
        gpu = devices[0].type == "cuda"
        fixed = settings.row_tokens or (None if gpu else CPU_TOKENS)
        tokens, limit = fixed or GPU_TOKENS, fixed or 2**19
        rows = 3 * 4 * loaded.map.vocabulary  # logits, theirs of the clean run, and what is made of them
        return Budget(
            min(tokens, most),
            min(limit, most),
            memory,
            devices,
            gpu and fixed is None,
            token,
            rows,
            24 * loaded.map.d_model**2,
        )

    def lanes(self, tokens: int, rows: int) -> int:
        """How many batches run beside one another: a core each, where a batch is worth a thread and all fit."""
        if self.alone or self.devices[0].type != "cpu" or tokens * self.token_work < LANE_WORK:
            return 1
        return max(1, min(torch.get_num_threads(), self._fit(tokens, rows)))

    def conditions(self, tokens: int, rows: int) -> int:
        """How many conditions run as one batch over a chunk of so many tokens and rows."""
        fit = self._fit(tokens, rows) // self.lanes(tokens, rows)
        return max(1, min(self.tokens // max(1, tokens), fit))

    def _fit(self, tokens: int, rows: int) -> int:
        """How many conditions the memory holds at once."""
        held = tokens * self.token_bytes + rows * self.row_bytes
        return int(self.memory / 2 / held) if held else self.tokens

    def chunks(self, rows: Sequence[int], lengths: Sequence[int], state_bytes: int) -> list[list[int]]:
        """Rows, shortest first, in chunks whose padded size fits; what a chunk keeps fits the memory too."""
        most = self.tokens
        if state_bytes:
            most = max(1, min(most, int(self.memory / 2 / state_bytes)))
        chunks: list[list[int]] = []
        for row in rows:
            if chunks and (len(chunks[-1]) + 1) * lengths[row] <= most:
                chunks[-1].append(row)
            else:
                chunks.append([row])
        return chunks

    @contextlib.contextmanager
    def timed(self, tokens: int) -> Iterator[None]:
        """Learn from a pass: twice as many tokens next time, as long as that made it faster."""
        if not self.learns:
            yield
            return
        self._wait()
        begun = time.perf_counter()
        yield
        self._wait()
        rate = tokens / (time.perf_counter() - begun)
        if tokens >= 0.75 * self.tokens:
            best = self._rates.get(self.tokens, 0.0)
            seen = self.tokens in self._rates  # the first pass of a size pays for its kernels
            self._rates[self.tokens] = max(best, rate)
            below = self._rates.get(self.tokens // 2, 0.0)
            if seen and self._rates[self.tokens] < 1.03 * below:
                self.learns, self.tokens = False, self.tokens // 2
            elif seen and self.tokens * 2 <= self.limit:
                self.tokens *= 2

    def halve(self, tokens: int) -> None:
        """Out of memory at so many tokens."""
        self.free()
        self.limit = self.tokens = max(1, tokens // 2)
        self.learns, self.alone = False, True

    def free(self) -> None:
        if self.devices[0].type == "cuda":
            torch.cuda.empty_cache()

    def _wait(self) -> None:
        for device in self.devices:
            torch.cuda.synchronize(device)


def token_bytes(loaded: Loaded) -> int:
    """The residual stream and its norms, queries, keys, values and their mixture, and the MLP's inner layer thrice."""
    mapped, config = loaded.map, loaded.hf_model.config
    inner = getattr(config, "intermediate_size", None) or getattr(config, "n_inner", None) or 4 * mapped.d_model
    heads = 2 * (mapped.heads + mapped.kv_heads) * mapped.d_head
    return int((5 * mapped.d_model + heads + 3 * inner) * mapped.w_u.element_size())
