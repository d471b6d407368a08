"""What a run knew of its numbers beside the numbers, in the metadata of its own table.

Guards rest on it: receipts, noise floors, whether a prompt holds its answer.  A table from elsewhere has none, and its
arms must match their baselines row for row.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from causal_claims.claims.picked import Heads, Pick
from causal_claims.measurements import Measurement, Receipt

Picks = Mapping[tuple[str, Pick], Heads]  # by model: the heads that a pick found on it
_KEY = b"causal_claims.provenance"


@dataclass(frozen=True)
class Provenance:
    """Receipts, noise floors and facts by measurement, and the heads that were found."""

    cells: Mapping[tuple[str, str, str], Mapping[str, Any]] = field(default_factory=dict)
    picks: Picks = field(default_factory=dict)

    def of(self, bare: Measurement) -> Measurement:
        """A measurement with what is known of it."""
        return replace(bare, **self.cells.get(bare.key, {}))


def known_of(one: Measurement) -> dict[str, Any]:
    """As plain values."""
    receipt = asdict(one.receipt) if one.receipt else None
    return {"receipt": receipt, "noise_floor": one.noise_floor, "seconds": one.seconds, "facts": dict(one.facts)}


def known_from(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a measurement that `known_of` gave."""
    receipt = body["receipt"]
    return {**body, "receipt": Receipt(**{**receipt, "sites": tuple(receipt["sites"])}) if receipt else None}


def picks_to_json(picks: Picks) -> list[Any]:
    return [[model, asdict(pick), heads.to_json()] for (model, pick), heads in picks.items()]


def picks_from_json(body: Iterable[Any]) -> Picks:
    return {
        (model, Pick(**{**pick, "lists": tuple(pick["lists"])})): Heads.from_json(heads, heads["source"])
        for model, pick, heads in body
    }


def metadata(measurements: Iterable[Measurement], picks: Picks) -> dict[bytes, bytes]:
    """As a table's metadata; facts that many cells share are there once."""
    facts: dict[str, int] = {}
    cells = []
    for one in measurements:
        known = known_of(one)
        known["facts"] = facts.setdefault(json.dumps(known["facts"], sort_keys=True), len(facts))
        cells.append([one.key, known])
    body = {"cells": cells, "facts": [json.loads(one) for one in facts], "heads": picks_to_json(picks)}
    return {_KEY: zlib.compress(json.dumps(body).encode())}


def read_provenance(path: Path) -> Provenance | None:
    """Of a table that this project wrote and no other program since; else None."""
    if path.suffix.lower() != ".parquet":
        return None
    import pyarrow.parquet as pq

    packed = (pq.ParquetFile(path).schema_arrow.metadata or {}).get(_KEY)
    if packed is None:
        return None
    body = json.loads(zlib.decompress(packed))
    cells = {
        (model, metric, condition): known_from({**known, "facts": body["facts"][known["facts"]]})
        for (model, metric, condition), known in body["cells"]
    }
    return Provenance(cells, picks_from_json(body["heads"]))
