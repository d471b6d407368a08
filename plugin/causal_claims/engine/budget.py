"""How many tokens go through the network at once: what the caches or the card like best, within the memory allowed."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from causal_claims.engine.settings import Settings

CPU_TOKENS = 1024  # 1,000 to 4,000 run at full speed; 8,000 no longer fit the caches and halve it
GPU_TOKENS = 16_384  # to begin with; doubled while throughput grows


OUT_OF_MEMORY = (torch.OutOfMemoryError, MemoryError)


@contextlib.contextmanager
def host_memory() -> Iterator[None]:
    """The processor's allocator says that memory is out by a RuntimeError like any other."""
    try:
        yield
    except RuntimeError as error:
        if "allocate memory" in str(error):
            raise MemoryError(str(error)) from None
        raise


@dataclass(eq=False)
class Budget:
    """Tokens a pass, learnt while running."""

    tokens: int
    limit: int  # never more, by memory or after running out of it
    memory: float  # bytes
    device: torch.device
    learns: bool
    _rates: dict[int, float] = field(default_factory=dict)

    @staticmethod
    def of(settings: Settings, device: torch.device) -> "Budget":
        memory = settings.memory_gb * 2**30
        fixed = settings.row_tokens
        if device.type == "cuda":
            return Budget(fixed or GPU_TOKENS, fixed or 2**19, memory, device, fixed is None)
        return Budget(fixed or CPU_TOKENS, fixed or CPU_TOKENS, memory, device, False)

    def conditions(self, tokens: int) -> int:
        """How many conditions run at once over a chunk of so many tokens."""
        return max(1, self.tokens // max(1, tokens))

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
        torch.cuda.synchronize(self.device)
        begun = time.perf_counter()
        yield
        torch.cuda.synchronize(self.device)
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
        self.learns = False

    def free(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
