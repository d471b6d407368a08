"""Prompts as tokens: special tokens, batches padded on either side, single-token words, spans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from causal_claims.errors import ClaimsError, listing


@dataclass(frozen=True)
class Batch:
    """Prompts of one pass.  Padding is masked, and a position counts the prompt's own tokens."""

    ids: Tensor  # rows x positions
    mask: Tensor  # rows x positions, True at tokens of the prompt
    positions: Tensor  # rows x positions
    lengths: Tensor  # rows
    left: bool  # padded on the left, and some row is

    @property
    def starts(self) -> Tensor:
        """Where each row's prompt begins."""
        return (self.ids.shape[1] - self.lengths) if self.left else torch.zeros_like(self.lengths)

    @property
    def last(self) -> Tensor:
        """The index of each row's true last token."""
        return self.starts + self.lengths - 1

    def window(self, width: int) -> Tensor:
        """The indices of each row's last `width` tokens.  # rows x width"""
        return self.last[:, None] + torch.arange(1 - width, 1, device=self.last.device)

    def to(self, device: torch.device) -> "Batch":
        """Where a layer's weights are."""
        if device == self.ids.device:
            return self
        return Batch(
            self.ids.to(device), self.mask.to(device), self.positions.to(device), self.lengths.to(device), self.left
        )

    def copy(self) -> "Batch":
        """For somebody who may write on it."""
        return Batch(self.ids.clone(), self.mask.clone(), self.positions.clone(), self.lengths.clone(), self.left)

    def rows(self, index: Tensor) -> "Batch":
        return Batch(self.ids[index], self.mask[index], self.positions[index], self.lengths[index], self.left)


def pad(prompts: Sequence[Sequence[int]], device: torch.device | str, side: str = "right") -> Batch:
    """Prompts of any lengths as one batch."""
    lengths = torch.tensor([len(one) for one in prompts])
    width = int(lengths.max())
    ids = torch.zeros(len(prompts), width, dtype=torch.long)
    mask = torch.zeros(len(prompts), width, dtype=torch.bool)
    for row, one in enumerate(prompts):
        place = slice(width - len(one), width) if side == "left" else slice(0, len(one))
        ids[row, place] = torch.tensor(one)
        mask[row, place] = True
    positions = (mask.long().cumsum(1) - 1).clamp(min=0)
    padded = side == "left" and bool((lengths < width).any())
    return Batch(ids.to(device), mask.to(device), positions.to(device), lengths.to(device), padded)


class Tokens:
    """A model's tokenizer under one policy for special tokens."""

    def __init__(self, tokenizer: Any, policy: str, model: str, context: int | None) -> None:
        self.tokenizer = tokenizer
        self._policy = policy
        self._model = model
        self._context = context
        self._spans: dict[tuple[str, str], tuple[int, int] | None] = {}
        self._coded: dict[str, tuple[int, ...]] = {}  # every pass asks for the same few texts again
        self._prompts: dict[str, tuple[int, ...]] = {}
        self._strange: dict[str, tuple[str, ...]] = {}

    def prompt(self, text: str, asked: str = "the prompt") -> tuple[int, ...]:
        """The tokens that the model reads for a prompt."""
        if text in self._prompts:
            return self._prompts[text]
        tok = self.tokenizer
        begins = bool(tok.bos_token) and text.startswith(tok.bos_token)  # a chat template wrote it already
        ids = list(tok(text, add_special_tokens=self._policy == "tokenizer" and not begins)["input_ids"])
        if self._policy == "bos" and tok.bos_token_id is not None and ids[:1] != [tok.bos_token_id]:
            ids = [tok.bos_token_id, *ids]
        if self._policy == "tokenizer" and ids and ids[-1] == tok.eos_token_id and not text.endswith(tok.eos_token):
            ids.pop()  # a prompt that is to be continued does not end the text
        if not ids:
            raise ClaimsError(
                f"{asked}: its prompt is empty for {self._model}'s tokenizer; give it at least one token."
            )
        if self._context is not None and len(ids) > self._context:
            raise ClaimsError(
                f"{asked}: its prompt has {len(ids)} tokens and {self._model} reads at most {self._context}; shorten it."
            )
        self._refuse_unknown(text, asked)
        self._prompts[text] = tuple(ids)
        return self._prompts[text]

    def unknown(self, text: str) -> tuple[str, ...]:
        """Words that the tokenizer does not know: each would be read as no word at all, and all such words alike."""
        if text not in self._strange:
            self._strange[text] = self._unknown(text)
        return self._strange[text]

    def _unknown(self, text: str) -> tuple[str, ...]:
        tok = self.tokenizer
        mark = getattr(tok, "unk_token_id", None)
        if mark is None or mark in (tok.bos_token_id, tok.eos_token_id) or tok.unk_token in text:
            return ()  # it knows every byte, or somebody wrote the mark
        coded = tok(text, add_special_tokens=False, return_offsets_mapping=True)
        pairs = zip(coded["input_ids"], coded["offset_mapping"], strict=True)
        return tuple(dict.fromkeys(text[a:b].strip() for token, (a, b) in pairs if token == mark))

    def _refuse_unknown(self, text: str, asked: str) -> None:
        if words := self.unknown(text):
            raise ClaimsError(
                f"{asked}: {self._model}'s tokenizer does not know {listing(map(repr, words), 4)} and would read "
                f"{self.tokenizer.unk_token} there; choose words of its vocabulary, or name the right tokenizer in models.yaml."
            )

    def padded(self, text: str) -> bool:
        """Whether the text ends in a special token, so that its last token is none of its words."""
        return any(text.endswith(mark) for mark in self.tokenizer.all_special_tokens)

    def count(self, text: str) -> int:
        return len(self._bare(text))

    def one(self, word: str, prompt: str) -> int | None:
        """The one token that a word is, alone or after the prompt; None where it is several."""
        ids = self._bare(word)
        if len(ids) == 1:
            return ids[0]
        stem, whole = self._bare(prompt), self._bare(prompt + word)
        return whole[-1] if whole[: len(stem)] == stem and len(whole) == len(stem) + 1 else None

    def single(self, word: str, prompt: str, asked: str) -> int:
        """The one token that a word is; a word of several is refused, because a logit belongs to one."""
        self._refuse_unknown(word, asked)
        if (found := self.one(word, prompt)) is not None:
            return found
        ids = self._bare(word)
        other = word.strip() if word.startswith(" ") else f" {word}"
        hint = f" {other!r} is one token." if self.count(other) == 1 else ""
        raise ClaimsError(
            f"{asked}: {word!r} is {len(ids)} tokens {[self.tokenizer.decode([i]) for i in ids]} for {self._model}'s tokenizer; "
            f"a logit belongs to one token, so choose a word that is one.{hint}"
        )

    def first(self, text: str, prompt: str, asked: str) -> int:
        """The token with which the prompt goes on, where a space and this text come next."""
        stem, whole = self._bare(prompt), self._bare(f"{prompt} {text}")
        if whole[: len(stem)] != stem or len(whole) == len(stem):
            raise ClaimsError(
                f"{asked}: {text!r} changes the tokens of the prompt that it continues; end the prompt otherwise."
            )
        self._refuse_unknown(f" {text}", asked)
        return int(whole[len(stem)])

    def _bare(self, text: str) -> tuple[int, ...]:
        if text not in self._coded:
            self._coded[text] = tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        return self._coded[text]

    def span(self, prompt: str, part: str, asked: str) -> tuple[int, int]:
        """The tokens [first, end) of the prompt that a part of its text covers."""
        key = (prompt, part)
        if key not in self._spans:
            self._spans[key] = self._find(prompt, part, asked)
        found = self._spans[key]
        if found is None:
            raise ClaimsError(f"{asked}: {part!r} does not occur in its prompt; the span must be part of the text.")
        return found

    def _find(self, prompt: str, part: str, asked: str) -> tuple[int, int] | None:
        at = prompt.find(part) if part else -1
        if at < 0:
            return None
        ids = self.prompt(prompt, asked)
        coded = self.tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True)
        bare, offsets = list(coded["input_ids"]), coded["offset_mapping"]
        shift = next((s for s in range(len(ids) - len(bare) + 1) if list(ids[s : s + len(bare)]) == bare), None)
        if shift is None:
            raise ClaimsError(f"{asked}: the place of {part!r} cannot be found, since special tokens change the text.")
        end = at + len(part)
        inside = [i for i, (a, b) in enumerate(offsets) if a < end and b > at and b > a]
        return (inside[0] + shift, inside[-1] + 1 + shift) if inside else None
