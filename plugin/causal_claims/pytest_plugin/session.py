"""One run: the registry, where numbers come from, the verdicts, and the files written at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from causal_claims.claims.claim import Claim
from causal_claims.claims.effects import Cell
from causal_claims.claims.picked import Heads, Pick, read_heads
from causal_claims.errors import ClaimsError, NotRunError, listing
from causal_claims.examples import example_counts
from causal_claims.gate.comparison import Comparison
from causal_claims.gate.run import Run
from causal_claims.judging.judge import judge, not_run
from causal_claims.ledger import Ledger, Record, record, record_from
from causal_claims.measurements import Measurement
from causal_claims.models import ModelSpec, Registry, load_registry
from causal_claims.plan import Plan, plan, size_from_examples
from causal_claims.pytest_plugin import gating, options
from causal_claims.pytest_plugin.by_hand import measured_by_hand
from causal_claims.pytest_plugin.carrying import unpack
from causal_claims.pytest_plugin.grouping import grouped
from causal_claims.pytest_plugin.live import progress_for, standing_in
from causal_claims.pytest_plugin.measuring import Measuring
from causal_claims.recorded import Recorded, read_measurements
from causal_claims.verdicts import Evidence, Outcome, Verdict

if TYPE_CHECKING:
    from causal_claims.pytest_plugin.holding import Values

BY_HAND = "by_hand"  # the model key of numbers that a test measured without any model chosen
INCOMPLETE = 11
_STOPPED = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)


class ClaimsSession:
    """The one mutable object of a run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.settings = options.settings(config)
        self.registry = Registry()
        self.recorded: Recorded | None = None
        self.ledger = Ledger([])
        self.expected: set[str] = set()  # node ids that must report
        self.reported: set[str] = set()
        self.crashed: list[str] = []
        self.stopped = False  # on purpose, by -x or --maxfail
        self.used: dict[tuple[str, str, str], Measurement] = {}  # cells that verdicts rest on
        self.plan: Plan | None = None
        self.baseline: Run | None = None
        self.comparison: Comparison | None = None  # with the baseline, once all records are here
        self.written: list[str] = []  # what was written, for the terminal
        self.started = time.time()
        self._measuring: Measuring | None = None
        self._sent: set[tuple[str, str, str]] = set()
        self._contents: dict[tuple[str, str], tuple[str, str]] = {}
        self._files: dict[Path, Heads] = {}
        self._judging_twice: dict[str, float] = dict(self.settings.margins)

    def configure(self) -> None:
        """Read the registry and the table; what is wrong with them ends the run with a sentence and exit code 4."""
        try:
            if self.settings.models.is_file():
                self.registry = load_registry(self.settings.models)
            for text in self.settings.overrides:
                self.registry = self.registry.override(text)
            if self.settings.stand_in is not None:
                self.registry = standing_in(self.registry, self.settings.stand_in)
            if self.settings.measurements is not None:
                self.recorded = read_measurements(self.settings.measurements)
            gating.open_baseline(self)
        except ClaimsError as error:
            raise pytest.UsageError(str(error)) from None
        for name, keys in self._markers().items():
            self.config.addinivalue_line("markers", f"{name}: claims on {listing(keys)}")

    def header(self) -> list[str]:
        source = (
            f"recorded numbers of {self.settings.measurements}" if self.recorded else str(self.settings.models.name)
        )
        models = self.recorded.models if self.recorded else tuple(self.registry.models)
        return [f"causal claims: {source}; models {listing(models)}; intervals at {self.settings.confidence:g}"]

    # --- which models a test runs on

    def _markers(self) -> dict[str, tuple[str, ...]]:
        found = dict(self.registry.markers)
        for key in self.recorded.models if self.recorded else ():
            if key.isidentifier():
                found.setdefault(key, (key,))
        return found

    def marker_names(self, key: str) -> list[str]:
        return [name for name, keys in self._markers().items() if key in keys]

    def models_for(self, marks: set[str]) -> list[str]:
        """The model keys that a test's markers choose; with recorded numbers and no such marker, those of the table."""
        markers = self._markers()
        chosen = list(dict.fromkeys(key for name, keys in markers.items() if name in marks for key in keys))
        if self.recorded is None:
            return chosen
        here = [key for key in chosen if key in self.recorded.models]
        return here or chosen or list(self.recorded.models)

    # --- judging

    def judge(self, item: pytest.Item, claim: Claim, model: str | None, values: Values | None) -> Record:
        """Measure, judge, write the record."""
        key = model or BY_HAND
        spec = self.registry.models.get(key)
        judged = self._with_margin(claim)
        try:
            judged = self._with_margin(claim.of(lambda pick: self.heads(key, pick)))
            if callable(values):
                values = values(*(self.heads(key, pick) for pick in claim.picks))
            cells = measured_by_hand(judged, key, values) if values is not None else self._cells(item, judged, model)
            verdict = judge(judged, cells, spec=spec, confidence=self.settings.confidence)
            self.used.update({found.key: found for found in cells.values()})
        except NotRunError as reason:
            cells, verdict = {}, not_run(reason)
        return self._record(item, judged, key, spec, cells, verdict, _content(self._with_margin(claim)))

    def heads(self, model: str, pick: Pick) -> Heads:
        """The heads that a claim is about: those of a file where one is given, else found on the model."""
        for key, path in self.settings.heads:
            if key == model:
                if path not in self._files:
                    self._files[path] = read_heads(path)
                if self._files[path].score == pick.score:
                    width = self.registry[model].heads if model in self.registry.models else None
                    return replace(self._files[path], width=width or self._files[path].width)
        if self.recorded is not None:
            raise NotRunError(
                f"its heads are found by {pick.score} on {pick.over}, and recorded numbers have no model: "
                f"name them with --claims-heads {model}=FILE (causal-claims heads writes it)."
            )
        return self.measuring.heads(model, pick)

    def error(self, item: pytest.Item, claim: Claim, model: str | None, error: Exception) -> Record:
        """The program or the machine failed: written down, and never as a verdict."""
        text = str(error) if isinstance(error, ClaimsError) else f"{type(error).__name__}: {error}"
        key = model or BY_HAND
        return self._record(
            item,
            claim,
            key,
            self.registry.models.get(key),
            {},
            Verdict(Outcome.ERROR, text, Evidence(None)),
            _content(claim),
        )

    def _cells(self, item: pytest.Item, claim: Claim, model: str | None) -> Mapping[Cell, Measurement]:
        if model is None:
            raise ClaimsError(
                f"{claim.subject}: on which model?  Mark the test with a key or family of {self.registry.source} "
                f"({listing(self._markers())}), give numbers with --claims-measurements FILE, or with holds(claim, values=...)."
            )
        if self.recorded is not None:
            return self.recorded.cells(model, claim.cells)
        return self.measuring.cells(item.nodeid, model, claim.cells)

    @property
    def measuring(self) -> Measuring:
        if self._measuring is None:
            self._measuring = Measuring(self.registry, self.settings, self.heads, progress_for(self.config))
        return self._measuring

    def unsent(self) -> list[Measurement]:
        """Live measurements that the controller does not have yet."""
        if self.recorded is not None or not hasattr(self.config, "workerinput"):
            return []
        fresh = [one for key, one in self.used.items() if key not in self._sent]
        self._sent.update(one.key for one in fresh)
        return fresh

    def _record(
        self,
        item: pytest.Item,
        claim: Claim,
        key: str,
        spec: ModelSpec | None,
        cells: Mapping[Cell, Measurement],
        verdict: Verdict,
        content: tuple[str, str],
    ) -> Record:
        marker = item.get_closest_marker("finding")
        facts = next((dict(found.facts) for found in cells.values() if found.facts), {})
        made = record(
            claim,
            verdict,
            model=key,
            node_id=item.nodeid,
            source=source_of(item),
            finding=str(marker.args[0]) if marker and marker.args else None,
            checkpoint=_checkpoint(spec, facts),
            stand_in=spec.standing_in if spec is not None else None,
            facts=facts,
        )
        known = self._contents.setdefault((claim.id, key), content)
        if known != content and verdict.outcome is not Outcome.ERROR:
            what = "that differ in their margin only" if known[0] == content[0] else "that are different"
            raise ClaimsError(f"two claims {what} have the id {made.id!r}; give one of them another with id='...'.")
        return made

    def _known(self, claim: Claim, key: str) -> tuple[str, str]:
        """What this id stands for in this run: the first claim that has it, in the order of collection."""
        return self._contents.setdefault((claim.id, key), _content(claim))

    def _with_margin(self, claim: Claim) -> Claim:
        other = self._judging_twice.get(claim.id)
        return claim if other is None else replace(claim, rule=claim.rule.with_margin(other))

    # --- reports as they arrive, in this process or from workers

    def collected(self, node_ids: Sequence[str], items: Sequence[pytest.Item] = ()) -> None:
        if self.settings.plan:
            self.plan = plan(_claims_of(items), self._size)
            return
        self.expected.update(node_ids)
        gating.check_pins(self, node_ids)
        for claim, key in _claims_of(items):
            with suppress(ClaimsError):  # a margin that cannot be changed is said where the claim is judged
                self._known(self._with_margin(claim), key)
        if items and self.recorded is None:
            workers = int(getattr(self.config, "workerinput", {}).get("workercount", 1))
            self.measuring.gather(items, grouped(list(node_ids), set(self.registry.models), workers))

    def _size(self, model: str, claim: Claim) -> int | None:
        """Independent examples a claim will have, as far as that is known before measuring."""
        if self.recorded is None:
            return size_from_examples(example_counts())(model, claim)
        try:
            return min(len(set(found.clusters)) for found in self.recorded.cells(model, claim.cells).values())
        except NotRunError:
            return None

    def saw(self, report: Any) -> None:
        """Every phase of every test passes here, on the controller too."""
        if report.when == "teardown" and self._measuring is not None:
            self._measuring.done(report.nodeid)
        if report.when == "teardown" or report.when not in ("setup", "call"):
            self.reported.add(report.nodeid)
        if report.when not in ("setup", "call", "teardown"):
            self.crashed.append(report.nodeid)
        if (cells := getattr(report, "claims_cells", None)) is not None:
            self.used.update((one.key, one) for one in unpack(cells))
        if (records := getattr(report, "claims_records", None)) is not None:
            self.ledger.records.extend(record_from(body) for body in json.loads(records))

    # --- the end

    def missing(self) -> list[str]:
        return sorted(self.expected - self.reported)

    def lost(self, status: int) -> list[str]:
        """Tests that should have sent a report and did not; a run that was refused or stopped lost none."""
        return [] if status in _STOPPED or self.config.option.collectonly else self.missing()

    def write(self, session: pytest.Session) -> None:
        if hasattr(self.config, "workerinput"):
            return
        from causal_claims.pytest_plugin import files

        files.write(self, session)

    def set_exit_status(self, session: pytest.Session) -> None:
        """A run that lost tests never exits 0."""
        if hasattr(self.config, "workerinput") or self.config.option.collectonly:
            return
        self.stopped = bool(session.shouldstop or session.shouldfail)
        lost = bool(self.crashed) or (bool(self.lost(int(session.exitstatus))) and not self.stopped)
        not_run_at_gate = self.settings.not_run == "error" and any(
            one.outcome == Outcome.NOT_RUN for one in self.ledger.records
        )
        if int(session.exitstatus) in (0, 1) and (lost or not_run_at_gate):
            session.exitstatus = INCOMPLETE
        if int(session.exitstatus) in gating.WORSE:
            session.exitstatus = max(int(session.exitstatus), gating.exit_code(self), key=gating.WORSE.index)


def session_of(config: pytest.Config) -> ClaimsSession:
    """The session of this run, made when first asked for."""
    found = options.session_in(config)
    if found is None:
        found = ClaimsSession(config)
        options.remember(config, found)
    return found


def _content(claim: Claim) -> tuple[str, str]:
    return (claim.fingerprint, claim.rule.needs())


def _checkpoint(spec: ModelSpec | None, facts: Mapping[str, str]) -> str | None:
    """What was measured: the pinned revision, else the hash of the weights."""
    if spec is None:
        return None
    return spec.revision or facts.get("weights_hash") or facts.get("weights")


def _claims_of(items: Sequence[pytest.Item]) -> Iterator[tuple[Claim, str]]:
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        yield from (
            (value, params.get("model_key") or BY_HAND) for value in params.values() if isinstance(value, Claim)
        )


def source_of(item: pytest.Item) -> str | None:
    """The line `Source: ...` of the claim file's docstring."""
    doc = getattr(getattr(item, "module", None), "__doc__", None) or ""
    for paragraph in doc.split("\n\n"):
        head, found, rest = paragraph.strip().partition("Source:")
        if found and not head.strip():
            return " ".join(rest.split())
    return None
