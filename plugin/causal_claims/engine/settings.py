"""What a run may choose about measuring; none of it changes what a claim means."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from causal_claims.errors import ClaimsError, listing
from causal_claims.models import DTYPES

BACKENDS = ("fast", "reference")
PADDING = ("right", "left")
SPECIAL_TOKENS = ("tokenizer", "bos", "none")


class Progress(Protocol):
    """Whoever shows how far a measurement is."""

    def start(self, model: str, cells: int) -> None: ...
    def advance(self, cells: int) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True)
class Settings:
    """Frozen for a run, and written down with it."""

    device: str = "cpu"
    dtype: str | None = (
        None  # instead of the registry entry's; "auto" takes the cheapest whose noise floor is low enough
    )
    backend: str = "fast"
    cache: Path | str | None = None  # folder or URL of the store; None measures anew
    memory_gb: float = 4.0  # what passes may hold beside the weights
    row_tokens: int | None = None  # tokens of one pass; None: 1,024 on a CPU, by measured throughput on a GPU
    padding: str = "right"
    special_tokens: str = "tokenizer"  # "bos" puts one in front where the tokenizer would not; "none" adds nothing
    examples: int | None = None  # only the first N of each set: a smoke run
    seed: int = 0  # of every draw that a claim does not seed itself
    cross_examined: int = 2  # cells per metric and set that the reference path measures again
    cross_examples: int = 2  # on so many examples
    tolerance: float = 1e-4  # largest relative disagreement of the two paths in float32; wider below it, see noise.py
    noise: bool = True  # measure the noise floor
    gauge: bool = True  # see whether a metric that reads values depends on their basis
    download: bool = False  # fetch absent weights from the hub

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("backend", self.backend, BACKENDS),
            ("padding", self.padding, PADDING),
            ("special_tokens", self.special_tokens, SPECIAL_TOKENS),
            ("dtype", self.dtype or "auto", DTYPES),
        ):
            if value not in choices:
                raise ClaimsError(f"settings: {name} is {value!r}; it is one of {listing(choices)}.")
        if self.examples is not None and self.examples < 1:
            raise ClaimsError(f"settings: examples is {self.examples}; at least 1 is measured.")
        if self.memory_gb <= 0:
            raise ClaimsError(f"settings: memory_gb is {self.memory_gb}; passes need some memory.")
