"""How a text is generated: the options that generation metrics share, and the choice of the next token."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from causal_claims.engine.loading import Loaded
from causal_claims.engine.task import Task
from causal_claims.errors import ClaimsError, listing
from causal_claims.examples import Example
from causal_claims.metrics.lexicon import WORD_LISTS, words_in
from causal_claims.metrics.metric import Metric


@dataclass(frozen=True)
class Decoding:
    """Greedy at temperature 0; else sampled, with the same noise by example and step in every arm."""

    tokens: int = 20
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    along: str | None = (
        None  # nothing is chosen: a field is written, or `clean`: the greedy text without any list's words
    )

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
        return Decoding(**given)

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
    """What every arm is made to write, and the tokens whose probability is noted before each, by list of words."""

    ids: tuple[tuple[int, ...], ...]  # rows
    lists: Mapping[str, Tensor]  # tokens of each

    @property
    def watched(self) -> Tensor:
        """The tokens of all lists, one after the other."""
        return torch.cat(list(self.lists.values()))

    def columns(self) -> dict[str, slice]:
        """Where each list stands in `watched`."""
        ends = list(accumulate(map(len, self.lists.values())))
        return {name: slice(end - len(words), end) for (name, words), end in zip(self.lists.items(), ends, strict=True)}

    def at(self, step: int, device: torch.device) -> Tensor:
        """Each row's token at a step; those that have ended get any.  # rows"""
        return torch.tensor([one[step] if step < len(one) else 0 for one in self.ids], device=device)

    def open(self, step: int) -> set[int]:
        """Rows that write a token at a step."""
        return {row for row, one in enumerate(self.ids) if step < len(one)}


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


def lists_of(task: Task) -> tuple[str, ...]:
    """The lists of words that a task's metrics watch."""
    return tuple(dict.fromkeys(str(m.option("list")) for m in task.metrics if m.option("along") is not None))


def watched(loaded: Loaded, name: str) -> Tensor:
    """The tokens of a list's words."""
    if not (found := _tokens(loaded, words_in(name))):
        raise ClaimsError(
            f"no word of the list {name!r} is one token for {loaded.spec.key}'s tokenizer, so none has a probability of its own."
        )
    return torch.tensor(found, device=loaded.device)


def left_out(loaded: Loaded) -> Tensor:
    """The tokens that a `clean` text is written without: those of every list, so that all lists share one text."""
    words = [word for name in WORD_LISTS for word in words_in(name)]
    return torch.tensor(_tokens(loaded, words), dtype=torch.long, device=loaded.device)


def _tokens(loaded: Loaded, words: Iterable[str]) -> list[int]:
    """Those that begin no other word: each word as one token, with and without a space or capital."""
    tok = loaded.tokenizer
    found: dict[int, None] = {}
    for word in words:
        for form in (word, word.capitalize(), f" {word}", f" {word.capitalize()}"):
            ids = tok(form, add_special_tokens=False)["input_ids"]
            if len(ids) == 1 and ids[0] != tok.unk_token_id:
                found[int(ids[0])] = None
    return list(found)


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
