"""The engine: cells in, measurements out; one bad cell fails only itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from causal_claims.claims.effects import Cell
from causal_claims.claims.picked import Heads, Pick
from causal_claims.engine.decoding import Decoding
from causal_claims.engine.delivery import Delivery, edits, needs, source_prompts
from causal_claims.engine.estimate import estimate
from causal_claims.engine.fast import FastPath
from causal_claims.engine.gauge import gauge_shift, reads_values
from causal_claims.engine.generation import GenerationPath
from causal_claims.engine.loading import Loaded, load
from causal_claims.engine.noise import floor
from causal_claims.engine.reference import ReferencePath
from causal_claims.engine.screening import find_heads, screen
from causal_claims.engine.settings import PlanEstimate, Progress, Settings
from causal_claims.engine.store import Address, Entry, Store, as_array
from causal_claims.engine.task import Part, Path, Task
from causal_claims.engine.witness import Witness
from causal_claims.errors import ClaimsError, listing
from causal_claims.examples import ExampleSet, examples
from causal_claims.interventions.intervention import Intervention
from causal_claims.measurements import Measurement
from causal_claims.metrics.lexicon import words_in
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
    entry: Entry | None = None  # once it is finished

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
        self._scores: dict[tuple[str, str, str], np.ndarray] = {}  # of all heads: model, score, examples

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

    def heads(self, model: str, pick: Pick) -> Heads:
        """The heads that a claim is about, found on this model."""
        loaded, key = self.loaded(model), (model, pick.score, pick.over)
        if key not in self._scores:
            self._scores[key] = screen(loaded, self.settings, pick.score, pick.over)
        return find_heads(loaded, pick, self._scores[key])

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
        options = {**spec.options, **dict(cell.metric.options)}
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
                "words": words_in(str(options["list"])) if "list" in options else None,
                "condition": str(cell.condition),
                "operations": operations,
            }
        )

    def _measure_group(self, loaded: Loaded, works: Sequence[_Work], progress: Progress | None) -> Found:
        """Cells on the same examples."""
        fresh = [work for work in works if not self._recall(work)]
        _advance(progress, len(works) - len(fresh))
        found: Found = {}
        if fresh:
            witness = Witness(loaded)
            found = self._run(loaded, works, progress)
            done = [work for work in works if work.cell not in found]
            removed = witness.unchanged()
            for members in _by_metric(done).values():
                self._conclude(loaded, members, removed)
        for work in works:
            if work.cell not in found:
                found[work.cell] = self._measurement(loaded, work)
        return found

    def _recall(self, work: _Work) -> bool:
        """Whether the store has the cell; what it has of an unfinished one is taken up."""
        entry = self.store.load(work.address)
        if entry is not None and all(one.id in entry.values for one in work.data.examples):
            work.values, work.entry = dict(entry.values), entry
            return True
        for part in self.store.parts(work.address):
            delivery = Delivery(work.cell.condition, int(part.facts["expected"]), int(part.facts["fired"]))
            delivery.changed = float(part.facts["changed"])
            _merge(work, part.values, Part(work.cell.condition, (), {}, delivery, float(part.facts["seconds"])))
        return False

    def _run(self, loaded: Loaded, works: Sequence[_Work], progress: Progress | None) -> Found:
        """Measure what is missing."""
        failed: Found = {}
        for metrics, members in _tasks(works):
            self._try(loaded, metrics, members, progress, failed)
        return failed

    def _try(
        self, loaded: Loaded, metrics: tuple[Metric, ...], members: Sequence[_Work], progress: Progress | None, failed: Found
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
            several = len({work.cell.condition for work in members}) > 1
            key: Callable[[_Work], Any] = (lambda w: w.cell.condition) if several else (lambda w: w.cell.metric)
            order = list(dict.fromkeys(key(work) for work in members))
            first = set(order[: len(order) // 2])
            for half in ([w for w in members if key(w) in first], [w for w in members if key(w) not in first]):
                asked = tuple(m for m in metrics if any(work.cell.metric == m for work in half))
                self._try(loaded, asked, half, progress, failed)

    def _follow(
        self, loaded: Loaded, metrics: tuple[Metric, ...], members: Sequence[_Work], progress: Progress | None
    ) -> None:
        """Take the parts of a task as they come, and save each."""
        by_condition: dict[Intervention, list[_Work]] = {}
        for work in members:
            by_condition.setdefault(work.cell.condition, []).append(work)
        examples = members[0].data.examples

        def known(condition: Intervention, rows: Sequence[int]) -> bool:
            return all(examples[row].id in work.values for work in by_condition[condition] for row in rows)

        task = Task(metrics, tuple(by_condition), examples, tuple(range(len(examples))), known)
        for part in self._path(loaded, task).parts(task):
            ids = [examples[row].id for row in part.rows]
            for work in by_condition[part.condition]:
                if all(one in work.values for one in ids):
                    continue
                values = dict(zip(ids, map(float, part.values[work.cell.metric]), strict=True))
                _merge(work, values, part)
                self.store.save_part(work.address, Entry(values, _part_facts(part)))
                if not work.missing:
                    _advance(progress)

    def _path(self, loaded: Loaded, task: Task, backend: str | None = None) -> Path:
        if (backend or self.settings.backend) == "reference":
            return ReferencePath(loaded, self.settings)
        if GENERATION in task.reads():
            return GenerationPath(loaded, self.settings)
        return FastPath(loaded, self.settings)

    def _conclude(self, loaded: Loaded, members: Sequence[_Work], removed: bool) -> None:
        """What the cells of one metric share: cross-examination and noise; then they are finished, and stored if sound."""
        if all(work.entry is not None for work in members):
            return
        sample = _spread(members, max(1, self.settings.cross_examined))
        examined = None
        if self.settings.backend == "fast" and self.settings.cross_examined:
            examined = self._compare(loaded, sample)
        noise = self._noise(loaded, sample) if self.settings.noise else None
        gauge = self._gauge(loaded, sample[0]) if self.settings.gauge else None
        for work in members:
            if work.entry is not None:
                continue
            facts = _facts(work, loaded, removed)
            if gauge is not None:
                facts["gauge"] = gauge
            if examined is not None:
                facts["cross_examined"] = examined
            if noise is not None:
                facts["noise_floor"] = noise
            work.entry = Entry(work.values, facts)
            if removed and not (examined or "").startswith("disagrees"):
                self.store.save(work.address, work.entry)

    def _noise(self, loaded: Loaded, sample: Sequence[_Work]) -> float | None:
        metric, examples = sample[0].cell.metric, sample[0].data.examples
        generates = GENERATION in metric.reads() and metric.option("along") is None
        if generates or self.settings.backend == "reference":
            return None
        measured = {work.cell.condition: work.values for work in sample}
        return floor(loaded, self.settings, metric, tuple(measured), examples, measured)

    def _gauge(self, loaded: Loaded, work: _Work) -> str | None:
        """Whether the metric follows the basis in which heads keep their values; None where it reads none of them."""
        metric = work.cell.metric
        if not reads_values(metric):
            return None
        shift = gauge_shift(loaded, self.settings, metric, work.data.examples)
        moves = not shift <= 10 * self._tolerance(loaded)
        return (
            f"moves by {shift:.2g} when the values are written in another basis" if moves else f"unmoved: {shift:.1e}"
        )

    def _measurement(self, loaded: Loaded, work: _Work) -> Measurement:
        assert work.entry is not None
        ids = tuple(one.id for one in work.data.examples)
        facts = dict(work.entry.facts)
        delivery = Delivery(work.cell.condition, int(facts.pop("expected")), int(facts.pop("fired")))
        delivery.changed, removed = float(facts.pop("changed")), bool(facts.pop("removed"))
        noise, seconds = facts.pop("noise_floor", None), float(facts.pop("seconds"))
        return Measurement(
            model=loaded.spec.key,
            metric=str(work.cell.metric),
            condition=work.cell.condition_spelling,
            examples=ids,
            clusters=tuple(one.unit for one in work.data.examples),
            values=as_array(work.entry.values, ids),
            receipt=delivery.receipt(loaded.resolved, removed) if work.cell.condition.steps else None,
            noise_floor=noise,
            seconds=seconds,
            facts={**{k: str(v) for k, v in facts.items()}, "revision": loaded.revision, "device": str(loaded.device)},
        )

    def _compare(self, loaded: Loaded, sample: Sequence[_Work]) -> str:
        """Measure a sample again by the reference path: `agrees`, or where the two part."""
        rows = tuple(range(min(self.settings.cross_examples, len(sample[0].data.examples))))
        if GENERATION in sample[0].cell.metric.reads():
            if loaded.dtype != "float32":
                return "not done: in low precision a text may part at any near tie"
            rows, sample = rows[:1], sample[:1]  # the reference path reads the whole text again for every token
        worst = 0.0
        for work in sample:
            metric, examples = work.cell.metric, work.data.examples
            task = Task((metric,), (work.cell.condition,), examples, rows)
            pairs = [
                (examples[row].id, work.values[examples[row].id], float(theirs))
                for part in self._path(loaded, task, "reference").parts(task)
                for row, theirs in zip(part.rows, part.values[metric], strict=True)
            ]
            spec = metric.spec
            scale = 1.0 if spec is None else spec.scale
            apart = [pair for pair in pairs if not _near(pair[1], pair[2], self._tolerance(loaded), scale)]
            # a whole number flips at a tie that rounding decides; one such flip is no disagreement
            spared = len(rows) // 4 if all(float(x).is_integer() for _, *both in pairs for x in both) else 0
            if len(apart) > spared:
                one, ours, theirs = apart[0]
                return (
                    f"disagrees: {metric} under {work.cell.condition} on example {one!r} is {ours:.7g} by the fast path and "
                    f"{theirs:.7g} by the reference path"
                )
            gaps = [abs(ours - theirs) for _, ours, theirs in pairs if not (np.isnan(ours) or np.isnan(theirs))]
            worst = max([worst, *gaps])
        return f"agrees to {worst:.1e} on {len(rows)} examples under {listing([work.cell.condition for work in sample], 3)}"

    def _tolerance(self, loaded: Loaded) -> float:
        return self.settings.tolerance * {"float32": 1.0, "float16": 300.0, "bfloat16": 3000.0}[loaded.dtype]


def _groups(works: Sequence[_Work]) -> Iterator[list[_Work]]:
    """By set of examples, in the order asked."""
    groups: dict[str | None, list[_Work]] = {}
    for work in works:
        groups.setdefault(work.cell.metric.over, []).append(work)
    yield from groups.values()


def _tasks(works: Sequence[_Work]) -> Iterator[tuple[tuple[Metric, ...], list[_Work]]]:
    """Cells that one set of passes serves: conditions under which the same metrics are asked for.

    Known cells stay in, so that batches are the same whatever is known; see Task.
    """
    by_condition: dict[tuple[Intervention, Decoding | None], list[_Work]] = {}
    for work in works:
        metric = work.cell.metric
        decoding = Decoding.of(metric) if GENERATION in metric.reads() else None
        by_condition.setdefault((work.cell.condition, decoding), []).append(work)
    merged: dict[tuple[Metric, ...], list[_Work]] = {}
    for members in by_condition.values():
        metrics = tuple(sorted({work.cell.metric for work in members}, key=str))
        merged.setdefault(metrics, []).extend(members)
    yield from merged.items()


def _merge(work: _Work, values: Mapping[str, float], part: Part) -> None:
    work.values.update(values)
    work.seconds += part.seconds
    work.facts.update(part.facts)
    if work.delivery is None:
        work.delivery = Delivery(work.cell.condition)
    work.delivery.add(part.delivery)


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


def _near(ours: float, theirs: float, tolerance: float, scale: float) -> bool:
    return abs(ours - theirs) <= tolerance * max(scale, abs(theirs)) or (np.isnan(ours) and np.isnan(theirs))


def _advance(progress: Progress | None, cells: int = 1) -> None:
    if progress is not None and cells:
        progress.advance(cells)


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
