"""A text that is known beforehand is read at once: every body sees what it would see while the text is written."""

from dataclasses import replace

import engine_examples as made
import numpy as np
import pytest
import torch
from causal_claims.claims.effects import Cell
from causal_claims.engine.decoder import Decoder
from causal_claims.engine.engine import Engine
from causal_claims.engine.settings import Settings
from causal_claims.examples import ExampleSet
from causal_claims.interventions.catalogue import ablate, patch, uniform
from causal_claims.interventions.intervention import BASELINE
from causal_claims.metrics.lexicon import word_list
from causal_claims.metrics.metric import Metric, metric
from causal_claims.sites import GENERATION, Head, KVHead, Point, Resid, Stage
from checkpoints import FAMILIES

OVER = "engine_mixed"
CONDITIONS = [
    BASELINE,
    ablate(Head(0, 1), Head(2, 0)),
    ablate(Head(1, 2), during="decode"),
    ablate(Head(1, 2), during="prefill"),
    ablate(Head(1, 1), how="mean"),
    ablate(Head(1, 1), how="resample"),
    ablate(Head(1, 0), how="random"),
    ablate(KVHead(1, 1)),
    uniform(Head(1, 2)),
    patch(Head(1, 2)),
    patch(Head(1, 1), part="v"),
    patch(Head(1, 1), part="pattern_v"),
    patch(Resid(1), at="last"),
    ablate(Head(0, 0), Head(0, 1)) + patch(Head(0, 1), source="clean"),
]


class TokenByToken:
    """The same as the follower, by the decoder that writes texts: one token after another."""

    def __init__(self, net, prompt, script, layers, firsts):
        self.net, self.prompt, self.script, self.layers = net, prompt, script, layers

    def run(self, blocks):
        times, steps = len(blocks), max(map(len, self.script.ids))
        decoder = Decoder(self.net, self.prompt, blocks, steps, self.layers)
        self.noted, self.followed = [], decoder.followed
        lengths = torch.tensor([len(one) for one in self.script.ids] * times)
        resid = decoder._prefill()
        for step in range(steps):
            p = self.net.unembed(resid, None)[:, 0].float().softmax(-1)
            self.noted.append(p[:, self.script.watched])
            if step + 1 < steps:
                going = {row for row, n in enumerate(lengths.tolist()) if n > step + 1}
                resid = decoder._decode(self.script.at(step, p.device).repeat(times), step, going)

    def noted_rows(self, lengths):
        return tuple(torch.stack([at[row] for at in self.noted])[:n] for row, n in enumerate(lengths))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("along", ["clean", "continuation"])
def test_at_once_is_token_by_token(registry, monkeypatch, family, along):
    """Prompts and texts of mixed lengths, conditions from every layer, some of them together in one batch."""
    word_list("colours", ["red", "blue"])

    @metric(reads=lambda options: (GENERATION, Point(2, Stage.PATTERN)))
    def looked(run, *, along="clean", list="colours", tokens=4):  # noqa: A002
        """How far on in prompt and text a head looks, added up over the steps."""
        return [float((one * torch.arange(one.shape[-1])).sum()) for one in run.attention_while_generating(2, 2)]

    rows = [
        replace(one, fields={**one.fields, "continuation": " red cat" + " the" * i})
        for i, one in enumerate(made.mixed())
    ]
    monkeypatch.setattr("causal_claims.engine.engine.examples", lambda name: ExampleSet(name, tuple(rows)))
    options = {"over": OVER, "list": "colours", "along": along, "tokens": 4}
    metrics = [Metric("keyword_expected", **options), Metric("looked", **options)]
    cells = [Cell(metric, condition) for metric in metrics for condition in CONDITIONS]

    def measured():
        return Engine(registry, Settings(cross_examined=0, noise=False)).measure(family, cells)

    at_once = measured()
    monkeypatch.setattr("causal_claims.engine.generation.Follower", TokenByToken)
    step_by_step = measured()
    for cell in cells:
        ours, theirs = at_once[cell], step_by_step[cell]
        np.testing.assert_allclose(ours.values, theirs.values, atol=1e-5, rtol=1e-5, err_msg=str(cell))
        if cell.condition.steps:
            assert (ours.receipt.fired, ours.receipt.expected) == (theirs.receipt.fired, theirs.receipt.expected), cell
            assert ours.receipt.changed == pytest.approx(theirs.receipt.changed, rel=1e-4), cell
    assert len({tuple(at_once[cell].values) for cell in cells}) == len(cells), "every condition does something else"
