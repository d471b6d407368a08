"""What a planted checkpoint counts: layers, heads, widths, and the class it is loaded as."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """The counts of one checkpoint.  Layers and heads can be those of a real model; the widths are always tiny."""

    architecture: str  # gpt2, mistral, llama or pythia
    layers: int
    heads: int
    kv_heads: int
    d_head: int
    d_model: int
    context: int = 1024
    theta: float = 1e6  # rotary base

    @property
    def group(self) -> int:
        """How many query heads share a key/value head; query head h uses h // group."""
        return self.heads // self.kv_heads

    @property
    def rotary(self) -> int:
        """How many of a head's dimensions rotate with the position."""
        return {"gpt2": 0, "pythia": self.d_head // 4}.get(self.architecture, self.d_head)

    @property
    def layer_norm(self) -> bool:
        return self.architecture in ("gpt2", "pythia")

    def slow_dims(self) -> list[int]:
        """Head dimensions in which content can be matched: those that rotate least first (all, without rotation)."""
        half = self.rotary // 2
        still = list(range(self.rotary, self.d_head))
        return still + [dim for pair in reversed(range(half)) for dim in (pair, pair + half)]

    def frequencies(self) -> list[float]:
        """Radians a token by which each rotary pair (i, i + rotary // 2) turns, fastest first."""
        return [self.theta ** (-2 * pair / self.rotary) for pair in range(self.rotary // 2)]
