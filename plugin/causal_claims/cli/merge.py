"""`causal-claims merge`: the shards of a run as the one run they are; a lost shard is named and exits 11."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from causal_claims.cli.junit import merge_junit
from causal_claims.errors import ClaimsError, listing
from causal_claims.gate.change import Failure
from causal_claims.ledger import Ledger, Record, read_ledger, write_whole
from causal_claims.measurements import Measurement
from causal_claims.recorded import Recorded, read_measurements, write_measurements
from causal_claims.verdicts import Outcome, count

_SAME = 1e-5  # what float32 arithmetic may move when a cell is measured in another batch
_SHARD = re.compile(r"shard-(\d+)-of-(\d+)")


def add(commands: Any) -> None:
    parser = commands.add_parser("merge", help="make one run of the shards of a run", description=__doc__)
    parser.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="DIR",
        help="the shards' reports, or the folder that holds shard-I-of-N",
    )
    parser.add_argument(
        "--out", type=Path, help="where the merged reports go (default: the folder that holds the shards)"
    )
    parser.add_argument("--junit", nargs="+", type=Path, default=[], metavar="FILE", help="the shards' JUnit files")
    parser.add_argument("--junitxml", type=Path, metavar="FILE", help="write the merged JUnit file here")
    parser.set_defaults(run=run)


@dataclass(frozen=True, eq=False)
class Part:
    """One shard as it was written."""

    folder: Path
    ledger: Ledger
    table: Recorded

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self.ledger.run.get("shard") or {})


def run(arguments: argparse.Namespace) -> int:
    parts = [_read(folder) for folder in _folders(arguments.folders)]
    out = arguments.out or _home(arguments.folders)
    merged, cells, notes = merge(parts)
    from causal_claims.report.page import Sources
    from causal_claims.report.write import write_reports

    write_whole(out / "claims.json", merged.to_json())
    picks = {key: heads for part in reversed(parts) for key, heads in part.table.picks.items()}
    write_measurements(out / "measurements.parquet", cells, picks)
    write_reports(Sources(merged, Recorded(cells, str(out))), out)
    if arguments.junitxml:
        write_whole(arguments.junitxml, merge_junit(arguments.junit, merged.run))
    told = ", ".join(f"{n} {outcome}" for outcome, n in merged.run["outcomes"].items() if n)
    print(
        f"{count(len(parts), 'shard')}, {count(len(merged.records), 'record')} ({told or 'none'}): {out / 'claims.json'}"
    )
    for note in notes:
        print(f"note: {note}")
    for sentence in merged.run["incomplete"]:
        print(f"INCOMPLETE: {sentence}")
    return int(merged.run["exit_status"])


def merge(parts: Sequence[Part]) -> tuple[Ledger, list[Measurement], list[str]]:
    """One ledger and one table; what is lost is said in `run["incomplete"]`, and the exit status follows from it."""
    from causal_claims.pytest_plugin.files import adjust
    from causal_claims.pytest_plugin.pictures import keep_few

    lost, notes = _lost(parts), _same_models(parts)
    records = [one for part in parts for one in part.ledger.records]
    for key, times in Counter((one.id, one.model, one.node_id) for one in records).items():
        if times > 1:
            raise ClaimsError(
                f"merge: {key[0]} on {key[1]} was judged in {times} shards; these are shards of different runs."
            )
    records.sort(key=lambda one: (one.model, one.node_id, one.id))
    for one in records:
        one.p_holm = one.q_bh = None  # a shard corrected for its own tests only
    adjust(records)
    keep_few(records)
    merged = Ledger(records, _facts(parts, records, lost))
    cells, moved = _cells(parts)
    return merged, cells, [*notes, *moved]


def _folders(given: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for folder in given:
        inside = [one for one in folder.glob("shard-*-of-*") if _SHARD.fullmatch(one.name)]
        found += sorted(inside, key=_number) if inside else [folder]
    return list(dict.fromkeys(one.resolve() for one in found))


def _number(folder: Path) -> tuple[int, int]:
    match = _SHARD.fullmatch(folder.name)
    return (int(match[2]), int(match[1])) if match else (0, 0)


def _home(given: Sequence[Path]) -> Path:
    first = given[0]
    return first.parent if _SHARD.fullmatch(first.name) else first


def _read(folder: Path) -> Part:
    if not (folder / "claims.json").is_file():
        where = "no shard has written there" if folder.is_dir() else "there is no such folder"
        raise ClaimsError(
            f"merge {folder}: {where}; give the shards' report folders, or the folder that holds shard-I-of-N."
        )
    ledger = read_ledger(folder / "claims.json")
    if not ledger.run.get("shard"):
        raise ClaimsError(
            f"merge {folder}: its run was no shard (--claims-shard I/N); there is nothing to merge it with."
        )
    table = folder / "measurements.parquet"
    rests = any(one.effects and one.outcome not in (Outcome.NOT_RUN, Outcome.ERROR) for one in ledger.records)
    return Part(folder, ledger, read_measurements(table) if rests and table.is_file() else Recorded([], str(table)))


def _lost(parts: Sequence[Part]) -> list[str]:
    """Every way in which this is less than the whole run."""
    counts, suites = {one.facts["count"] for one in parts}, {one.facts.get("suite") for one in parts} - {None}
    if len(counts) > 1:
        raise ClaimsError(
            f"merge: shards of {listing(sorted(counts))} cannot belong to one run; give those of one run."
        )
    if len(suites) > 1:
        raise ClaimsError(
            "merge: the shards collected different suites; run all of them from the same commit, with the same paths and "
            "the same -m and -k."
        )
    (shards,) = counts
    there = Counter(one.facts["index"] for one in parts)
    if doubled := [str(index) for index, times in there.items() if times > 1]:
        raise ClaimsError(f"merge: shard {listing(doubled)} is given twice; give each shard's folder once.")
    lost = [f"shard {i}/{shards} is missing: it wrote no ledger" for i in range(1, shards + 1) if i not in there]
    for part in parts:
        name = f"shard {part.facts['index']}/{shards}"
        missing, crashed = part.ledger.run.get("missing", []), part.ledger.run.get("crashed", [])
        if "tests" not in part.facts:
            lost.append(f"{name} ended before it knew its tests")
        if missing:
            lost.append(f"{name} lost {count(len(missing), 'test')}: {listing(missing, 5)}")
        if crashed:
            lost.append(f"{name} crashed while running {listing(crashed, 5)}")
        lost += [f"{name}: {sentence}" for sentence in part.ledger.run.get("incomplete", [])]
    if not lost and (ran := sum(one.facts["tests"] for one in parts)) != parts[0].facts["all"]:
        lost.append(f"the shards ran {ran} of {parts[0].facts['all']} tests")
    return lost


def _same_models(parts: Sequence[Part]) -> list[str]:
    """One run measures one checkpoint of a model, at one confidence, with one set of margins."""
    seen: dict[str, tuple[str, str]] = {}
    for part in parts:
        for one in part.ledger.records:
            weights = one.facts.get("weights")
            if weights and seen.setdefault(one.model, (weights, part.folder.name))[0] != weights:
                raise ClaimsError(
                    f"merge: {one.model} had other weights in {part.folder.name} than in {seen[one.model][1]}; shards of one "
                    "run measure the same checkpoint."
                )
    for name in ("confidence", "margins"):
        if len({str(part.ledger.run.get(name)) for part in parts}) > 1:
            raise ClaimsError(
                f"merge: the shards were run with different {name}; shards of one run share their options."
            )
    ids = {one.id for part in parts for one in part.ledger.records}
    if unknown := sorted(set(parts[0].ledger.run.get("margins", {})) - ids):
        raise ClaimsError(f"merge: --claims-margin {unknown[0]}=...: no claim of any shard has that id.")
    tables = {Path(str(part.ledger.run.get("measurements"))).name for part in parts}
    if len(tables) > 1:
        raise ClaimsError(f"merge: the shards were judged from different tables: {listing(sorted(tables))}.")
    versions = [part.ledger.run.get("versions") for part in parts]
    return [] if all(one == versions[0] for one in versions) else ["the shards ran on different versions of packages"]


def _facts(parts: Sequence[Part], records: Sequence[Record], lost: list[str]) -> dict[str, Any]:
    runs = [part.ledger.run for part in parts]
    outcomes = {str(outcome): sum(one.outcome == outcome for one in records) for outcome in Outcome}
    statuses = {int(one.get("exit_status", 0)) for one in runs}
    notes = list(dict.fromkeys(note for one in runs for note in one.get("notes", [])))
    looks = [one["examples"] for one in runs if one.get("examples")]
    return {
        **{name: value for name, value in runs[0].items() if name not in ("shard", "notes", "examples")},
        **({"notes": notes} if notes else {}),
        **({"examples": {name: sum(one[name] for one in looks) for name in looks[0]}} if looks else {}),
        "date": min(str(one.get("date")) for one in runs),
        "seconds": max(float(one.get("seconds", 0.0)) for one in runs),
        "missing": sorted(name for one in runs for name in one.get("missing", [])),
        "crashed": sorted(name for one in runs for name in one.get("crashed", [])),
        "models": {key: value for one in runs for key, value in one.get("models", {}).items()},
        "outcomes": outcomes,
        "shards": [part.facts for part in parts],
        "incomplete": lost,
        "exit_status": Failure.INCOMPLETE.exit_code if lost else max(statuses - {5}, default=0),
    }


def _cells(parts: Sequence[Part]) -> tuple[list[Measurement], list[str]]:
    """Every cell once; two shards that measured the same one must have found the same numbers.

    A run that stops early reads a cell on as many examples as the claims of its shard needed: the longest has the others.
    """
    early = any(part.ledger.run.get("examples") for part in parts)
    found: dict[tuple[str, str, str], Measurement] = {}
    moved: dict[str, float] = {}
    for part in parts:
        for cell in part.table.measurements():
            first = found.setdefault(cell.key, cell)
            if first is cell:
                continue
            longest = max(first, cell, key=lambda one: len(one.values))
            common = set(first.examples) & set(cell.examples)
            if first.examples != cell.examples and not (
                early and len(common) == min(len(first.values), len(cell.values))
            ):
                raise ClaimsError(f"merge: {' '.join(cell.key)} was measured on other examples in {part.folder.name}.")
            found[cell.key] = longest
            a, b = first.only(common).values, cell.only(common).values
            gap = float(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(a)), initial=0.0))
            moved[cell.model] = max(moved.get(cell.model, 0.0), gap)
    return [found[key] for key in sorted(found)], [
        f"cells of {model} that several shards measured differ by up to {gap:.1e}; the first shard's are kept"
        for model, gap in moved.items()
        if gap > _SAME
    ]
