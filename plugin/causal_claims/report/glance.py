"""At a glance: outcomes counted by model and by study, and what could not be run and why."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from causal_claims.ledger import Record
from causal_claims.report.outcomes import ORDER
from causal_claims.verdicts import Outcome

NO_STUDY = "other"


@dataclass(frozen=True)
class Tally:
    """How many claims of a group came out how."""

    name: str
    counts: Counter[str]

    @property
    def total(self) -> int:
        return self.counts.total()

    def ordered(self) -> list[tuple[str, int]]:
        return [(outcome, self.counts[outcome]) for outcome in ORDER if self.counts[outcome]]


def study_of(record: Record) -> str:
    """The study a finding belongs to: `S3` of `S3-4`; else the file that states it."""
    if record.finding:
        return re.split(r"[-–:/]", record.finding, maxsplit=1)[0].strip() or NO_STUDY
    file = record.node_id.partition("::")[0].rpartition("/")[2]
    return file.removesuffix(".py").removeprefix("test_") or NO_STUDY


def tally(records: Iterable[Record]) -> Counter[str]:
    return Counter(one.outcome for one in records)


def by_model(records: Sequence[Record]) -> list[Tally]:
    return _grouped((one.model, one.outcome) for one in records)


def by_study(records: Sequence[Record]) -> list[Tally]:
    return _grouped((study_of(one), one.outcome) for one in records)


def crossed(records: Sequence[Record]) -> dict[tuple[str, str], Counter[str]]:
    """Outcomes by study and model."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in records:
        found[study_of(one), one.model][one.outcome] += 1
    return dict(found)


def not_run(records: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    """What could not be run, by reason, the most frequent first; errors of the program are among them."""
    found: dict[str, list[Record]] = defaultdict(list)
    for one in records:
        if one.outcome in (Outcome.NOT_RUN, Outcome.ERROR):
            found[one.reason].append(one)
    return sorted(found.items(), key=lambda pair: -len(pair[1]))


def shared_facts(records: Iterable[Record]) -> dict[str, dict[str, str]]:
    """By model: the checkpoint, and facts in which all its claims agree."""
    found: dict[str, dict[str, str]] = {}
    for one in records:
        if not one.facts and not one.checkpoint:
            continue
        here = {**one.facts, "checkpoint": one.checkpoint or ""}
        known = found.setdefault(one.model, here)
        found[one.model] = {k: v for k, v in known.items() if here.get(k) == v}
    return found


def as_expected(record: Record) -> bool:
    """Whether a reader need not act on it: supported, or known not to stand and still so."""
    return record.outcome == (record.expected or Outcome.SUPPORTED)


def needs_a_look(record: Record) -> bool:
    """A verdict that surprises; what could not be run is counted by itself."""
    return not as_expected(record) and record.outcome != Outcome.NOT_RUN


def urgency(record: Record) -> tuple[int, int, int]:
    """What people want to read first: surprises before expected outcomes, the headline set before others."""
    return (not needs_a_look(record), ORDER.index(record.outcome), not record.headline)


def _grouped(pairs: Iterable[tuple[str, str]]) -> list[Tally]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, outcome in pairs:
        found[name][outcome] += 1
    return [Tally(name, found[name]) for name in sorted(found, key=_natural)]


def _natural(name: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part]
