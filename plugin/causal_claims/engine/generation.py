"""Generation by the fast path: all conditions decode together, each row with its own keys and values kept.

The clean prompt is read once; a condition's rows start from there at the layer where it first writes.  A text that is
known beforehand is not decoded: it is read.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

import torch
from torch import Tensor

from causal_claims.engine.budget import Budget
from causal_claims.engine.decoder import Decoder
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
from causal_claims.engine.editing import Block
from causal_claims.engine.edits import Edit, edits
from causal_claims.engine.fast import FastPath
from causal_claims.engine.follower import Follower, first_write
from causal_claims.engine.loading import Loaded
from causal_claims.engine.network import Network
from causal_claims.engine.readout import Noted, NoTensors, Readout, Texts, numbers
from causal_claims.engine.room import OUT_OF_MEMORY
from causal_claims.engine.settings import Settings
from causal_claims.engine.site_run import Live, SiteRun
from causal_claims.engine.sources import Sources
from causal_claims.engine.task import Part, Task
from causal_claims.engine.tokens import pad
from causal_claims.errors import ClaimsError
from causal_claims.examples import Example
from causal_claims.interventions.intervention import BASELINE, Intervention
from causal_claims.sites import LAST, Stage


class GenerationPath:
    """Metrics of generated text, under many conditions at once."""

    def __init__(self, loaded: Loaded, settings: Settings, budget: Budget | None = None) -> None:
        self.loaded, self.settings = loaded, settings
        self.net = Network(loaded.map)
        self.prompts = FastPath(loaded, settings, budget)

    @torch.inference_mode()
    def parts(self, task: Task) -> Iterator[Part]:
        tokens = self.loaded.tokens
        prompts = [tokens.prompt(one.prompt, f"example {one.id!r}") for one in task.examples]
        given = Sources(self.prompts.clean, self.prompts.budget, self.loaded, task, prompts)
        decoding = the_decoding(task)
        _check_context(self.loaded, task, prompts, decoding)
        layers = frozenset(p.layer for p in task.reads() if p.stage == Stage.PATTERN and p.layer != LAST)
        texts = cache(partial(self._texts, task, decoding))
        waiting = [(rows, self._ordered(task)) for rows in self._chunks(task, prompts, decoding)]
        held: tuple[int, ...] = ()
        while waiting:
            rows, conditions = waiting.pop(0)
            size = self._size(rows, max(len(prompts[row]) for row in rows) + decoding.tokens, decoding)
            now, later = conditions[:size], conditions[size:]
            if all(task.known(condition, rows) for condition in now):
                if later:
                    waiting.insert(0, (rows, later))
                continue
            try:
                if held != rows:
                    given.forget()
                    follower = self._follower(task, texts(), rows, prompts, layers)
                    held = rows
                found = self._generate(task, now, rows, prompts, decoding, given, layers, follower)
            except OUT_OF_MEMORY:
                held, follower = (), None
                self.prompts.budget.halve(self.prompts.budget.tokens)
                if len(rows) == 1 and len(now) == 1:
                    raise
                half = max(1, len(rows) // 2)
                waiting[:0] = [(part, conditions) for part in (rows[:half], rows[half:]) if part]
                continue
            if later:
                waiting.insert(0, (rows, later))
            yield from found

    @torch.inference_mode()
    def written(self, rows: Sequence[Example], tokens: int, never: Tensor | None = None) -> list[tuple[int, ...]]:
        """What the unedited model writes, greedily; without some tokens, if it is to."""
        prompts = [self.loaded.tokens.prompt(one.prompt, f"example {one.id!r}") for one in rows]
        found: dict[int, tuple[int, ...]] = {}
        for part in self._rows_that_decode(range(len(rows)), [len(one) + tokens for one in prompts]):
            batch = pad([prompts[row] for row in part], self.loaded.device, "left")
            alone = Block(slice(0, len(part)), Delivery(BASELINE), (), _no_edit)
            decoder = Decoder(self.net, batch, [alone], tokens, frozenset())
            texts = decoder.run(Decoding(tokens), [rows[row] for row in part], ending(self.loaded), never)
            found |= zip(part, map(tuple, texts), strict=True)
        return [found[row] for row in range(len(rows))]

    def _rows(self, length: int) -> int:
        """Rows that decode at once: what their keys and values take, and what the budget of tokens likes."""
        mapped = self.loaded.map
        held = 2 * len(mapped.blocks) * mapped.kv_heads * mapped.d_head * mapped.w_u.element_size() * length
        budget = self.prompts.budget
        return max(1, min(int(budget.memory / 2 / held), 4 * budget.tokens // length))

    def _chunks(self, task: Task, prompts: Sequence[tuple[int, ...]], decoding: Decoding) -> list[tuple[int, ...]]:
        lengths = [len(one) + decoding.tokens for one in prompts]
        if decoding.along is None:
            return self._rows_that_decode(task.rows, lengths)
        mapped, order = self.loaded.map, sorted(task.rows, key=lambda row: (lengths[row], row))
        states = len(self._firsts(task)) * mapped.d_model * mapped.w_u.element_size()
        return [tuple(chunk) for chunk in self.prompts.budget.chunks(order, lengths, states)]

    def _rows_that_decode(self, rows: Iterable[int], lengths: Sequence[int]) -> list[tuple[int, ...]]:
        """Rows in chunks, the shortest first."""
        chunks: list[list[int]] = []
        for row in sorted(rows, key=lambda row: (lengths[row], row)):
            if chunks and len(chunks[-1]) < self._rows(lengths[row]):
                chunks[-1].append(row)
            else:
                chunks.append([row])
        return [tuple(chunk) for chunk in chunks]

    def _ordered(self, task: Task) -> list[Intervention]:
        """Those that first write in one layer beside one another: they are read as one batch."""
        return sorted(task.conditions, key=lambda condition: first_write(edits(condition), self.net))

    def _firsts(self, task: Task) -> frozenset[int]:
        return frozenset(first_write(edits(condition), self.net) for condition in task.conditions)

    def _size(self, rows: Sequence[int], length: int, decoding: Decoding) -> int:
        """How many conditions are measured at once."""
        if decoding.along is not None:
            return self.prompts.budget.conditions(length * len(rows), len(rows))
        return max(1, self._rows(length) // len(rows))

    def _generate(
        self, task: Task, conditions: Sequence[Intervention], rows: Sequence[int], prompts: Sequence[tuple[int, ...]],
        decoding: Decoding, given: Sources, layers: frozenset[int], follower: Follower | None,
    ) -> list[Part]:  # fmt: skip
        begun = time.perf_counter()
        examples = [task.examples[row] for row in rows]
        batch = pad([prompts[row] for row in rows], self.loaded.device, "left")

        def site_run(edit: Edit, live: Live | None) -> SiteRun:
            here = batch.to(self.net.map.blocks[edit.site.layer].device)
            return SiteRun(edit.site, self.net.map, here.copy(), examples, tuple(rows), given, live)

        many, count = len(conditions), len(rows)
        blocks = [
            Block(slice(i * count, (i + 1) * count), Delivery(condition), edits(condition), site_run)
            for i, condition in enumerate(conditions)
        ]
        writer: Decoder | Follower
        if follower is None:
            writer = Decoder(self.net, batch, blocks, decoding.tokens, layers)
            ids = [tuple(one) for one in writer.run(decoding, examples * many, ending(self.loaded))]
            noted = None
        else:
            writer, ids = follower, list(follower.script.ids) * many
            follower.run(blocks)
            noted = Noted(follower.noted_rows([len(one) for one in ids]), follower.script.columns())
        texts = Texts(
            tuple(self.loaded.tokenizer.decode(one, skip_special_tokens=True) for one in ids), tuple(ids),
            lambda layer, head: writer.followed(layer, head, [len(one) for one in ids]), noted,
        )  # fmt: skip
        readout = Readout(
            examples * many,
            pad([prompts[row] for row in rows] * many, self.net.map.out, "left"),
            self.loaded.tokens,
            self.net.map,
            NoTensors(),
            generated=texts,
        )
        values = {metric: numbers(metric, readout) for metric in task.metrics}
        share = (time.perf_counter() - begun) / many
        return [
            Part(block.delivery.condition, tuple(rows), {m: v[block.rows] for m, v in values.items()}, block.delivery, share)
            for block in blocks
        ]  # fmt: skip

    def _follower(
        self, task: Task, texts: Mapping[int, tuple[int, ...]], rows: Sequence[int], prompts: Sequence[tuple[int, ...]],
        layers: frozenset[int],
    ) -> Follower | None:  # fmt: skip
        if not texts:
            return None
        script = Script(
            tuple(texts[row] for row in rows), {name: watched(self.loaded, name) for name in lists_of(task)}
        )
        batch = pad([prompts[row] for row in rows], self.loaded.device, "left")
        return Follower(self.net, batch, script, layers, self._firsts(task))

    def _texts(self, task: Task, decoding: Decoding) -> dict[int, tuple[int, ...]]:
        """What all arms write alike, where a metric asks for it: by row."""
        examples = [task.examples[row] for row in task.rows]
        if decoding.along is None:
            return {}
        if decoding.along != "clean":
            return dict(zip(task.rows, given_text(self.loaded, decoding, examples), strict=True))
        return dict(zip(task.rows, self.written(examples, decoding.tokens, left_out(self.loaded)), strict=True))


def _no_edit(edit: Edit, live: Live | None) -> SiteRun:
    raise AssertionError(f"{edit.site}: the clean run has no edits")


def _check_context(loaded: Loaded, task: Task, prompts: Sequence[tuple[int, ...]], decoding: Decoding) -> None:
    context = loaded.map.context
    for row in task.rows:
        if context is not None and len(prompts[row]) + decoding.tokens > context + 1:
            raise ClaimsError(
                f"example {task.examples[row].id!r}: its prompt has {len(prompts[row])} tokens, and with {decoding.tokens} "
                f"generated ones it exceeds the {context} that {loaded.spec.key} reads; shorten it or generate less."
            )
