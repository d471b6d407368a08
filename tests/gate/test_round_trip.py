"""What the gate writes is what it reads back, whatever stands in it."""

import json
import math

from causal_claims.gate.change import Cause, Change, Failure, Row
from causal_claims.gate.compare import compare
from causal_claims.gate.comparison import Comparison
from causal_claims.gate.history import history
from causal_claims.gate.shift import Shift, Where
from causal_claims.ledger import plain
from hypothesis import given, settings
from hypothesis import strategies as st
from series import BASE, SERIES, claims

numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=30)
shifts = st.builds(
    Shift, numbers, numbers, numbers, st.integers(0, 2000), texts, numbers, numbers, numbers, numbers, texts,
    st.sampled_from(Where), st.booleans(), st.none() | texts, st.none() | numbers, st.none() | st.integers(1, 10**6), st.none() | texts,
)  # fmt: skip
causes = st.builds(Cause, texts, texts, st.lists(texts, max_size=3).map(tuple), st.none() | texts)
rows = st.builds(
    Row, texts, texts, texts, st.sampled_from(Change), texts, st.none() | texts, st.none() | texts, st.booleans(), texts,
    st.none() | texts, st.none() | shifts, st.none() | numbers, st.none() | causes, st.none() | st.sampled_from(Failure),
)  # fmt: skip
comparisons = st.builds(
    Comparison, st.just({"name": "old"}), st.just({"name": "new"}), st.none() | texts, st.integers(0, 99), st.booleans(),
    st.lists(rows, max_size=4).map(tuple), st.lists(texts, max_size=2).map(tuple), st.lists(texts, max_size=2).map(tuple),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(comparisons)
def test_a_comparison_comes_back_from_json_as_it_was(found):
    assert Comparison.from_json(json.loads(json.dumps(plain(found.to_json()), allow_nan=False))) == found


@settings(deadline=None, max_examples=60)
@given(comparisons)
def test_the_exit_code_is_that_of_the_worst_row(found):
    failures = {row.failure for row in found.rows}
    wanted = (
        10
        if Failure.REGRESSION in failures
        else 11
        if Failure.INCOMPLETE in failures or found.lost
        else int(bool(found.failures))
    )

    assert found.exit_code == wanted
    assert len(found.lines) == len(found.failures) + len(found.lost)


def test_real_ones_come_back_too():
    suite = claims()
    old = BASE.run(suite)
    for name in SERIES:
        found = compare(old, SERIES[name].run(suite))
        body = json.loads(json.dumps(plain(found.to_json()), allow_nan=False))

        assert Comparison.from_json(body) == found
        assert all(math.isfinite(row["shift"]["mean"]) for row in body["rows"] if row["shift"])


def test_a_history_comes_back_too():
    suite = claims()
    found = history([BASE.run(suite, name="a"), SERIES["retrained"].run(suite, name="b")])
    body = json.loads(json.dumps(plain(found.to_json()), allow_nan=False))

    assert type(found).from_json(body) == found
