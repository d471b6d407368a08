"""Measurements: the numbers of one cell, one per example, in example order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Receipt:
    """Proof that an intervention was delivered: it fired as often as it must, changed something, and is gone."""

    sites: tuple[str, ...]  # each with the tensor columns it resolved to
    fired: int
    expected: int
    changed: float  # largest absolute change it made
    removed: bool  # the clean run afterwards is bit-equal to the one before

    @property
    def fault(self) -> str | None:
        """What is wrong with the delivery, or None."""
        if self.fired < self.expected:
            return f"the hook fired {self.fired} times and must fire {self.expected} times"
        if not self.changed > 0:
            return "the hook changed nothing"
        if not self.removed:
            return "the clean run afterwards differs from the one before: the hook was not removed"
        return None


@dataclass(frozen=True, eq=False)
class Measurement:
    """The numbers of one cell."""

    model: str
    metric: str
    condition: str
    examples: tuple[str, ...]
    clusters: tuple[str, ...]
    values: NDArray[np.float64]  # examples
    receipt: Receipt | None = None
    noise_floor: float | None = None
    seconds: float = 0.0
    facts: Mapping[str, str] = field(default_factory=dict)  # dtype, device, revision, ...

    def only(self, examples: set[str]) -> "Measurement":
        """The same numbers on fewer examples."""
        keep = [i for i, one in enumerate(self.examples) if one in examples]
        if len(keep) == len(self.examples):
            return self
        return replace(
            self, examples=tuple(self.examples[i] for i in keep), clusters=tuple(self.clusters[i] for i in keep),
            values=self.values[keep],
        )  # fmt: skip

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.model, self.metric, self.condition)
