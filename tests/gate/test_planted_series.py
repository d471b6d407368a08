"""Real checkpoints with a known history, measured by the engine: the right outcome, the right cause, the right heads."""

from dataclasses import replace
from itertools import pairwise

import pytest
from causal_claims import Behaviour, Head, Metric, ablate, heads, level, raises
from causal_claims.claims.effects import Cell
from causal_claims.engine.engine import Engine
from causal_claims.engine.settings import Settings
from causal_claims.gate.change import Change
from causal_claims.gate.compare import compare
from causal_claims.gate.history import history
from causal_claims.models import Registry
from causal_claims.planted.series import LATER, LIKE, MAIN, PAIR, SERIES, STEPS
from series import run_of

pytestmark = pytest.mark.slow
M = Metric("logit_diff", over="facts")
CLAIM = raises(M, by=ablate(Head(0, MAIN)), beyond=0.15, given=Behaviour(level(M), above=0.5), gate=True, id="main")
MOVERS = [Head(2, head) for head in range(LIKE.heads)]
HEADS = [Cell(M, ablate(head)) for head in (*heads(0, range(LIKE.heads)), *heads(1, range(8, LIKE.heads)), *MOVERS)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A checkpoint's run; other heads are in it where a mechanism may have moved."""
    home, known = tmp_path_factory.mktemp("series"), {}
    settings = Settings(device="cpu", cache=None, cross_examined=0, noise=False)

    def measured(name, scan=True):
        if name not in known:
            spec = replace(LIKE, path=str(SERIES[name](home / name)))
            cells = [*CLAIM.cells, *(HEADS if scan else [])]
            found = Engine(Registry({spec.key: spec}), settings).measure(spec.key, cells)
            known[name] = run_of([replace(one, model="toy") for one in found.values()], [CLAIM], name=name)
        return known[name]

    return measured


@pytest.mark.parametrize(("name", "change", "cause", "moved"), [
    ("retrained", Change.UNCHANGED, None, ()),
    ("halved", Change.REGRESSED, "mechanism lost", ()),
    ("lost", Change.REGRESSED, "mechanism lost", ()),
    ("moved_later", Change.REGRESSED, "mechanism moved", (str(Head(*LATER)),)),
    ("moved_to_two", Change.REGRESSED, "mechanism moved", tuple(str(Head(0, head)) for head in PAIR)),
    ("lost_in_retraining", Change.REGRESSED, "mechanism lost", ()),  # other heads than before hold the task up
    ("unlearned", Change.REGRESSED, "behaviour lost", ()),
])  # fmt: skip
def test_each_checkpoint_is_called_what_it_is(run, name, change, cause, moved):
    found = compare(run("base"), run(name, scan=name not in ("retrained", "unlearned")))
    (row,) = found.rows

    assert row.change is change
    assert (row.cause.word if row.cause else None) == cause
    assert set(row.cause.heads if row.cause else ()) == set(moved)
    assert found.exit_code == (10 if change is Change.REGRESSED else 0)


def test_a_circuit_at_other_heads_names_its_main_head_first(run):
    (row,) = compare(run("base"), run("moved")).rows

    assert (row.was, row.now, row.cause.word) == ("SUPPORTED", "REFUTED", "mechanism moved")
    assert row.cause.heads[0] == "L0.H9"


def test_a_circuit_spread_over_many_heads_is_told_from_a_lost_one(run):
    (row,) = compare(run("base"), run("moved_to_all")).rows

    assert row.cause.word == "mechanism moved"
    assert len(row.cause.heads) >= 5
    assert "together" in row.cause.sentence


def test_three_percent_a_step_passes_each_gate_and_is_caught_by_the_series(run):
    steps = [run(f"step-{i}", scan=False) for i in range(0, STEPS, 3)]

    assert [compare(a, b).exit_code for a, b in pairwise(steps)] == [0] * (len(steps) - 1)
    assert [one.id for one in history(steps).drifting] == ["main"]
