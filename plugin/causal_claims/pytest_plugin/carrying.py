"""Measurements on their way from a worker to the controller: one JSON text, numbers as bytes.

xdist carries plain types only, and long lists of floats so slowly that a run would stall.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable

import numpy as np

from causal_claims.measurements import Measurement


def pack(measurements: Iterable[Measurement]) -> str:
    return json.dumps([
        {"key": one.key, "examples": one.examples, "clusters": one.clusters if one.clusters != one.examples else None,
         "values": base64.b64encode(zlib.compress(np.ascontiguousarray(one.values, "<f8").tobytes())).decode()}
        for one in measurements
    ])  # fmt: skip


def unpack(text: str) -> list[Measurement]:
    found = []
    for one in json.loads(text):
        model, metric, condition = one["key"]
        examples = tuple(one["examples"])
        clusters = tuple(one["clusters"]) if one["clusters"] is not None else examples
        values = np.frombuffer(zlib.decompress(base64.b64decode(one["values"])), "<f8").astype(np.float64)
        found.append(Measurement(model, metric, condition, examples, clusters, values))
    return found
