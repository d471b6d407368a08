"""How a text is generated: the options that generation metrics share, and the choice of the next token."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from causal_claims.engine.loading import Loaded
from causal_claims.engine.task import Task
from causal_claims.errors import ClaimsError
from causal_claims.examples import Example
from causal_claims.metrics.metric import Metric


@dataclass(frozen=True)
class Decoding:
    """Greedy at temperature 0; else sampled, with the same noise by example and step in every arm."""

    tokens: int = 20
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.tokens < 1 or self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ClaimsError(
                f"decoding: tokens={self.tokens}, temperature={self.temperature}, top_p={self.top_p}; generate at least 1 "
                "token, at a temperature of 0 (greedy) or more, with top_p above 0 and at most 1."
            )

    @staticmethod
    def of(metric: Metric) -> "Decoding":
        """From a metric's options of these names."""
        given = {name: metric.option(name) for name in ("tokens", "temperature", "top_p", "seed")}
        return Decoding(**{name: value for name, value in given.items() if value is not None})

    def choose(self, logits: Tensor, examples: Sequence[Example], step: int) -> Tensor:
        """The next token of each row: rows x vocabulary -> rows.

        Sampling adds Gumbel noise and takes the largest, which draws from the softmax exactly; drawn by example and step
        alone, it makes two arms differ only where their probabilities do.
        """
        logits = logits.float()
        if self.temperature == 0:
            return logits.argmax(-1)
        scaled = logits / self.temperature
        if self.top_p < 1:
            ordered, order = scaled.sort(-1, descending=True)
            before = ordered.softmax(-1).cumsum(-1) - ordered.softmax(-1)
            scaled = scaled.scatter(-1, order, ordered.masked_fill(before >= self.top_p, -torch.inf))
        width = logits.shape[-1]
        drawn: dict[str, Tensor] = {}
        for one in examples:
            if one.id not in drawn:
                drawn[one.id] = _gumbel(width, f"{self.seed}:{one.id}:{step}")
        return (scaled + torch.stack([drawn[one.id] for one in examples]).to(scaled.device)).argmax(-1)


def _gumbel(width: int, seed: str) -> Tensor:
    generator = torch.Generator().manual_seed(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:7], "big"))
    uniform = torch.rand(width, generator=generator).clamp(1e-20, 1 - 1e-7)
    return -(-uniform.log()).log()


def the_decoding(task: Task) -> Decoding:
    """The one decoding that a task's metrics share."""
    found = {Decoding.of(metric) for metric in task.metrics}
    if len(found) != 1:
        raise ClaimsError("metrics of one pass must decode alike.")
    return found.pop()


def ending(loaded: Loaded) -> frozenset[int]:
    """Tokens that end a text: the tokenizer's, and those of the model's generation config (<|eot_id|>)."""
    found = {loaded.tokenizer.eos_token_id}
    config = getattr(loaded.hf_model, "generation_config", None)
    more = getattr(config, "eos_token_id", None)
    found |= set(more) if isinstance(more, list | tuple) else {more}
    return frozenset(token for token in found if token is not None)
