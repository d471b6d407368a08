"""One run: what it was asked, where its numbers come from, and what has come of it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence

import pytest

from causal_claims.claims.picked import Pick
from causal_claims.errors import ClaimsError, listing
from causal_claims.gate.comparison import Comparison
from causal_claims.gate.run import Run
from causal_claims.ledger import Ledger, record_from
from causal_claims.measurements import Measurement
from causal_claims.models import Registry, load_registry, trusting
from causal_claims.plan import Plan
from causal_claims.pytest_plugin.attendance import Attendance
from causal_claims.pytest_plugin.carrying import pack, unpack
from causal_claims.pytest_plugin.grouping import grouped
from causal_claims.pytest_plugin.items import pairs
from causal_claims.pytest_plugin.judge import Judge
from causal_claims.pytest_plugin.live import progress_for, standing_in
from causal_claims.pytest_plugin.markers import Markers
from causal_claims.pytest_plugin.measuring import Measuring
from causal_claims.pytest_plugin.notes import notes_of
from causal_claims.pytest_plugin.sequential import Sequential
from causal_claims.pytest_plugin.settings import Settings, read_settings
from causal_claims.recorded import Recorded, read_measurements

_STOPPED = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)


class ClaimsSession:
    """The one mutable object of a run."""

    def __init__(self, config: pytest.Config, attendance: Attendance | None = None) -> None:
        self.config = config
        self.started = time.time()
        self.settings = read_settings(config)
        try:
            self.registry, self.recorded = _sources(self.settings)
        except ClaimsError as error:
            raise pytest.UsageError(str(error)) from None
        self.markers = Markers(self.registry, self.recorded)
        live = self.recorded is None
        progress, notes = progress_for(config) if live else None, notes_of(config)
        if not live and self.settings.examples is not None:
            notes.say("--claims-examples is for measuring; recorded numbers are judged on all rows of their cells.")
        self.measuring = Measuring(self.registry, self.settings, progress, notes)
        self.sequential = (
            Sequential(self.settings, self.registry, self.recorded, self.measuring, notes)
            if self.settings.sequential
            else None
        )
        self.judge = Judge(self.settings, self.registry, self.markers, self.recorded, self.measuring, self.sequential)
        self.attendance = attendance or Attendance()
        self.ledger = Ledger([])
        self.plan: Plan | None = None
        self.baseline: Run | None = None
        self.comparison: Comparison | None = None  # with the baseline, once all records are here
        self.written: list[str] = []  # what was written, for the terminal
        self._recorded: set[str] = set()  # tests whose records are here
        self._sent: set[tuple[tuple[str, str, str], int]] = set()
        self._sent_picks: set[tuple[str, Pick]] = set()

    @property
    def is_worker(self) -> bool:
        return hasattr(self.config, "workerinput")

    @property
    def used(self) -> dict[tuple[str, str, str], Measurement]:
        """The cells that verdicts rest on."""
        return self.judge.used

    def header(self) -> list[str]:
        source = str(self.settings.models.name)
        models = tuple(self.registry.models)
        if self.recorded is not None:
            source, models = f"recorded numbers of {self.settings.measurements}", self.recorded.models
        lines = [f"causal claims: {source}; models {listing(models)}; intervals at {self.settings.confidence:g}"]
        if self.recorded is None and (keys := trusting(self.registry)):
            lines.append(
                f"!!! TRUST_REMOTE_CODE: {self.settings.models.name} lets {listing(keys)} RUN CODE that lies in the checkpoint"
            )
        return lines

    def collected(self, node_ids: Sequence[str], items: Sequence[pytest.Item] = ()) -> None:
        """The tests that will run; the controller of workers knows their ids only."""
        self.attendance.expect(node_ids)
        self.judge.learn(pairs(items))
        if items and self.recorded is None:
            workers = int(getattr(self.config, "workerinput", {}).get("workercount", 1))
            groups = grouped(list(node_ids), set(self.registry.models), workers)
            self.measuring.gather(items, groups)
            if self.sequential is not None:
                self.sequential.gather(
                    (groups.get(item.nodeid, key), self.judge.with_margin(claim), key)
                    for item in items
                    for claim, key in pairs([item])
                )

    def saw(self, report: pytest.TestReport) -> None:
        """Every phase of every test passes here, on the controller too."""
        self.attendance.saw(report)
        if report.when == "teardown":
            self.measuring.done(report.nodeid)
        if (carried := getattr(report, "claims_cells", None)) is not None:
            cells, keys, picks = unpack(carried)
            self.judge.use(cells if self.recorded is None else (*cells, *self.recorded.some(keys).values()))
            self.judge.picks.update(picks)
        if (records := getattr(report, "claims_records", None)) is not None:
            if report.nodeid in self._recorded:  # it was run again, or on every worker: its last answer stands
                self.ledger.records[:] = [one for one in self.ledger.records if one.node_id != report.nodeid]
            self._recorded.add(report.nodeid)
            self.ledger.records.extend(record_from(body) for body in json.loads(records))
        if not self.is_worker:  # pytest keeps every report to the end of the run
            for name in ("claims_cells", "claims_records"):
                vars(report).pop(name, None)

    def unsent(self) -> str | None:
        """What verdicts of this worker rest on and the controller does not have yet, as a report carries it."""
        if not self.is_worker:
            return None
        fresh = [one for key, one in self.used.items() if (key, len(one.values)) not in self._sent]
        picks = {key: heads for key, heads in self.judge.picks.items() if key not in self._sent_picks}
        self._sent.update((one.key, len(one.values)) for one in fresh)
        self._sent_picks.update(picks)
        tabled = self.recorded is not None and self.sequential is None  # the controller has the table itself
        return pack([] if tabled else fresh, [one.key for one in fresh] if tabled else [], picks)

    def lost(self, status: int) -> list[str]:
        """Tests that should have sent a report and did not; a run that was refused or stopped lost none."""
        stopped = self.attendance.stopped or status in _STOPPED or self.config.option.collectonly
        return [] if stopped else self.attendance.missing()


def _sources(settings: Settings) -> tuple[Registry, Recorded | None]:
    """The registry and the table; what is wrong with them is a sentence."""
    registry = load_registry(settings.models) if os.path.lexists(settings.models) else Registry()
    for text in settings.overrides:
        registry = registry.override(text)
    if settings.stand_in is not None:
        registry = standing_in(registry, settings.stand_in)
    return registry, read_measurements(settings.measurements) if settings.measurements is not None else None
