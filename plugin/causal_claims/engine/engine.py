"""The engine: cells in, measurements out; one bad cell fails only itself."""

import gc
from collections.abc import Sequence

from causal_claims.claims.effects import Cell
from causal_claims.engine.classifier import check_scorer
from causal_claims.engine.delivery import edits, needs, source_prompts
from causal_claims.engine.estimate import estimate
from causal_claims.engine.examination import Examination
from causal_claims.engine.fast import FastPath
from causal_claims.engine.generation import GenerationPath
from causal_claims.engine.identity import address
from causal_claims.engine.loading import Loaded, load
from causal_claims.engine.reference import ReferencePath
from causal_claims.engine.room import fits
from causal_claims.engine.settings import PlanEstimate, Progress, Settings
from causal_claims.engine.store import Entry, Store
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
from causal_claims.sites import GENERATION, LAST

Found = dict[Cell, Measurement | ClaimsError]


class Engine:
    """Measures cells on the models of a registry."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self.registry = registry
        self.settings = settings
        self.store = Store(settings.cache)
        self._held: dict[str, Loaded] = {}
        self._rows: dict[tuple[str, str, tuple[str, ...]], tuple[ExampleSet, dict[str, str]]] = {}

    def loaded(self, model: str) -> Loaded:
        """The model in memory; others are let go first where too many are held."""
        if model not in self._held:
            spec = self.registry[model]
            while self._held and not fits(spec, self.settings):
                self.release(next(iter(self._held)))
            wanted = self.settings.dtype or spec.dtype
            self._held[model] = load(spec, self.settings, "float32" if wanted == "auto" else wanted)
        return self._held[model]

    def has_room(self, model: str) -> bool:
        """Whether the model is in memory, or fits beside what is there."""
        return model in self._held or fits(self.registry[model], self.settings)

    def release(self, model: str) -> None:
        """Let a model's memory go."""
        if self._held.pop(model, None) is not None:
            import torch

            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def witness(self, model: str) -> Witness:
        """Somebody outside is about to use the model."""
        return Witness(self.loaded(model))

    def plan(self, model: str, cells: Sequence[Cell]) -> PlanEstimate:
        """What these cells would cost; nothing is loaded or measured."""
        distinct = tuple(dict.fromkeys(cells))
        return estimate(self.registry[model], distinct, [self._data(cell) for cell in distinct], self.settings)

    def measure(self, model: str, cells: Sequence[Cell], progress: Progress | None = None) -> Found:
        """Distinct cells, measured once, from the store where they are known."""
        distinct = tuple(dict.fromkeys(cells))
        loaded = self.loaded(model)  # absent weights fail all of them
        found: Found = {}
        works: list[Work] = []
        for cell in distinct:
            try:
                works.append(self._work(loaded, cell))
            except ClaimsError as error:
                found[cell] = error
        if progress is not None:
            progress.start(model, len(distinct))
            progress.advance(len(found))
        try:
            for group in by_examples(works):
                found.update(self._measure_group(loaded, group, progress))
        finally:
            if progress is not None:
                progress.stop()
        return {cell: found[cell] for cell in distinct}

    def _data(self, cell: Cell) -> ExampleSet:
        if cell.metric.over is None:
            raise ClaimsError(
                f"{cell.metric!r} names no examples; write Metric({cell.metric.name!r}, ..., over='NAME') with a declared set."
            )
        data = examples(cell.metric.over)
        return (
            data if self.settings.examples is None else ExampleSet(data.name, data.examples[: self.settings.examples])
        )

    def _work(self, loaded: Loaded, cell: Cell) -> Work:
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
        return Work(cell, rows, address(loaded, cell, rows, special), {**about, "special_tokens": special})

    def _measure_group(self, loaded: Loaded, works: Sequence[Work], progress: Progress | None) -> Found:
        """Cells on the same examples."""
        fresh = [work for work in works if not self._recall(work)]
        _advance(progress, len(works) - len(fresh))
        failed: Found = {}
        if fresh:
            witness = Witness(loaded)
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

        task = Task(metrics, tuple(by_condition), rows, tuple(range(len(rows))), known)
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
        found = Examination(loaded, self.settings, lambda task, backend: self._path(loaded, task, backend)).of(
            metrics, members
        )
        for work in members:
            facts = found[work.cell.metric]
            if work.entry is None:
                work.entry = Entry(work.values, {**work.facts_of(loaded, removed), **facts})
                if removed and not str(facts.get("cross_examined", "")).startswith("disagrees"):
                    self.store.save(work.address, work.entry)


def _advance(progress: Progress | None, cells: int = 1) -> None:
    if progress is not None and cells:
        progress.advance(cells)
