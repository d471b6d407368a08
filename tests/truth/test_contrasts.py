"""What planted variants do not show: another head of layer 25, a head that looks at any early word, lists that share no head."""

from pathlib import Path

import numpy as np
import pytest
from causal_claims import Metric, exactly, level
from causal_claims.cli.trial import held_to_models
from causal_claims.judging.judge import judge
from causal_claims.measurements import Measurement, Receipt

ROOT = Path(__file__).parents[2]


def outcome(name, monkeypatch, mean):
    """The claim's outcome where a cell's values are about `mean(condition, set)`."""
    monkeypatch.chdir(ROOT)
    claim = next(one for one, _ in held_to_models("claims/contraction") if one.id == name)
    found = {}
    for i, cell in enumerate(claim.cells):
        draw = np.random.default_rng([i, 1])
        examples = tuple(f"{cell.metric.over}-{j:03d}" for j in range(40))
        values = 0.5 + mean(str(cell.condition), cell.metric.over) + 0.004 * draw.normal(size=40)
        receipt = Receipt(("a head",), 40, 40, 1.0, True) if cell.condition.steps else None
        found[cell] = Measurement("m", str(cell.metric), cell.condition_spelling, examples, examples, values, receipt)
    return str(judge(claim, found).outcome)


@pytest.mark.parametrize(("there", "expected"), [({}, "SUPPORTED"), ({"L25.H3": 0.06}, "REFUTED")])
def test_any_head_of_layer_25_may_stand_out_of_it(there, expected, monkeypatch):
    effects = {"L27.H11": 0.06, **there}

    def mean(condition, _):
        return sum(size for head, size in effects.items() if condition == f"ablate({head})")

    assert outcome("S0-8.concentrated", monkeypatch, mean) == expected


@pytest.mark.parametrize(("alone", "expected"), [(0.003, "SUPPORTED"), (0.05, "REFUTED")])
def test_what_one_head_does_alone_is_not_distributed(alone, expected, monkeypatch):
    def mean(condition, _):
        return {"ablate(L25.H3)": alone, "baseline": 0.0}.get(condition, 0.055 if "," in condition else 0.0)

    assert outcome("S0-8.distributed", monkeypatch, mean) == expected


@pytest.mark.parametrize(("plain", "expected"), [(0.0, "SUPPORTED"), (0.1, "REFUTED")])
def test_a_head_that_looks_at_any_early_word_does_not_look_at_the_echo(plain, expected, monkeypatch):
    def mean(_, over):
        return {"recursive": 0.1, "plain": plain}[over]

    assert outcome("S0-10.looks.11", monkeypatch, mean) == expected


@pytest.mark.parametrize(("shared", "expected"), [(1, "SUPPORTED"), (0, "REFUTED")])
def test_one_shared_head_is_more_than_chance_and_none_is_not(shared, expected):
    claim = exactly(level(Metric("in_7_of_9_lists")), differs=True)
    heads = tuple(f"L{i // 32}.H{i % 32}" for i in range(768))
    table = Measurement("m", "in_7_of_9_lists", "baseline", heads, heads, (np.arange(768) < shared).astype(float))

    assert str(judge(claim, {claim.cells[0]: table}).outcome) == expected
