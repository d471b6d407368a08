"""Generation by the fast path: all conditions decode together, each row with its own keys and values kept.

The clean prompt is read once; a condition's rows start from there at the layer where it first writes.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from causal_claims.engine.architecture import Block as LayerMap
from causal_claims.engine.budget import Budget
from causal_claims.engine.decoding import Decoding, Script, ending, given_text, the_decoding, watched
from causal_claims.engine.delivery import Delivery, Edit, Live, SiteRun, edits
from causal_claims.engine.editing import Block, Editing
from causal_claims.engine.fast import FastPath
from causal_claims.engine.loading import Loaded
from causal_claims.engine.network import Network, attend
from causal_claims.engine.readout import Readout, Texts, numbers
from causal_claims.engine.settings import Settings
from causal_claims.engine.sources import Sources
from causal_claims.engine.task import Part, Task
from causal_claims.engine.tokens import Batch, pad
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
        waiting = [(rows, list(task.conditions)) for rows in self._chunks(task, prompts, decoding)]
        while waiting:
            rows, conditions = waiting.pop(0)
            size = max(1, self._rows(max(len(prompts[row]) for row in rows) + decoding.tokens) // len(rows))
            now, later = conditions[:size], conditions[size:]
            if all(task.known(condition, rows) for condition in now):
                if later:
                    waiting.insert(0, (rows, later))
                continue
            try:
                found = self._generate(task, now, rows, prompts, decoding, given, layers)
            except torch.OutOfMemoryError:
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
    def written(self, rows: Sequence[Example], tokens: int) -> list[tuple[int, ...]]:
        """What the unedited model writes, greedily."""
        found: list[tuple[int, ...]] = []
        prompts = [self.loaded.tokens.prompt(one.prompt, f"example {one.id!r}") for one in rows]
        size = min(16, self._rows(max(map(len, prompts)) + tokens))
        for first in range(0, len(rows), size):
            part = slice(first, first + size)
            batch = pad(prompts[part], self.loaded.device, "left")
            alone = Block(slice(0, len(batch.ids)), Delivery(BASELINE), (), _no_edit)
            decoder = _Decoder(self.net, batch, [alone], tokens, frozenset())
            found += map(tuple, decoder.run(Decoding(tokens), rows[part], ending(self.loaded)))
        return found

    def _rows(self, length: int) -> int:
        """Rows that decode at once: what their keys and values take, and what the budget of tokens likes."""
        mapped = self.loaded.map
        held = 2 * len(mapped.blocks) * mapped.kv_heads * mapped.d_head * mapped.w_u.element_size() * length
        budget = self.prompts.budget
        return max(1, min(int(budget.memory / 2 / held), 4 * budget.tokens // length))

    def _chunks(self, task: Task, prompts: Sequence[tuple[int, ...]], decoding: Decoding) -> list[tuple[int, ...]]:
        order = sorted(task.rows, key=lambda row: (len(prompts[row]), row))
        chunks: list[list[int]] = []
        for row in order:
            if chunks and len(chunks[-1]) < self._rows(len(prompts[row]) + decoding.tokens):
                chunks[-1].append(row)
            else:
                chunks.append([row])
        return [tuple(chunk) for chunk in chunks]

    def _generate(
        self, task: Task, conditions: Sequence[Intervention], rows: Sequence[int], prompts: Sequence[tuple[int, ...]],
        decoding: Decoding, given: Sources, layers: frozenset[int],
    ) -> list[Part]:  # fmt: skip
        begun = time.perf_counter()
        given.forget()
        examples = [task.examples[row] for row in rows]
        batch = pad([prompts[row] for row in rows], self.loaded.device, "left")

        def site_run(edit: Edit, live: Live | None) -> SiteRun:
            return SiteRun(edit.site, self.net.map, batch, examples, tuple(rows), given, live)

        many, count = len(conditions), len(rows)
        blocks = [
            Block(slice(i * count, (i + 1) * count), Delivery(condition), edits(condition), site_run)
            for i, condition in enumerate(conditions)
        ]
        decoder = _Decoder(self.net, batch, blocks, decoding.tokens, layers)
        script = self._script(decoding, batch, examples, site_run)
        ids = decoder.run(decoding, examples * many, ending(self.loaded), script and script.repeated(many))
        texts = Texts(
            tuple(self.loaded.tokenizer.decode(one, skip_special_tokens=True) for one in ids), tuple(map(tuple, ids)),
            lambda layer, head: decoder.followed(layer, head, [len(one) for one in ids]),
            decoder.noted_rows([len(one) for one in ids]) if script is not None else None,
        )  # fmt: skip
        readout = Readout(
            examples * many, decoder.batch, self.loaded.tokens, self.net.map, _NoTensors(), generated=texts
        )
        values = {metric: numbers(metric, readout) for metric in task.metrics}
        share = (time.perf_counter() - begun) / many
        return [
            Part(block.delivery.condition, tuple(rows), {m: v[block.rows] for m, v in values.items()}, block.delivery, share)
            for block in blocks
        ]  # fmt: skip

    def _script(
        self, decoding: Decoding, batch: Batch, examples: Sequence[Example], site_run: Callable[[Edit, Live | None], SiteRun]
    ) -> Script | None:  # fmt: skip
        """What all arms write alike, where a metric asks for it."""
        if decoding.along is None or decoding.watch is None:
            return None
        words = watched(self.loaded, decoding.watch)
        if decoding.along != "clean":
            return Script(given_text(self.loaded, decoding, examples), words)
        alone = [Block(slice(0, len(examples)), Delivery(BASELINE), (), site_run)]
        clean = _Decoder(self.net, batch, alone, decoding.tokens, frozenset())
        ids = clean.run(Decoding(decoding.tokens), examples, ending(self.loaded), banned=words)
        return Script(tuple(map(tuple, ids)), words)


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


class _NoTensors:
    """Generation keeps no tensors of the prompt's pass."""

    def get(self, kind: str, layer: int) -> Tensor:
        raise ClaimsError(f"a metric of generated text cannot read {kind} of layer {layer}; make it two metrics.")

    def attention(self, layer: int, head: int, queries: Tensor) -> Tensor:
        raise ClaimsError(
            "a metric of generated text reads attention with run.attention_while_generating(layer, head)."
        )

    def logits(self, index: Tensor, columns: Tensor | None) -> Tensor:
        raise ClaimsError("a metric of generated text cannot read logits; make it two metrics.")


@dataclass(eq=False)
class _Decoder:
    """Rows that are being continued, with their keys and values."""

    net: Network
    prompt: Batch  # one block's rows
    blocks: Sequence[Block]
    steps: int
    layers: frozenset[int]  # whose attention is followed
    batch: Batch = field(init=False)  # all rows
    keys: list[Tensor] = field(init=False)  # per layer: rows x places x KV heads x d_head
    held: list[Tensor] = field(init=False)  # values, likewise
    asked: dict[int, list[Tensor]] = field(default_factory=dict)  # per layer, per step: rows x heads x d_head
    noted: list[Tensor] = field(default_factory=list)  # per step: rows x watched words

    def __post_init__(self) -> None:
        b, many = self.prompt, len(self.blocks)
        self.batch = Batch(
            b.ids.repeat(many, 1), b.mask.repeat(many, 1), b.positions.repeat(many, 1), b.lengths.repeat(many), b.left
        )
        mapped = self.net.map
        shape = (len(self.batch.ids), b.ids.shape[1] + self.steps, mapped.kv_heads, mapped.d_head)
        self.keys, self.held = (
            [torch.empty(shape, dtype=mapped.w_u.dtype, device=b.ids.device) for _ in mapped.blocks] for _ in range(2)
        )

    def run(
        self, decoding: Decoding, examples: Sequence[Example], ends: frozenset[int], script: Script | None = None,
        banned: Tensor | None = None,
    ) -> list[list[int]]:  # fmt: skip
        """The tokens generated for each row, the one that ends a text left out; or those of the script."""
        if script is not None:
            return self._follow(script, decoding.tokens)
        rows = len(self.batch.ids)
        written: list[list[int]] = [[] for _ in range(rows)]
        open_rows = set(range(rows))
        resid = self._prefill()
        for step in range(decoding.tokens):
            logits = self.net.unembed(resid, None)[:, 0]
            if banned is not None:
                logits[:, banned] = -torch.inf
            chosen = decoding.choose(logits, examples, step)
            for row, token in enumerate(chosen.tolist()):
                if row in open_rows:
                    if token in ends:
                        open_rows.discard(row)
                    else:
                        written[row].append(token)
            if not open_rows or step + 1 == decoding.tokens:
                break
            resid = self._decode(chosen, step, open_rows)
        return written

    def _follow(self, script: Script, steps: int) -> list[list[int]]:
        """Write what the script says, and note how probable the watched words were before each token."""
        resid = self._prefill()
        for step in range(steps):
            if not script.open(step):
                break
            p = self.net.unembed(resid, None)[:, 0].float().softmax(-1)
            self.noted.append(p[:, script.watched])
            if step + 1 == steps or not script.open(step + 1):
                break
            resid = self._decode(script.at(step, p.device), step, script.open(step + 1))
        return [list(one) for one in script.ids]

    def noted_rows(self, lengths: Sequence[int]) -> tuple[Tensor, ...]:
        """# per row: steps x words"""
        width = self.noted[0].shape[1] if self.noted else 0
        return tuple(
            torch.stack([self.noted[step][row] for step in range(n)]) if n else torch.zeros(0, width)
            for row, n in enumerate(lengths)
        )

    def followed(self, layer: int, head: int, lengths: Sequence[int]) -> list[Tensor]:
        """One head's attention at each step that wrote a token, over prompt and text: per row, steps x keys."""
        block, group = self.net.map.blocks[layer], self.net.map.group
        width = self.prompt.ids.shape[1]
        starts = self.batch.starts.tolist()
        found = []
        for row, steps in enumerate(lengths):
            if steps == 0:
                found.append(torch.zeros(0, width - starts[row]))
                continue
            q = torch.stack([self.asked[layer][step][row, head] for step in range(steps)]).float()
            place = torch.arange(width + steps - 1, device=q.device)
            k = self.keys[layer][row, : len(place), head // group].float()
            back = (width - 1 + torch.arange(steps, device=q.device))[:, None] - place[None]
            seen = (back >= 0) & (place >= starts[row])
            if block.window is not None:
                seen &= back < block.window
            scores = (q @ k.mT * block.scale).masked_fill(~seen, -torch.inf)
            found.append(scores.softmax(-1)[:, starts[row] :])
        return found

    def _prefill(self) -> Tensor:
        """Read the prompts: once without edits up to the first write, then every block's rows.  # rows x 1 x d_model"""
        many, layers = len(self.blocks), len(self.net.map.blocks)
        firsts = [
            min((e.site.layer for e in block.made if e.during("prefill")), default=layers) for block in self.blocks
        ]
        starts = dict.fromkeys(firsts)
        resid, frame = self.net.embed(self.prompt)
        width, count = self.prompt.ids.shape[1], len(self.prompt.ids)
        states: dict[int, Tensor] = {}
        for i in range(layers):
            if i in starts:
                states[i] = resid
            if all(first <= i for first in firsts):
                break
            at = self.net.attending(i, resid, frame)
            for block, first in zip(self.blocks, firsts, strict=True):
                if first > i:
                    self.keys[i][block.rows, :width], self.held[i][block.rows, :width] = at.k, at.v
                    self._ask(i, at.q[:, -1], block.rows)
            resid = self.net.finish(i, resid, self.net.write(i, self.net.mix(at), resid))
        states[layers] = resid
        last = torch.empty(count * many, 1, resid.shape[-1], dtype=resid.dtype, device=resid.device)
        for first in dict.fromkeys(firsts):
            mine = [block for block, start in zip(self.blocks, firsts, strict=True) if start == first]
            for block in mine:
                block.delivery.expected += count * sum(edit.during("prefill") for edit in block.made)
                last[block.rows] = self._read(states[first], frame, first, block)
        return last

    def _read(self, resid: Tensor, frame: object, first: int, block: Block) -> Tensor:
        """One block's prompts from layer `first` on.  # rows x 1 x d_model"""
        net, width = self.net, self.prompt.ids.shape[1]
        here = slice(0, len(resid))
        alone = Block(here, block.delivery, block.made, block.site_run, "prefill")
        editing = Editing([alone], net.map.d_model)
        for i in range(first, len(net.map.blocks)):
            resid = editing.residual("pre", i, resid)
            at = net.attending(i, resid, frame, editing.values)  # type: ignore[arg-type]
            self.keys[i][block.rows, :width], self.held[i][block.rows, :width] = at.k, at.v
            self._ask(i, at.q[:, -1], block.rows)
            z, extra = editing.mixed(i, net.mix(at), at)
            mid = net.write(i, z, resid)
            mid = mid if extra is None else mid + extra
            mid = mid if net.map.parallel else editing.residual("mid", i, mid)
            resid = editing.residual("post", i, net.finish(i, resid, mid))
        return resid[:, -1:]

    def _ask(self, layer: int, q: Tensor, rows: slice) -> None:
        """Remember what a followed layer asked at the prompt's last token."""
        if layer in self.layers:
            if layer not in self.asked:
                self.asked[layer] = [q.new_empty(len(self.batch.ids), *q.shape[1:])]
            self.asked[layer][0][rows] = q

    def _decode(self, chosen: Tensor, step: int, open_rows: set[int]) -> Tensor:
        """One more token for every row.  # rows x 1 x d_model"""
        net, end = self.net, self.prompt.ids.shape[1] + step
        ids, positions = chosen[:, None], (self.batch.lengths + step)[:, None]
        one = Batch(ids, torch.ones_like(ids, dtype=torch.bool), positions, torch.ones_like(chosen), True)
        resid, frame = net.embed(one)
        going = torch.tensor([row in open_rows for row in range(len(chosen))], device=chosen.device)
        for block in self.blocks:
            block.phase, block.open = "decode", going[block.rows]
            count = len(open_rows.intersection(range(block.rows.start, block.rows.stop)))
            block.delivery.expected += count * sum(edit.during("decode") for edit in block.made)
        editing = Editing(self.blocks, net.map.d_model)
        for i, layer in enumerate(net.map.blocks):
            resid = editing.residual("pre", i, resid)
            at = net.attending(i, resid, frame, editing.values)
            self.keys[i][:, end], self.held[i][:, end] = at.k[:, 0], at.v[:, 0]
            k, v = self.keys[i][:, : end + 1], self.held[i][:, : end + 1]
            if i in self.layers:
                self.asked[i].append(at.q[:, 0])
            live = _Step(net, layer, at.q, k, v, self.batch.starts)
            plain = layer.window is None and not self.batch.left
            mask = None if plain else live.visible()[:, None]
            z, extra = editing.mixed(i, attend(at.q, k, v, mask, layer.scale), live)
            mid = net.write(i, z, resid)
            mid = mid if extra is None else mid + extra
            mid = mid if net.map.parallel else editing.residual("mid", i, mid)
            resid = editing.residual("post", i, net.finish(i, resid, mid))
        return resid


@dataclass(eq=False)
class _Step:
    """The attention of one layer at one step of decoding."""

    net: Network
    block: LayerMap
    q: Tensor  # rows x 1 x heads x d_head
    k: Tensor  # rows x keys x KV heads x d_head
    v: Tensor
    starts: Tensor  # rows

    def rows(self, part: slice) -> "_Step":
        return _Step(self.net, self.block, self.q[part], self.k[part], self.v[part], self.starts[part])

    def values(self, head: int) -> Tensor:
        return self.v[:, :, head // self.net.map.group]

    def pattern(self, head: int) -> Tensor:
        k = self.k[:, :, head // self.net.map.group].float()
        scores = self.q[:, :, head].float() @ k.mT * self.block.scale
        return scores.masked_fill(~self.visible(), -torch.inf).softmax(-1)

    def visible(self) -> Tensor:
        """# rows x 1 x keys"""
        place = torch.arange(self.k.shape[1], device=self.k.device)
        seen = place[None] >= self.starts[:, None]
        if self.block.window is not None:
            seen = seen & (self.k.shape[1] - 1 - place[None] < self.block.window)
        return seen[:, None]
