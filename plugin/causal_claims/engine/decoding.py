"""How a text is generated: the options that generation metrics share, and the choice of the next token."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from causal_claims.engine.loading import Loaded
from causal_claims.engine.task import Task
from causal_claims.errors import ClaimsError, listing
from causal_claims.examples import Example
from causal_claims.metrics.lexicon import words_in
from causal_claims.metrics.metric import Metric


@dataclass(frozen=True)
class Decoding:
    """Greedy at temperature 0; else sampled, with the same noise by example and step in every arm."""

    tokens: int = 20
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    along: str | None = None  # nothing is chosen: a field of the example is written, or the `clean` greedy text
    watch: str | None = None  # the list of words whose probability is noted at each step

    def __post_init__(self) -> None:
        if self.tokens < 1 or self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ClaimsError(
                f"decoding: tokens={self.tokens}, temperature={self.temperature}, top_p={self.top_p}; generate at least 1 "
                "token, at a temperature of 0 (greedy) or more, with top_p above 0 and at most 1."
            )

    @staticmethod
    def of(metric: Metric) -> "Decoding":
        """From a metric's options of these names."""
        options = {**(metric.spec.options if metric.spec else {}), **dict(metric.options)}
        given = {name: options[name] for name in ("tokens", "temperature", "top_p", "seed", "along") if name in options}
        return Decoding(**given, watch=options.get("list") if "along" in given else None)

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


@dataclass(frozen=True, eq=False)
class Script:
    """What every arm is made to write, and the tokens whose probability is noted before each."""

    ids: tuple[tuple[int, ...], ...]  # rows
    watched: Tensor  # tokens

    def at(self, step: int, device: torch.device) -> Tensor:
        """Each row's token at a step; those that have ended get any.  # rows"""
        return torch.tensor([one[step] if step < len(one) else 0 for one in self.ids], device=device)

    def open(self, step: int) -> set[int]:
        """Rows that write a token at a step."""
        return {row for row, one in enumerate(self.ids) if step < len(one)}

    def repeated(self, times: int) -> "Script":
        return Script(self.ids * times, self.watched)


def given_text(loaded: Loaded, decoding: Decoding, examples: Sequence[Example]) -> tuple[tuple[int, ...], ...]:
    """The continuation that a field holds, as tokens: what the prompt with it has more than the prompt alone."""
    name, found = decoding.along, []
    assert name is not None
    for one in examples:
        asked = f"example {one.id!r}, field {name!r}"
        if not one.fields.get(name):
            raise ClaimsError(
                f"{asked}: it is not there, and the text to be written is taken from it; it has {listing(one.fields)}. "
                "Give it, or use along=clean."
            )
        stem = loaded.tokens.prompt(one.prompt, asked)
        whole = loaded.tokens.prompt(one.prompt + one.fields[name], asked)
        if whole[: len(stem)] != stem or len(whole) == len(stem):
            raise ClaimsError(
                f"{asked}: written after the prompt it changes the prompt's last token; begin it with a space or a new line."
            )
        found.append(whole[len(stem) :][: decoding.tokens])
    return tuple(found)


def watched(loaded: Loaded, name: str) -> Tensor:
    """The tokens that begin no other word than one of a list: each word as one token, with and without a space or capital."""
    tok = loaded.tokenizer
    found: dict[int, None] = {}
    for word in words_in(name):
        for form in (word, word.capitalize(), f" {word}", f" {word.capitalize()}"):
            ids = tok(form, add_special_tokens=False)["input_ids"]
            if len(ids) == 1 and ids[0] != tok.unk_token_id:
                found[int(ids[0])] = None
    if not found:
        raise ClaimsError(
            f"no word of the list {name!r} is one token for {loaded.spec.key}'s tokenizer, so none has a probability of its own."
        )
    return torch.tensor(list(found), device=loaded.device)


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
