"""The example of a partial-patch summary is of one run.

Source: seed 003, section 6.4 (summary JSON).

Reported: baseline 1.483, zeroed 2.017, patched 1.648.

What is wrong with the record: the baseline is that of facts, n=160; the other two are those of counterfactual, n=80,
whose own baseline is 1.455.

How it is decided here: the example's figures against each run's own, exactly, as a matter of record.  Of counterfactual
(n=80) all three are on record.  Of facts (n=160) the baseline is, and what zeroing gives follows from it and the triplet's
effect on the same rows, 1.4834 + 0.3984; what patching gives is not on record for those rows, and is left out.
"""

import pytest
from causal_claims import Metric, exactly, level

pytestmark = [pytest.mark.suppressor, pytest.mark.by_hand, pytest.mark.finding("S3-9")]

PRINTED = {"clean": 1.483, "zeroed": 2.017, "patched": 1.648}
RUNS = {
    "facts": {"clean": 1.4834, "zeroed": 1.4834 + 0.3984},
    "counterfactual": {"clean": 1.455, "zeroed": 2.017, "patched": 1.648},
}


@pytest.mark.parametrize(("claim", "run"), [
    (exactly(level(Metric("printed_example")) - level(Metric("run", of=name)), within=0.001, id=f"S3-9.one_run.{name}",
             statement=f"the example's figures are those of the run on {name}",
             expect="refuted", because="its baseline is of facts and the other two are of counterfactual"), run)
    for name, run in RUNS.items()
])  # fmt: skip
def test_the_example_is_one_run(claim, run, holds):
    printed, own = (str(cell.metric) for cell in claim.cells)
    assert holds(claim, values={f"{printed}: baseline": {name: PRINTED[name] for name in run}, f"{own}: baseline": run})
