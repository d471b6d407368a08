"""What a cell's numbers depend on, as an address in the store."""

from collections.abc import Callable
from typing import Any

from causal_claims.claims.effects import Cell
from causal_claims.engine.edits import edits
from causal_claims.engine.loading import Loaded
from causal_claims.engine.store import Address
from causal_claims.examples import ExampleSet
from causal_claims.metrics.lexicon import WORD_LISTS, words_in


def address(loaded: Loaded, cell: Cell, data: ExampleSet, special_tokens: str) -> Address:
    """Another prompt, weight, dtype or body of a metric is another cell."""
    spec = cell.metric.spec
    assert spec is not None
    options = {**spec.options, **dict(cell.metric.options)}
    return Address.of(
        {
            "weights": loaded.weights_hash,
            "tokenizer": loaded.tokenizer_hash,
            "dtype": loaded.dtype,
            "special_tokens": special_tokens,
            "data": data.hash,
            "metric": str(cell.metric),
            "metric_version": spec.version,
            "metric_code": _code(spec.compute),
            "words": words_in(str(options["list"])) if "list" in options else None,
            "left_out": sorted(WORD_LISTS.items()) if options.get("along") == "clean" else None,
            "condition": str(cell.condition),
            "operations": {edit.step.operation: _code(edit.operation.apply) for edit in edits(cell.condition)},
        }
    )


def _code(function: Callable[..., Any] | None) -> str:
    """A body's own code: an edited metric or intervention is another one."""
    code = getattr(function, "__code__", None)
    if code is None:
        return repr(function)
    return f"{code.co_code.hex()}{[c if not hasattr(c, 'co_code') else c.co_code.hex() for c in code.co_consts]!r}{code.co_names!r}"
