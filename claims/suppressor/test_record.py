"""The example of a partial-patch summary; and the status of the runs, complete and clean.

Source: seed 003, section 6.4 (summary JSON) and the status table of section 4.

Reported: baseline 1.483, zeroed 2.017, patched 1.648; H1 "complete" and H6 "clean" for GPT-2 medium and large.

What is wrong with the record: the baseline is that of facts, n=160; the other two are those of counterfactual, n=80,
whose own baseline is 1.455.  "Complete" and "clean" is said of runs whose column kl_div is NaN throughout in half
precision.

How it is decided here: the example's figures against each run's own, exactly, as a matter of record; and the ablation
of head 2 (medium: each condition; large: facts) and the window of facts leave a divergence from the clean run that is a
number on every prompt: a NaN anywhere makes the claim INVALID.  That is less than the finding: neither the sweep over
all heads nor the study's own runs are looked at.
"""

import pytest
from causal_claims import Head, Metric, Resid, ablate, above, exactly, level, patch

pytestmark = pytest.mark.suppressor

CONDITIONS = ("facts", "negation", "counterfactual", "logic")
KL = Metric("kl")
EXAMPLE = {"clean": 1.483, "zeroed": 2.017, "patched": 1.648}
RUNS = {  # baseline; baseline + triplet; that minus the recovered share, from the study's tables
    "facts": {"clean": 1.4834, "zeroed": 1.8818, "patched": 1.6145},
    "counterfactual": {"clean": 1.455, "zeroed": 2.017, "patched": 1.648},
}


@pytest.mark.by_hand
@pytest.mark.finding("S3-9")
@pytest.mark.parametrize(("claim", "run"), [
    (exactly(level(Metric("printed_example")) - level(Metric("run", of=name)), within=0.001, id=f"S3-9.one_run.{name}",
             statement=f"the example's three figures are those of the run on {name}",
             expect="refuted", because="its baseline is of facts and the other two are of counterfactual"), run)
    for name, run in RUNS.items()
])  # fmt: skip
def test_the_example_is_one_run(claim, run, holds):
    printed, own = (str(cell.metric) for cell in claim.cells)
    assert holds(claim, values={f"{printed}: baseline": EXAMPLE, f"{own}: baseline": run})


def heads_leave_numbers(name):
    return above(level(KL.on(f"{name}/one_way"), under=ablate(Head(0, 2))), 0, id=f"S3-12.heads.{name}",
                 statement=f"the ablation of head 2 on {name} leaves a divergence that is a number on every prompt")  # fmt: skip


def windows_leave_numbers():
    window = patch([Resid(layer) for layer in range(9, 14)], source="corrupt", at="last")
    return above(level(KL.on("facts/one_way"), under=window), 0, id="S3-12.windows",
                 statement="patched windows leave a divergence that is a number on every prompt")  # fmt: skip


@pytest.mark.gpt2_medium
@pytest.mark.finding("S3-12")
@pytest.mark.parametrize("claim", [*map(heads_leave_numbers, CONDITIONS), windows_leave_numbers()])
def test_medium_is_complete_and_clean(claim, holds):
    assert holds(claim)


@pytest.mark.gpt2_large
@pytest.mark.finding("S3-12")
@pytest.mark.parametrize("claim", [heads_leave_numbers("facts"), windows_leave_numbers()])
def test_large_is_complete_and_clean(claim, holds):
    assert holds(claim)
