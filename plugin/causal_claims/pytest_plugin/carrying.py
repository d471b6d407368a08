"""Measurements and found heads on their way from a worker to the controller: one JSON text, numbers as bytes.

xdist carries plain types only, and long lists of floats so slowly that a run would stall.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable

import numpy as np

from causal_claims.measurements import Measurement
from causal_claims.recorded.provenance import Picks, known_from, known_of, picks_from_json, picks_to_json

Key = tuple[str, str, str]  # of a measurement


def pack(measurements: Iterable[Measurement], keys: Iterable[Key], picks: Picks) -> str:
    """Measurements whole, or by their keys alone where the controller has them in a table."""
    cells = [
        {"key": one.key, "examples": one.examples, "clusters": one.clusters if one.clusters != one.examples else None,
         "values": base64.b64encode(zlib.compress(np.ascontiguousarray(one.values, "<f8").tobytes())).decode(),
         "known": known_of(one)}
        for one in measurements
    ]  # fmt: skip
    return json.dumps({"cells": cells, "keys": list(keys), "picks": picks_to_json(picks)})


def unpack(text: str) -> tuple[list[Measurement], list[Key], Picks]:
    body = json.loads(text)
    found = []
    for one in body["cells"]:
        model, metric, condition = one["key"]
        examples = tuple(one["examples"])
        clusters = tuple(one["clusters"]) if one["clusters"] is not None else examples
        values = np.frombuffer(zlib.decompress(base64.b64decode(one["values"])), "<f8").astype(np.float64)
        found.append(Measurement(model, metric, condition, examples, clusters, values, **known_from(one["known"])))
    return (
        found,
        [(model, metric, condition) for model, metric, condition in body["keys"]],
        picks_from_json(body["picks"]),
    )
