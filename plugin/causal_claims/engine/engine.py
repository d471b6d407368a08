"""The engine: cells in, measurements out; one bad cell fails only itself."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from causal_claims.claims.effects import Cell
from causal_claims.engine.delivery import Delivery, edits, needs, source_prompts
from causal_claims.engine.estimate import estimate
from causal_claims.engine.fast import FastPath
from causal_claims.engine.loading import Loaded, load
from causal_claims.engine.reference import ReferencePath
from causal_claims.engine.settings import PlanEstimate, Progress, Settings
from causal_claims.engine.store import Address, Entry, Store, as_array
from causal_claims.engine.task import Part, Path, Task
from causal_claims.engine.witness import Witness
from causal_claims.errors import ClaimsError, listing
from causal_claims.examples import ExampleSet, examples
from causal_claims.interventions.intervention import Intervention
from causal_claims.measurements import Measurement
from causal_claims.metrics.metric import METRICS, Metric
from causal_claims.models import Registry
from causal_claims.sites import GENERATION

Found = dict[Cell, Measurement | ClaimsError]


@dataclass(eq=False)
class _Work:
    """A cell that is being measured."""

    cell: Cell
    data: ExampleSet
    address: Address
    values: dict[str, float] = field(default_factory=dict)
    delivery: Delivery | None = None
    seconds: float = 0.0
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(i for i, one in enumerate(self.data.examples) if one.id not in self.values)


class Engine:
    """Measures cells on the models of a registry."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self.registry = registry
        self.settings = settings
        self.store = Store(settings.cache)
        self._held: dict[str, Loaded] = {}
        self._dtypes: dict[str, str] = {}

    def loaded(self, model: str) -> Loaded:
        """The model in memory; others are let go first where too many are held."""
        if model not in self._held:
            spec = self.registry[model]
            while len(self._held) >= self.settings.models_held:
                self.release(next(iter(self._held)))
            self._held[model] = load(spec, self.settings, self._dtype(model))
        return self._held[model]

    def release(self, model: str) -> None:
        """Let a model's memory go."""
        if self._held.pop(model, None) is not None:
            import gc

            import torch

            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def plan(self, model: str, cells: Sequence[Cell]) -> PlanEstimate:
        """What these cells would cost; nothing is loaded or measured."""
        distinct = tuple(dict.fromkeys(cells))
        return estimate(self.registry[model], distinct, [self._data(cell) for cell in distinct], self.settings)

    def measure(self, model: str, cells: Sequence[Cell], progress: Progress | None = None) -> Found:
        """Distinct cells, measured once, from the store where they are known."""
        distinct = tuple(dict.fromkeys(cells))
        loaded = self.loaded(model)  # absent weights fail all of them
        found: Found = {}
        works: list[_Work] = []
        for cell in distinct:
            try:
                works.append(self._work(loaded, cell))
            except ClaimsError as error:
                found[cell] = error
        if progress is not None:
            progress.start(model, len(distinct))
            progress.advance(len(found))
        try:
            for group in _groups(works):
                found.update(self._measure_group(loaded, group, progress))
        finally:
            if progress is not None:
                progress.stop()
        return {cell: found[cell] for cell in distinct}

    def _dtype(self, model: str) -> str:
        wanted = self.settings.dtype or self.registry[model].dtype
        return self._dtypes.get(model, "float32") if wanted == "auto" else wanted

    def _data(self, cell: Cell) -> ExampleSet:
        if cell.metric.over is None:
            raise ClaimsError(
                f"{cell.metric!r} names no examples; write Metric({cell.metric.name!r}, ..., over='NAME') with a declared set."
            )
        data = examples(cell.metric.over)
        return (
            data if self.settings.examples is None else ExampleSet(data.name, data.examples[: self.settings.examples])
        )

    def _work(self, loaded: Loaded, cell: Cell) -> _Work:
        """Check everything that can be known before a pass."""
        spec = cell.metric.spec
        if spec is None:
            raise ClaimsError(
                f"no metric named {cell.metric.name!r} is declared; there are {listing(sorted(METRICS))}."
            )
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
            if point.layer < 10**6 and point.layer >= len(loaded.map.blocks):
                raise ClaimsError(
                    f"{cell.metric} reads layer {point.layer}, and {loaded.spec.key} has {len(loaded.map.blocks)} layers, 0 to "
                    f"{len(loaded.map.blocks) - 1}."
                )
        for name, _ in needs(cell.condition)[1]:
            source_prompts(name, data.examples)
        return _Work(cell, data, self._address(loaded, cell, data))

    def _address(self, loaded: Loaded, cell: Cell, data: ExampleSet) -> Address:
        spec = cell.metric.spec
        assert spec is not None
        operations = {
            step.operation: _code(edit.operation.apply) for edit in edits(cell.condition) for step in [edit.step]
        }
        return Address.of(
            {
                "weights": loaded.weights_hash,
                "tokenizer": _tokenizer_hash(loaded),
                "dtype": loaded.dtype,
                "special_tokens": self.settings.special_tokens,
                "data": data.hash,
                "metric": str(cell.metric),
                "metric_version": spec.version,
                "metric_code": _code(spec.compute),
                "condition": str(cell.condition),
                "operations": operations,
            }
        )

    def _measure_group(self, loaded: Loaded, works: Sequence[_Work], progress: Progress | None) -> Found:
        """Cells on the same examples."""
        found: Found = {}
        fresh: list[_Work] = []
        for work in works:
            entry = self.store.load(work.address)
            if entry is not None and all(one.id in entry.values for one in work.data.examples):
                found[work.cell] = self._recalled(loaded, work, entry)
                _advance(progress)
                continue
            for part in self.store.parts(work.address):
                _take(work, dict(part.values), part.facts, loaded)
            fresh.append(work)
        if not fresh:
            return found
        witness = Witness(loaded, fresh[0].data.examples)
        found.update(self._run(loaded, fresh, progress))
        done = [work for work in fresh if work.cell not in found]
        removed = witness.unchanged()
        for work in done:
            entry = Entry(work.values, _facts(work, loaded, removed))
            if removed:
                self.store.save(work.address, entry)
            found[work.cell] = self._recalled(loaded, work, entry)
        if self.settings.backend == "fast" and self.settings.cross_examined:
            self._cross_examine(loaded, done, found)
        return found

    def _run(self, loaded: Loaded, works: Sequence[_Work], progress: Progress | None) -> Found:
        """Measure what is missing; a task that fails as a whole is tried again cell by cell."""
        failed: Found = {}
        for task, members in _tasks(works):
            try:
                self._follow(loaded, task, members, progress)
            except ClaimsError as error:
                if len(members) == 1:
                    failed[members[0].cell] = error
                    _advance(progress)
                    continue
                for work in members:
                    if not work.missing:
                        continue
                    alone = Task((work.cell.metric,), (work.cell.condition,), work.data.examples, work.missing)
                    try:
                        self._follow(loaded, alone, [work], progress)
                    except ClaimsError as own:
                        failed[work.cell] = own
                        _advance(progress)
        return failed

    def _follow(self, loaded: Loaded, task: Task, members: Sequence[_Work], progress: Progress | None) -> None:
        """Take the parts of a task as they come, and save each."""
        by_condition: dict[Intervention, list[_Work]] = {}
        for work in members:
            by_condition.setdefault(work.cell.condition, []).append(work)
        for part in self._path(loaded, task).parts(task):
            for work in by_condition[part.condition]:
                values = part.values[work.cell.metric]
                ids = [task.examples[row].id for row in part.rows]
                _merge(work, dict(zip(ids, map(float, values), strict=True)), part)
                if work.missing:
                    self.store.save_part(
                        work.address, Entry(dict(zip(ids, map(float, values), strict=True)), _part_facts(part))
                    )
                else:
                    _advance(progress)

    def _path(self, loaded: Loaded, task: Task, backend: str | None = None) -> Path:
        if (backend or self.settings.backend) == "reference":
            return ReferencePath(loaded, self.settings)
        return FastPath(loaded, self.settings)

    def _recalled(self, loaded: Loaded, work: _Work, entry: Entry) -> Measurement:
        ids = tuple(one.id for one in work.data.examples)
        facts = dict(entry.facts)
        delivery = Delivery(work.cell.condition, int(facts.pop("expected", 0)), int(facts.pop("fired", 0)))
        delivery.changed = float(facts.pop("changed", 0.0))
        removed = bool(facts.pop("removed", True))
        floor = facts.pop("noise_floor", None)
        return Measurement(
            model=loaded.spec.key,
            metric=str(work.cell.metric),
            condition=work.cell.condition_spelling,
            examples=ids,
            clusters=tuple(one.unit for one in work.data.examples),
            values=as_array(entry.values, ids),
            receipt=delivery.receipt(loaded.resolved, removed) if work.cell.condition.steps else None,
            noise_floor=None if floor is None else float(floor),
            seconds=float(facts.pop("seconds", 0.0)),
            facts={**{k: str(v) for k, v in facts.items()}, "revision": loaded.revision, "device": str(loaded.device)},
        )

    def _cross_examine(self, loaded: Loaded, works: Sequence[_Work], found: Found) -> None:
        """Measure a sample again by the reference path; every cell that shares its metric carries the outcome."""
        for members in _by_metric(works).values():
            mine = [work for work in members if isinstance(found.get(work.cell), Measurement)]
            if not mine:
                continue
            sample = _spread(mine, self.settings.cross_examined)
            verdict = self._compare(loaded, sample)
            for work in mine:
                measured = found[work.cell]
                assert isinstance(measured, Measurement)
                found[work.cell] = replace(measured, facts={**measured.facts, "cross_examined": verdict})

    def _compare(self, loaded: Loaded, sample: Sequence[_Work]) -> str:
        """`agrees`, or where the two paths part."""
        rows = tuple(range(min(self.settings.cross_examples, len(sample[0].data.examples))))
        worst = 0.0
        for work in sample:
            task = Task((work.cell.metric,), (work.cell.condition,), work.data.examples, rows)
            for part in self._path(loaded, task, "reference").parts(task):
                for row, theirs in zip(part.rows, part.values[work.cell.metric], strict=True):
                    one = work.data.examples[row]
                    ours = work.values[one.id]
                    gap = abs(ours - theirs) / max(1.0, abs(theirs))
                    if not gap <= self._tolerance(loaded) and not (np.isnan(ours) and np.isnan(theirs)):
                        return (
                            f"disagrees: {work.cell.metric} under {work.cell.condition} on example {one.id!r} is {ours:.7g} by the "
                            f"fast path and {theirs:.7g} by the reference path"
                        )
                    worst = max(worst, gap)
        return f"agrees to {worst:.1e} on {len(rows)} examples under {listing([work.cell.condition for work in sample], 3)}"

    def _tolerance(self, loaded: Loaded) -> float:
        return self.settings.tolerance * {"float32": 1.0, "float16": 300.0, "bfloat16": 3000.0}[loaded.dtype]


def _groups(works: Sequence[_Work]) -> Iterator[list[_Work]]:
    """By set of examples, in the order asked."""
    groups: dict[str | None, list[_Work]] = {}
    for work in works:
        groups.setdefault(work.cell.metric.over, []).append(work)
    yield from groups.values()


def _tasks(works: Sequence[_Work]) -> Iterator[tuple[Task, list[_Work]]]:
    """Cells that one set of passes serves: conditions under which the same metrics are missing on the same rows."""
    by_condition: dict[tuple[Intervention, tuple[int, ...], bool, Any], list[_Work]] = {}
    for work in works:
        if not work.missing:
            continue
        generates = GENERATION in work.cell.metric.reads()
        key = (work.cell.condition, work.missing, generates, None)
        by_condition.setdefault(key, []).append(work)
    merged: dict[tuple[tuple[Metric, ...], tuple[int, ...]], list[_Work]] = {}
    for (_, rows, _, _), members in by_condition.items():
        metrics = tuple(sorted({work.cell.metric for work in members}, key=str))
        merged.setdefault((metrics, rows), []).extend(members)
    for (metrics, rows), members in merged.items():
        conditions = tuple(dict.fromkeys(work.cell.condition for work in members))
        yield Task(metrics, conditions, members[0].data.examples, rows), members


def _merge(work: _Work, values: dict[str, float], part: Part) -> None:
    work.values.update(values)
    work.seconds += part.seconds
    work.facts.update(part.facts)
    if work.delivery is None:
        work.delivery = Delivery(work.cell.condition)
    work.delivery.add(part.delivery)


def _take(work: _Work, values: dict[str, float], facts: Any, loaded: Loaded) -> None:
    """A part that an earlier run left."""
    delivery = Delivery(work.cell.condition, int(facts["expected"]), int(facts["fired"]))
    delivery.changed = float(facts["changed"])
    _merge(work, values, Part(work.cell.condition, (), {}, delivery, float(facts["seconds"])))


def _part_facts(part: Part) -> dict[str, Any]:
    found = Delivery(part.condition)
    found.add(part.delivery)
    return {
        "expected": found.expected,
        "fired": found.fired,
        "changed": found.changed,
        "seconds": part.seconds,
        **part.facts,
    }


def _facts(work: _Work, loaded: Loaded, removed: bool) -> dict[str, Any]:
    delivery = Delivery(work.cell.condition)
    if work.delivery is not None:
        delivery.add(work.delivery)
    return {
        "expected": delivery.expected, "fired": delivery.fired, "changed": delivery.changed, "removed": removed,
        "seconds": work.seconds, "dtype": loaded.dtype, "data": work.data.hash, "weights": loaded.weights_hash, **work.facts,
    }  # fmt: skip


def _by_metric(works: Sequence[_Work]) -> dict[Metric, list[_Work]]:
    found: dict[Metric, list[_Work]] = {}
    for work in works:
        found.setdefault(work.cell.metric, []).append(work)
    return found


def _spread(works: Sequence[_Work], count: int) -> list[_Work]:
    """Some of them, from all over: those with an intervention first, since they can go wrong in more ways."""
    ordered = sorted(works, key=lambda work: not work.cell.condition.steps)
    step = max(1, len(ordered) // count)
    return ordered[::step][:count]


def _advance(progress: Progress | None) -> None:
    if progress is not None:
        progress.advance(1)


def _code(function: Callable[..., Any] | None) -> str:
    """A body's own code: an edited metric or intervention is another one."""
    code = getattr(function, "__code__", None)
    if code is None:
        return repr(function)
    return f"{code.co_code.hex()}{[c if not hasattr(c, 'co_code') else c.co_code.hex() for c in code.co_consts]!r}{code.co_names!r}"


def _tokenizer_hash(loaded: Loaded) -> str:
    import hashlib

    tok = loaded.tokenizer
    text = (
        tok.backend_tokenizer.to_str() if hasattr(tok, "backend_tokenizer") else repr(sorted(tok.get_vocab().items()))
    )
    return hashlib.sha256(text.encode()).hexdigest()
