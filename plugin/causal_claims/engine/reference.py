"""The reference path: TransformerLens hooks on the whole model, one condition and one example at a time.

Slow and plain.  It shares the bodies of interventions and metrics with the fast path, and no arithmetic.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor

from causal_claims.engine.decoding import (
    Decoding,
    Script,
    ending,
    given_text,
    left_out,
    lists_of,
    the_decoding,
    watched,
)
from causal_claims.engine.delivery import Delivery
from causal_claims.engine.edits import Key, edits
from causal_claims.engine.given import Given
from causal_claims.engine.hooks import Hook, reading, writing
from causal_claims.engine.loading import Loaded
from causal_claims.engine.readout import Noted, Readout, Texts, numbers
from causal_claims.engine.settings import Settings
from causal_claims.engine.task import Keys, Part, Task, kept
from causal_claims.engine.tokens import Batch, pad
from causal_claims.errors import ClaimsError
from causal_claims.examples import Example
from causal_claims.interventions.intervention import BASELINE, Intervention
from causal_claims.sites import GENERATION, LAST, Stage

_Run = tuple[Tensor, dict[int, Tensor], Delivery]  # logits, patterns by layer


class ReferencePath:
    def __init__(self, loaded: Loaded, settings: Settings) -> None:
        self.loaded = loaded
        self.settings = settings

    @torch.inference_mode()
    def parts(self, task: Task) -> Iterator[Part]:
        tokens = self.loaded.tokens
        prompts = [tokens.prompt(one.prompt, f"example {one.id!r}") for one in task.examples]
        given = Given(self.loaded, self.clean, task, prompts)
        if GENERATION in task.reads():
            yield from self._generated(task, prompts, given)
            return
        for condition in task.conditions:
            for row in task.rows:
                if task.known(condition, (row,)):
                    continue
                begun = time.perf_counter()
                batch = pad([prompts[row]], self.loaded.device)
                clean = cache(partial(self._readout, task, row, batch, BASELINE, given, None, Delivery(BASELINE)))
                delivery = Delivery(condition, expected=len(edits(condition)))
                run = clean() if condition == BASELINE else self._readout(
                    task, row, batch, condition, given, clean, delivery
                )  # fmt: skip
                values = {metric: numbers(metric, run) for metric in task.metrics}
                yield Part(condition, (row,), values, delivery, time.perf_counter() - begun)

    def _readout(
        self, task: Task, row: int, batch: Batch, condition: Intervention, given: Given,
        baseline: Callable[[], Readout] | None, delivery: Delivery,
    ) -> Readout:  # fmt: skip
        example = task.examples[row]
        taken: dict[Key, Tensor] = {}
        given.prepare(condition, row)
        hooks = writing(self.loaded, edits(condition), batch, [example], (row,), given, delivery)
        hooks += reading(kept(task.reads()), taken)
        needs_logits = any(point.layer == LAST for point in task.reads())
        logits = self.run(batch.ids, hooks)
        tensors = _Tensors(taken, logits if needs_logits else None)
        batch = batch.to(self.loaded.map.out)
        return Readout([example], batch, self.loaded.tokens, self.loaded.map, tensors, baseline)

    def _generated(self, task: Task, prompts: Sequence[Sequence[int]], given: Given) -> Iterator[Part]:
        """One token after another, without a cache; a text that is known beforehand at once."""
        layers = [point.layer for point in task.reads() if point.stage == Stage.PATTERN]
        for condition in task.conditions:
            for row in task.rows:
                if task.known(condition, (row,)):
                    continue
                begun, example = time.perf_counter(), task.examples[row]
                batch = pad([prompts[row]], self.loaded.device)
                given.prepare(condition, row)
                read = partial(self._read, condition, batch, example, row, given, layers)
                script = self._script(task, the_decoding(task), batch, example)
                if script is None:
                    written, patterns, delivery = self._written(read, the_decoding(task), example)
                    noted = None
                else:
                    written = script.ids[0]
                    logits, patterns, delivery = read(written[:-1])
                    p = logits[0, batch.ids.shape[1] - 1 :].float().softmax(-1)[: len(written)]
                    noted = Noted((p[:, script.watched.to(p.device)],), script.columns())
                generated = Texts(
                    (self.loaded.tokenizer.decode(written, skip_special_tokens=True),), (tuple(written),),
                    partial(_followed, patterns, batch.ids.shape[1]), noted,
                )  # fmt: skip
                nothing = _Tensors({}, None)
                readout = Readout([example], batch, self.loaded.tokens, self.loaded.map, nothing, generated=generated)
                values = {metric: numbers(metric, readout) for metric in task.metrics}
                yield Part(condition, (row,), values, delivery, time.perf_counter() - begun)

    def _written(
        self, read: Callable[[Sequence[int]], _Run], decoding: Decoding, example: Example
    ) -> tuple[Sequence[int], dict[int, Tensor], Delivery]:
        """The text, the patterns of the run that gave its last token, and what the last run delivered."""
        written: list[int] = []
        patterns: dict[int, Tensor] = {}
        delivery = Delivery(BASELINE)
        for step in range(decoding.tokens):
            logits, seen, delivery = read(written)
            token = int(decoding.choose(logits[:, -1], [example], step))
            if token in ending(self.loaded):
                break
            patterns = seen
            written.append(token)
        return written, patterns, delivery

    def _read(
        self, condition: Intervention, batch: Batch, example: Example, row: int, given: Given, layers: Sequence[int],
        text: Sequence[int],
    ) -> _Run:  # fmt: skip
        """Logits after a prompt and after each token of its text, the followed layers' patterns, and what was delivered."""
        made, delivery = edits(condition), Delivery(condition)
        for phase, times in (("prefill", 1), ("decode", len(text))):
            delivery.expected += times * sum(edit.during(phase) for edit in made)
        taken: dict[Key, Tensor] = {}
        hooks = writing(self.loaded, made, batch, [example], (row,), given, delivery, len(text))
        hooks += reading(frozenset(("qk", layer) for layer in layers), taken)
        ids = torch.cat([batch.ids, torch.tensor([text], dtype=torch.long, device=batch.ids.device)], 1)
        logits = self.run(ids, hooks)
        return logits, {layer: taken[("qk", layer)] for layer in layers}, delivery

    def _script(self, task: Task, decoding: Decoding, batch: Batch, example: Example) -> Script | None:
        if decoding.along is None:
            return None
        lists = {name: watched(self.loaded, name) for name in lists_of(task)}
        if decoding.along != "clean":
            return Script(given_text(self.loaded, decoding, [example]), lists)
        written, never = list[int](), left_out(self.loaded)
        for _ in range(decoding.tokens):
            ids = torch.cat([batch.ids, torch.tensor([written], dtype=torch.long, device=batch.ids.device)], 1)
            logits = self.run(ids, [])[:, -1].float()
            logits[:, never.to(logits.device)] = -torch.inf
            token = int(logits.argmax(-1))
            if token in ending(self.loaded):
                break
            written.append(token)
        return Script((tuple(written),), lists)

    def run(self, ids: Tensor, hooks: Sequence[Hook]) -> Tensor:
        """Logits of the hooked bridge."""
        found: Tensor = self.loaded.bridge.run_with_hooks(
            ids, fwd_hooks=list(hooks), prepend_bos=False, attention_mask=torch.ones_like(ids)
        )
        return found

    def clean(self, prompt: Sequence[int], keep: Keys) -> tuple[Batch, dict[Key, Tensor]]:
        batch = pad([prompt], self.loaded.device)
        taken: dict[Key, Tensor] = {}
        self.run(batch.ids, reading(keep, taken))
        return batch, taken


def _followed(patterns: dict[int, Tensor], width: int, layer: int, head: int) -> list[Tensor]:
    """A head's attention at each step that wrote a token.  # steps x keys"""
    return [patterns[layer][0, head, width - 1 :].float() if layer in patterns else torch.zeros(0, width)]


@dataclass(eq=False)
class _Tensors:
    taken: dict[Key, Tensor]
    found: Tensor | None

    def get(self, kind: str, layer: int) -> Tensor:
        if (kind, layer) not in self.taken:
            raise ClaimsError(
                f"a metric reads {kind} of layer {layer}, which it did not declare; add the point to its reads=."
            )
        return self.taken[(kind, layer)]

    def attention(self, layer: int, head: int, queries: Tensor) -> Tensor:
        pattern = self.get("qk", layer)[:, head].float()
        return pattern[torch.arange(len(pattern), device=pattern.device)[:, None], queries.to(pattern.device)]

    def logits(self, index: Tensor, columns: Tensor | None) -> Tensor:
        if self.found is None:
            raise ClaimsError("a metric reads the logits, and did not declare it; add LOGITS to its reads=.")
        rows = torch.arange(len(self.found), device=self.found.device)[:, None]
        at = self.found[rows, index.to(rows.device)]
        return at if columns is None else at.gather(2, columns.to(rows.device)[:, None].expand(-1, at.shape[1], -1))
