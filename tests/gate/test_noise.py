"""Never an alarm from noise alone: A/A comparisons of whole suites, with the noise of four ways of measuring again."""

import numpy as np
import pytest
from causal_claims import Head, Metric, ablate, raises
from causal_claims.gate.compare import compare
from causal_claims.measurements import Measurement
from series import run_of

M = Metric("x")
N, CLAIMS = 64, 50
HEADS = [Head(h // 16, h % 16) for h in range(CLAIMS)]
SUITE = [raises(M, by=ablate(head), beyond=0.02 if h % 2 else 0.0, id=f"c{h}") for h, head in enumerate(HEADS)]
IDS = tuple(f"e{i:04d}" for i in range(N))


def checkpoint(seed):
    """What is true of it: claims of every strength, from none to five standard errors, on these examples."""
    data = np.random.default_rng(seed)
    return data.normal(size=N), [data.normal(z / np.sqrt(N) + 0.02, 1, N) for z in data.uniform(0, 5, CLAIMS)]


def measured(truth, noise, bias, seed):
    """In standard deviations over examples, as statistics.md section 5 tabulates it."""
    base, effects = truth
    own = np.random.default_rng(seed)
    cells = [Measurement("toy", "x", "baseline", IDS, IDS, base)]
    for head, effect in zip(HEADS, effects, strict=True):
        values = base + effect + own.normal(bias, noise, N)
        cells.append(Measurement("toy", "x", str(ablate(head)), IDS, IDS, values))
    return run_of(cells, SUITE)


def alarms(comparisons, noise, bias=0.0, first=0):
    """How many checkpoints were stopped, and how many claims called other than they were."""
    stopped = called = flipped = 0
    for i in range(first, first + comparisons):
        truth = checkpoint(i)
        again, old, new = (measured(truth, noise, bias * (j != 1), 3 * i + j) for j in range(3))
        found = compare(old, new, again=again)
        stopped += found.exit_code != 0
        called += sum(row.change in ("regressed", "improved") for row in found.rows)
        flipped += sum(row.was != row.now for row in found.rows)
    return stopped, called, flipped


@pytest.mark.parametrize(("noise", "bias"), [(0.01, 0.0), (0.01, 0.004), (0.1, 0.0), (0.5, 0.0)])
def test_no_alarm_from_noise(noise, bias):
    stopped, called, _ = alarms(4, noise, bias)

    assert (stopped, called) == (0, 0)


def test_verdicts_do_flip_where_the_gate_keeps_still():
    _, called, flipped = alarms(2, 0.5, first=100)

    assert flipped > 0
    assert called == 0


@pytest.mark.calibration
@pytest.mark.parametrize(("noise", "bias"), [(0.01, 0.0), (0.01, 0.004), (0.1, 0.0), (0.5, 0.0)])
def test_no_alarm_in_two_hundred_comparisons_of_fifty_claims(noise, bias):
    stopped, called, _ = alarms(200, noise, bias)

    assert (stopped, called) == (0, 0)
