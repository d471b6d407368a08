"""The engine: cells in, measurements out; one bad cell fails only itself."""

import gc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from causal_claims.claims.effects import Cell
from causal_claims.claims.picked import Heads, Pick
from causal_claims.engine.classifier import check_scorer
from causal_claims.engine.edits import edits, needs, source_prompts
from causal_claims.engine.examination import Examination, Way
from causal_claims.engine.fast import FastPath
from causal_claims.engine.generation import GenerationPath
from causal_claims.engine.identity import address
from causal_claims.engine.loading import Loaded, load
from causal_claims.engine.pattern import pattern
from causal_claims.engine.precision import Margins, by_margin, cheapest, cheapest_first, floor_of
from causal_claims.engine.reference import ReferencePath
from causal_claims.engine.room import fits
from causal_claims.engine.screening import Array, find_heads, screen
from causal_claims.engine.settings import Progress, Settings
from causal_claims.engine.store import Address, Entry, Store
from causal_claims.engine.task import Path, Task
from causal_claims.engine.usable import usable
from causal_claims.engine.witness import Witness
from causal_claims.engine.work import Work, by_examples, halves, part_facts, together
from causal_claims.errors import ClaimsError, listing
from causal_claims.examples import ExampleSet, examples
from causal_claims.interventions.intervention import Intervention
from causal_claims.measurements import Measurement
from causal_claims.metrics.metric import METRICS, Metric
from causal_claims.models import Registry
from causal_claims.sites import GENERATION, LAST, Head

Found = dict[Cell, Measurement | ClaimsError]
Rows = Callable[[ExampleSet], tuple[int, ...]]
gc.freeze()  # torch and transformers are here to stay: a full collection need not go over all that they are made of


class Engine:
    """Measures cells on the models of a registry."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self.registry = registry
        self.settings = settings
        self.store = Store(settings.cache)
        self._held: dict[tuple[str, str], Loaded] = {}  # by key and dtype
        self._witnesses: dict[Loaded, Witness] = {}
        self._chosen: dict[tuple[str, Metric], str] = {}  # the dtype, where it is `auto`: once for a run
        self._scores: dict[tuple[str, str, str], Array] = {}  # of all heads: model, score, examples
        self._known: dict[tuple[str, str, tuple[str, ...]], set[Way]] = {}  # by model, dtype, names of metrics
        self._begun: dict[Address, Work] = {}  # cells of which only some rows were asked for so far
        self._rows: dict[tuple[str, str, tuple[str, ...]], tuple[ExampleSet, dict[str, str]]] = {}

    def loaded(self, model: str, dtype: str | None = None) -> Loaded:
        """The model in memory; others are let go first where they do not fit beside it."""
        spec = self.registry[model]
        wanted = dtype or self._dtype(model)
        at = (model, "float32" if wanted == "auto" else wanted)
        if at not in self._held:
            while self._held and not fits(spec, self.settings, at[1]):
                self.release(next(iter(self._held))[0])
            self._held[at] = load(spec, self.settings, at[1])
        return self._held[at]

    def _dtype(self, model: str) -> str:
        return self.settings.dtype or self.registry[model].dtype

    def has_room(self, model: str) -> bool:
        """Whether the model is in memory, or fits beside what is there."""
        return any(key == model for key, _ in self._held) or fits(self.registry[model], self.settings)

    def release(self, model: str) -> None:
        """Let a model's memory go."""
        held = [at for at in self._held if at[0] == model]
        for at in held:
            self._witnesses.pop(self._held.pop(at), None)
        if held:
            import torch

            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def heads(self, model: str, pick: Pick) -> Heads:
        """The heads that a claim is about, found on this model."""
        loaded, key = self.loaded(model), (model, pick.score, pick.over)
        if key not in self._scores:
            self._scores[key] = screen(loaded, self.settings, pick.score, pick.over)
        return find_heads(loaded, pick, self._scores[key])

    def attention(self, model: str, head: Head, over: str) -> dict[str, Any] | None:
        """A head's pattern on the first example of a set, for a picture; None unless the model is in memory."""
        loaded = next((one for (key, _), one in self._held.items() if key == model), None)
        if loaded is None:
            return None
        try:
            return pattern(loaded, self.settings, head, examples(over).examples[0])
        except (ClaimsError, RuntimeError):  # a picture that cannot be had costs no verdict
            return None

    def witness(self, model: str) -> Witness:
        """Somebody outside is about to use the model."""
        return self._witness(self.loaded(model))

    def _witness(self, loaded: Loaded) -> Witness:
        """Of the model as it was before its first measurement."""
        if loaded not in self._witnesses:
            self._witnesses[loaded] = Witness(loaded)
        return self._witnesses[loaded]

    def measure(
        self,
        model: str,
        cells: Sequence[Cell],
        progress: Progress | None = None,
        rows: Rows | None = None,
        margins: Margins = (),
    ) -> Found:
        """Distinct cells, measured once, from the store where they are known; `rows` asks for some rows of each set.

        `margins` are what claims must tell apart; with dtype `auto` they choose the arithmetic.
        """
        distinct = tuple(dict.fromkeys(cells))
        found: Found = {}
        if progress is not None:
            progress.start(model, len(distinct))
        try:
            for loaded, some in self._arithmetic(model, distinct, rows, margins):
                works, failed = self._works(loaded, some, rows)
                found.update(failed)
                _advance(progress, len(failed))
                for group in by_examples(works):
                    found.update(self._measure_group(loaded, group, progress))
        finally:
            if progress is not None:
                progress.stop()
        return {cell: found[cell] for cell in distinct}

    def _arithmetic(
        self, model: str, cells: Sequence[Cell], rows: Rows | None, margins: Margins
    ) -> Iterator[tuple[Loaded, Sequence[Cell]]]:
        """The model in the dtype that was asked for; with `auto` in the cheapest that the margins bear."""
        loaded = self.loaded(model)  # absent weights fail all cells
        if self._dtype(model) != "auto":
            yield loaded, cells
            return
        order = cheapest_first(loaded.device)
        for some, margin in by_margin(cells, margins):
            dtype = next((self._chosen[model, one.metric] for one in some if (model, one.metric) in self._chosen), None)
            if dtype is None:
                works, _ = self._works(loaded, some, rows)
                dtype = cheapest(order, partial(self._floor, model, works), margin)
            self._chosen.update(((model, one.metric), dtype) for one in some)
            yield self.loaded(model, dtype), some

    def _floor(self, model: str, works: Sequence[Work], dtype: str) -> float:
        return floor_of(self.loaded(model, dtype), self.settings, works)

    def _works(self, loaded: Loaded, cells: Sequence[Cell], rows: Rows | None) -> tuple[list[Work], Found]:
        works: list[Work] = []
        failed: Found = {}
        for cell in cells:
            try:
                works.append(self._work(loaded, cell, rows))
            except ClaimsError as error:
                failed[cell] = error
        return works, failed

    def _data(self, cell: Cell) -> ExampleSet:
        if cell.metric.over is None:
            raise ClaimsError(
                f"{cell.metric!r} names no examples; write Metric({cell.metric.name!r}, ..., over='NAME') with a declared set."
            )
        data = examples(cell.metric.over)
        return (
            data if self.settings.examples is None else ExampleSet(data.name, data.examples[: self.settings.examples])
        )

    def _work(self, loaded: Loaded, cell: Cell, some: Rows | None = None) -> Work:
        """Check everything that can be known before a pass."""
        spec = cell.metric.spec
        if spec is None:
            raise ClaimsError(
                f"no metric named {cell.metric.name!r} is declared; there are {listing(sorted(METRICS))}."
            )
        check_scorer(cell.metric)
        data = self._data(cell)
        for one in data.examples:
            lacking = [name for name in spec.needs if not one.fields.get(name)]
            if lacking:
                raise ClaimsError(
                    f"{cell.metric}: example {one.id!r} of {data.name!r} has no field {lacking[0]!r}; it has {listing(one.fields)}."
                )
        for edit in edits(cell.condition):
            loaded.map.check(edit.site)
        for point in cell.metric.reads():
            if point.layer < LAST and point.layer >= len(loaded.map.blocks):
                raise ClaimsError(
                    f"{cell.metric} reads layer {point.layer}, and {loaded.spec.key} has {len(loaded.map.blocks)} layers, 0 to "
                    f"{len(loaded.map.blocks) - 1}."
                )
        at = (loaded.spec.key, data.name, spec.tokens)
        if at not in self._rows:
            self._rows[at] = usable(loaded, cell.metric, data)
        rows, about = self._rows[at]
        for name, _ in needs(cell.condition)[1]:
            source_prompts(name, rows.examples)
        special = self.settings.special_tokens
        work = Work(cell, rows, address(loaded, cell, rows, special), {**about, "special_tokens": special})
        work.rows = tuple(range(len(rows.examples))) if some is None else some(rows)
        if (begun := self._begun.get(work.address)) is not None:
            work.go_on_from(begun)
        return work

    def _measure_group(self, loaded: Loaded, works: Sequence[Work], progress: Progress | None) -> Found:
        """Cells on the same examples."""
        fresh = [work for work in works if not self._recall(work)]
        _advance(progress, len(works) - len(fresh))
        failed: Found = {}
        if fresh:
            witness = self._witness(loaded)
            for metrics, members in together(works):
                self._try(loaded, metrics, members, progress, failed)
            removed = witness.unchanged()
            for metrics, members in together(work for work in works if work.cell not in failed):
                self._conclude(loaded, metrics, members, removed)
        return {work.cell: failed.get(work.cell) or work.measurement(loaded) for work in works}

    def _recall(self, work: Work) -> bool:
        """Whether the store has the cell; what it has of an unfinished one is taken up."""
        entry = self.store.load(work.address)
        if entry is not None and all(one.id in entry.values for one in work.data.examples):
            work.values, work.entry = dict(entry.values), entry
            return True
        if work.address in self._begun:
            return False
        for part in self.store.parts(work.address):
            work.take_up(part)
        return False

    def _try(
        self, loaded: Loaded, metrics: tuple[Metric, ...], members: Sequence[Work], progress: Progress | None, failed: Found
    ) -> None:  # fmt: skip
        """A task that fails is cut in two until the cell that fails is alone."""
        if not any(work.missing for work in members):
            return
        try:
            self._follow(loaded, metrics, members, progress)
        except ClaimsError as error:
            if len(members) == 1:
                failed[members[0].cell] = error
                _advance(progress)
                return
            for half in halves(members):
                asked = tuple(m for m in metrics if any(work.cell.metric == m for work in half))
                self._try(loaded, asked, half, progress, failed)

    def _follow(
        self, loaded: Loaded, metrics: tuple[Metric, ...], members: Sequence[Work], progress: Progress | None
    ) -> None:
        """Take the parts of a task as they come, and save each."""
        by_condition: dict[Intervention, list[Work]] = {}
        for work in members:
            by_condition.setdefault(work.cell.condition, []).append(work)
        rows = members[0].data.examples

        def known(condition: Intervention, asked: Sequence[int]) -> bool:
            return all(rows[row].id in work.values for work in by_condition[condition] for row in asked)

        task = Task(metrics, tuple(by_condition), rows, members[0].rows, known)
        for part in self._path(loaded, task).parts(task):
            ids = [rows[row].id for row in part.rows]
            for work in by_condition[part.condition]:
                if all(one in work.values for one in ids):
                    continue
                values = dict(zip(ids, map(float, part.values[work.cell.metric]), strict=True))
                work.take(values, part)
                self.store.save_part(work.address, Entry(values, part_facts(part)))
                if not work.missing:
                    _advance(progress)

    def _path(self, loaded: Loaded, task: Task, backend: str | None = None) -> Path:
        if (backend or self.settings.backend) == "reference":
            return ReferencePath(loaded, self.settings)
        if GENERATION in task.reads():
            return GenerationPath(loaded, self.settings)
        return FastPath(loaded, self.settings)

    def _conclude(self, loaded: Loaded, metrics: Sequence[Metric], members: Sequence[Work], removed: bool) -> None:
        """Cells that were measured together are examined together; then they are finished, and stored if sound."""
        if all(work.entry is not None for work in members):
            return
        asked = (loaded.spec.key, loaded.dtype, tuple(sorted({metric.name for metric in metrics})))
        found = Examination(loaded, self.settings, lambda task, backend: self._path(loaded, task, backend)).of(
            metrics, members, self._known.setdefault(asked, set())
        )
        for work in members:
            facts = found[work.cell]
            if work.entry is None:
                about = {
                    "model": loaded.spec.key,
                    "metric": str(work.cell.metric),
                    "condition": work.cell.condition_spelling,
                }
                work.entry = Entry(work.values, {**work.facts_of(loaded, removed), **facts}, about)
                if not work.whole:
                    self._begun[work.address] = work
                elif removed and not str(facts.get("cross_examined", "")).startswith("disagrees"):
                    self.store.save(work.address, work.entry)


def _advance(progress: Progress | None, cells: int = 1) -> None:
    if progress is not None and cells:
        progress.advance(cells)
