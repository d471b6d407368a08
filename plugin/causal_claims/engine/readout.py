"""A metric's side of a run: the `run` that its body is given, for many rows at once.

A row is one example under one condition.  Everything is asked for by name, what was not declared is refused, and padding
is never seen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causal_claims.engine.architecture import Architecture
from causal_claims.engine.classifier import classifier
from causal_claims.engine.tokens import Batch, Tokens
from causal_claims.errors import ClaimsError, listing
from causal_claims.examples import Example
from causal_claims.metrics.metric import Metric


class Tensors(Protocol):
    """What a path measured, row by row."""

    def get(self, kind: str, layer: int) -> Tensor: ...  # v: rows x positions x KV heads x d_head; z; resid_*
    def attention(
        self, layer: int, head: int, queries: Tensor
    ) -> Tensor: ...  # rows x queries -> rows x queries x keys
    def logits(self, index: Tensor, columns: Tensor | None) -> Tensor: ...  # rows x P (x columns) -> rows x P x C


@dataclass(frozen=True)
class Noted:
    """How probable the watched words were before each token that was written."""

    rows: tuple[Tensor, ...]  # per row: steps x words of all lists
    columns: Mapping[str, slice]  # of each list

    def of(self, name: str) -> tuple[Tensor, ...]:
        return tuple(row[:, self.columns[name]] for row in self.rows)


@dataclass(frozen=True)
class Texts:
    """What was generated, row by row."""

    texts: tuple[str, ...]  # without the prompt
    ids: tuple[tuple[int, ...], ...]
    followed: Callable[[int, int], list[Tensor]] | None = None  # layer, head -> per row: steps x keys
    noted: Noted | None = None


@dataclass(frozen=True, eq=False)
class Readout:
    """The `run` of a metric's body."""

    examples: Sequence[Example]  # rows
    batch: Batch
    tokens: Tokens
    map: Architecture
    tensors: Tensors
    baseline: "Callable[[], Readout] | None" = None
    generated: Texts | None = None

    @property
    def clean(self) -> "Readout":
        """The same examples without any intervention."""
        return self.baseline() if self.baseline is not None else self

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def device(self) -> torch.device:
        """Where a body finds every tensor, wherever the layer that made it lies."""
        return self.batch.ids.device

    # What the example says

    def field(self, name: str) -> list[str]:
        """A field of each row's example."""
        for one in self.examples:
            if name not in one.fields:
                raise ClaimsError(
                    f"example {one.id!r} has no field {name!r}, which this metric needs; it has {listing(one.fields)}."
                )
        return [one.fields[name] for one in self.examples]

    def token(self, name: str) -> Tensor:
        """The one token that a field is.  # rows"""
        words = zip(self.examples, self.field(name), strict=True)
        ids = [self.tokens.single(word, one.prompt, f"example {one.id!r}, field {name!r}") for one, word in words]
        return torch.tensor(ids, device=self.device)

    def first_token(self, name: str) -> Tensor:
        """The first token of a field's text, where it continues the prompt after a space.  # rows"""
        words = zip(self.examples, self.field(name), strict=True)
        ids = [self.tokens.first(word, one.prompt, f"example {one.id!r}, field {name!r}") for one, word in words]
        return torch.tensor(ids, device=self.device)

    def span(self, name: str) -> Tensor:
        """Where the text of a field stands in the prompt.  # rows x positions, True inside"""
        found = torch.zeros_like(self.batch.mask)
        starts = self.batch.starts.tolist()
        for row, (one, text) in enumerate(zip(self.examples, self.field(name), strict=True)):
            first, end = self.tokens.span(one.prompt, text, f"example {one.id!r}, field {name!r}")
            found[row, starts[row] + first : starts[row] + end] = True
        return found

    # The network's tensors

    def v(self, layer: int, last: int | None = None) -> Tensor:
        """v_proj's output, of the prompt's last tokens.  # rows x last x KV heads x d_head"""
        return self._window(self.tensors.get("v", layer), last)

    def z(self, layer: int, last: int | None = None) -> Tensor:
        """What each head mixed, which o_proj reads.  # rows x last x heads x d_head"""
        return self._window(self.tensors.get("z", layer), last)

    def z_of(self, layer: int, head: int, last: int | None = None) -> Tensor:
        """What one head mixed.  # rows x last x d_head"""
        self._check_head(layer, head)
        return self.z(layer, last)[:, :, head].float()

    def resid(self, layer: int, at: str = "post", last: int | None = None) -> Tensor:
        """The residual stream.  # rows x last x d_model"""
        return self._window(self.tensors.get(f"resid_{at}", layer), last)

    def attention(self, layer: int, head: int, queries: str = "last") -> Tensor:
        """One head's attention, from the last token (rows x positions) or from all (rows x positions x positions)."""
        self._check_head(layer, head)
        if queries == "last":
            return self.tensors.attention(layer, head, self.batch.last[:, None])[:, 0].to(self.device)
        every = torch.arange(self.batch.ids.shape[1], device=self.device)
        return self.tensors.attention(layer, head, every.expand_as(self.batch.ids)).to(self.device)

    def written(self, layer: int) -> Tensor:
        """How values of a KV head meet in the residual stream: sum of W_O W_O^T over its query heads.  # KV heads x d_head x d_head"""
        w = self.map.blocks[layer].w_o.view(self.map.kv_heads, self.map.group, self.map.d_head, -1).float()
        return torch.einsum("kgdm,kgem->kde", w, w).to(self.device)

    def output(self, layer: int, head: int) -> Tensor:
        """A query head's part of o_proj.  # d_head x d_model"""
        self._check_head(layer, head)
        return self.map.o(layer, head).float().to(self.device)

    def unembedding(self, ids: Tensor | None = None) -> Tensor:
        """# vocabulary, or ids, x d_model"""
        return (self.map.w_u if ids is None else self.map.w_u[ids.to(self.map.out)]).float().to(self.device)

    def says(self, layer: int, head: int, of: Tensor | None = None) -> Tensor:
        """What a head writes when it reads tokens' embeddings, or the mean embedding.  # ids x d_model, or d_model"""
        self._check_head(layer, head)
        return self.map.says(layer, head, of).to(self.device)

    def word_ids(self) -> Tensor:
        """The one token that each example's prompt is: for metrics over words.  # rows"""
        ids = [self.tokens.single(one.prompt, "", f"example {one.id!r}") for one in self.examples]
        return torch.tensor(ids, device=self.device)

    # The output

    def logits(self) -> Tensor:
        """At the prompt's last token.  # rows x vocabulary"""
        return self.tensors.logits(self.batch.last[:, None], None)[:, 0].float().to(self.device)

    def log_probabilities(self) -> Tensor:
        return self.logits().log_softmax(-1)

    def logit(self, *names: str) -> Tensor:
        """The logits of the tokens that fields are, and no others.  # rows, or rows x names"""
        columns = torch.stack([self.token(name) for name in names], 1)
        found = self.tensors.logits(self.batch.last[:, None], columns)[:, 0].float().to(self.device)
        return found[:, 0] if len(names) == 1 else found

    def log_probability(self, name: str) -> Tensor:
        """# rows"""
        return self.log_probabilities().gather(1, self.token(name)[:, None])[:, 0]

    def probability(self, name: str) -> Tensor:
        """# rows"""
        return self.log_probability(name).exp()

    def next_log_probabilities(self) -> tuple[Tensor, Tensor]:
        """Of each prompt token given those before it, and where there is one.  # rows x positions - 1, twice"""
        ids, mask = self.batch.ids, self.batch.mask
        index = torch.arange(ids.shape[1] - 1, device=ids.device)
        found = torch.zeros(len(ids), ids.shape[1] - 1, device=ids.device)
        step = max(1, 2**24 // (len(ids) * self.map.vocabulary))  # positions at a time: the vocabulary is wide
        for part in torch.split(index, step):
            logits = self.tensors.logits(part.expand(len(ids), -1), None).float().to(self.device)
            chosen = logits.gather(2, ids[:, part + 1, None])[..., 0]
            found[:, part] = chosen - logits.logsumexp(-1)
        return found, mask[:, :-1] & mask[:, 1:]

    # What was generated

    @property
    def texts(self) -> tuple[str, ...]:
        """The generation of each row, without its prompt."""
        return self._generated().texts

    @property
    def generated_ids(self) -> tuple[tuple[int, ...], ...]:
        return self._generated().ids

    def word_probabilities(self, name: str) -> tuple[Tensor, ...]:
        """The probability of each word of a list before each token of the text; a row each.  # steps x words"""
        noted = self._generated().noted
        if noted is None:
            raise ClaimsError("this metric watches words while writing, and has no options `list` and `along`.")
        return noted.of(name)

    def scored(self, scorer: str, label: str) -> list[float]:
        """The probability of a label for each text, by a classifier."""
        return classifier(scorer).probability(self.texts, label)

    def attention_while_generating(self, layer: int, head: int) -> list[Tensor]:
        """One head's attention at each step, from the token read to all before it; a row each.  # steps x keys"""
        followed = self._generated().followed
        if followed is None:
            raise ClaimsError("this metric follows attention while generating, and declared no read of a pattern.")
        self._check_head(layer, head)
        return [one.to(self.device) for one in followed(layer, head)]

    def _generated(self) -> Texts:
        if self.generated is None:
            raise ClaimsError("this metric reads generated text, and did not declare reads=GENERATION.")
        return self.generated

    def _window(self, tensor: Tensor, last: int | None) -> Tensor:
        tensor = tensor.to(self.device)
        if last is None:
            return tensor.clone()  # a body may write on what it gets
        for row, length in enumerate(self.batch.lengths.tolist()):
            if last > 1 and length < last + 1:
                raise ClaimsError(
                    f"example {self.examples[row].id!r} has {length} tokens and a window of {last} needs at least {last + 1}; "
                    "lengthen the prompt or choose a shorter window."
                )
        return tensor[torch.arange(len(tensor), device=tensor.device)[:, None], self.batch.window(last)]

    def _check_head(self, layer: int, head: int) -> None:
        if not (0 <= layer < len(self.map.blocks) and 0 <= head < self.map.heads):
            raise ClaimsError(
                f"L{layer}.H{head} is out of range: this model has {len(self.map.blocks)} layers and {self.map.heads} heads a layer."
            )


class NoTensors:
    """Of a generation: it keeps no tensors of the prompt's pass."""

    def get(self, kind: str, layer: int) -> Tensor:
        raise ClaimsError(f"a metric of generated text cannot read {kind} of layer {layer}; make it two metrics.")

    def attention(self, layer: int, head: int, queries: Tensor) -> Tensor:
        raise ClaimsError(
            "a metric of generated text reads attention with run.attention_while_generating(layer, head)."
        )

    def logits(self, index: Tensor, columns: Tensor | None) -> Tensor:
        raise ClaimsError("a metric of generated text cannot read logits; make it two metrics.")


def numbers(metric: Metric, run: Readout) -> NDArray[np.float64]:
    """What the metric's body makes of a run: one number a row."""
    spec = metric.spec
    if spec is None or spec.compute is None:
        raise ClaimsError(f"{metric}: no metric of this name is declared, so it cannot be measured.")
    options = {**spec.options, **dict(metric.options)}
    found: Any = spec.compute(run, **options)
    if isinstance(found, Tensor):
        found = found.detach().double().cpu().numpy()
    values = np.asarray(found, dtype=np.float64)
    if values.shape != (len(run),):
        raise ClaimsError(
            f"{metric}: its body returned shape {values.shape}; it must return one number a row ({len(run)} rows)."
        )
    return values
