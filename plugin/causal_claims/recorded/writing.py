"""Measurements as a parquet file that is an input again."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from causal_claims.ledger import write_whole
from causal_claims.measurements import Measurement
from causal_claims.recorded.provenance import Picks, metadata


def write_measurements(path: Path, measurements: Iterable[Measurement], picks: Picks | None = None) -> None:
    """The long table as parquet, readable as an input again, with what is known of its numbers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = list(measurements)
    lengths = [len(one.values) for one in found]

    def repeated(words: list[str]) -> Any:
        indices = pa.array(np.repeat(np.arange(len(words), dtype=np.int32), lengths))
        return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))

    table = pa.table({
        "model": repeated([one.model for one in found]),
        "metric": repeated([one.metric for one in found]),
        "condition": repeated([one.condition for one in found]),
        "example": pa.array([example for one in found for example in one.examples], pa.string()),
        "cluster": pa.array([cluster for one in found for cluster in one.clusters], pa.string()),
        "value": pa.array(np.concatenate([one.values for one in found]) if found else np.empty(0)),
    })  # fmt: skip
    table = table.replace_schema_metadata(metadata(found, picks or {}))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_whole(path, sink.getvalue().to_pybytes())
