"""Bad input is refused with a sentence: what was asked, what there is, what to do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from causal_claims.statistics import (
    betting,
    binary,
    clusters,
    conjunction,
    controls,
    correlation,
    dose,
    effect_size,
    enrichment,
    equivalence,
    interval,
    mean,
    multiplicity,
    power,
    proportion,
    ranking,
    ratio,
    replication,
    resampling,
    sequential,
    signflip,
    simultaneous,
)

ONE, TWO, NAN = [1.0], [1.0, 2.0], [1.0, np.nan, np.inf]
MATRIX = np.arange(12.0).reshape(4, 3)

REFUSALS: list[tuple[str, Callable[[], object]]] = [
    ("the sample needs at least 2 examples; there are 0. Measure more examples.", lambda: mean.hull([])),
    ("the sample needs at least 2 examples; there are 1. Measure more examples.", lambda: mean.student_t(ONE)),
    ("2 of 3 numbers are NaN or infinite. Repair the measurement.", lambda: mean.hall(NAN)),
    ("the sample must be a vector; its shape is (4, 3).", lambda: mean.hull(MATRIX)),
    ("confidence must lie between 0 and 1; it is 95. Write 95 % as 0.95.", lambda: mean.hull(TWO, 95)),
    ("bound must be a number above 0; it is 0.", lambda: mean.hull(TWO, bound=0)),
    ("n must be a whole number at least 2; it is 1.", lambda: mean.t_summary(0, 1, 1)),
    ("sd must be 0 or more; it is -1.", lambda: mean.t_summary(0, -1, 9)),
    ("r is a correlation between -1 and 1; it is 2.", lambda: mean.paired_summary(0, 0, 1, 1, 2, 9)),
    ("an interval needs low <= high; it was given [1, 0].", lambda: interval.Interval(1, 0, 0.95, "t")),
    ("the sample needs at least 1 examples; there are 0.", lambda: signflip.sign_flip([], 1)),
    ("flips must be a whole number at least 1; it is 0.", lambda: signflip.sign_flip(TWO, 1, flips=0)),
    ("b + c cannot exceed n; b=3, c=2, n=4.", lambda: binary.melded(3, 2, 4)),
    ("b must be a whole number at least 0; it is -1.", lambda: binary.mcnemar(-1, 2)),
    ("n must be a whole number at least 1; it is 0.", lambda: binary.tango(0, 0, 0)),
    ("an odds ratio needs a changed example; b and c are both 0.", lambda: binary.conditional_odds_ratio(0, 0)),
    ("x must be a whole number from 0 to 4; it is 5.", lambda: proportion.clopper_pearson(5, 4)),
    ("x must be a whole number from 0 to 4; it is 1.5.", lambda: proportion.wilson(1.5, 4)),  # type: ignore[arg-type]
    ("exposure must be a number above 0; it is 0.", lambda: proportion.poisson_rate(3, 0)),
    ("margin must be a number above 0; it is -1.", lambda: equivalence.tost(TWO, -1)),
    ("the lower bound must be below the upper", lambda: equivalence.tost_summary(0, 1, 9, 1, 1)),
    ("there are 2 and 3. Give both for every one.", lambda: ratio.fieller(TWO, [1, 2, 3])),
    ("the denominator needs at least 2 examples; there are 1.", lambda: ratio.contrast(TWO, ONE, 1)),
    ("the matrix must be a matrix (examples x columns); its shape is (2,).", lambda: simultaneous.max_t(TWO, 1)),
    ("p-values lie between 0 and 1; there are 1.0 to 2.0.", lambda: multiplicity.holm(TWO)),
    ("margin must be a number above 0; it is 0.", lambda: conjunction.every_inside(MATRIX, 0, 1)),
    ("the head's column must be a whole number from 0 to 2; it is 3.", lambda: ranking.rank_set(MATRIX, 3, 1)),
    ("the matrix needs at least 2 columns; it has 1.", lambda: ranking.strongest(MATRIX[:, :1], 0, False, 1)),
    ("target and random sets are paired by example", lambda: controls.beats(TWO, MATRIX)),
    ("one dose per column is needed; there are 2 doses and 3 columns.", lambda: dose.slope(MATRIX, [1, 2])),
    ("doses must be different numbers above 0; they are [0.0, 1.0, 2.0].", lambda: dose.slope(MATRIX, [0, 1, 2])),
    ("tolerance must be 0 or more; it is -1.", lambda: dose.monotone(MATRIX, -1)),
    ("the responses needs at least 3 columns; it has 2.", lambda: dose.page(MATRIX[:, :2])),
    ("rounding must be 0 or more; it is -1.", lambda: replication.prediction_interval(TWO, rounding=-1)),
    ("power must exceed alpha; they are 0.01 and 0.05.", lambda: replication.small_telescopes(20, 0.01)),
    ("all differences are equal. Measure other examples.", lambda: replication.telescope([1, 1], 20)),
    ("both standard errors must be above 0", lambda: replication.compare_estimates(0, 0, 1, 1)),
    ("a reported figure other than 0; it is 0", lambda: replication.ratio_interval(mean.hull(TWO), 0)),
    ("there are 2 rows and 1 labels.", lambda: clusters.cluster_means(TWO, ["a"])),
    ("an ICC needs 2 clusters and one with 2 rows; there are 2 clusters of 2 rows.", lambda: clusters.icc(TWO, [0, 1])),
    ("an ICC needs variation; all rows are equal.", lambda: clusters.icc([1, 1, 1], [0, 0, 1])),
    ("a cluster has at least 1 row; the size is 0.", lambda: clusters.design_effect(0, 0.5)),
    ("information fractions must rise from above 0 to 1", lambda: sequential.obrien_fleming_spending([0.5, 0.4, 1])),
    ("looks must be a whole number at least 1; it is 0.", lambda: sequential.pocock(0)),
    ("the look must be a whole number from 1 to 3; it is 4.", lambda: sequential.repeated_interval(TWO, 4, 3)),
    ("one boundary per look is needed; there are 1 and 2.", lambda: sequential.crossing_probability([2], 2, True)),
    ("the numbers must lie in [0, 1]; they reach from 1.0 to 2.0.", lambda: betting.betting(TWO, 0, 1)),
    ("the bounds must be lower < upper; they are 1 and 1.", lambda: betting.betting(TWO, 1, 1)),
    ("the mean under test must lie in [0, 3]; it is 4.", lambda: betting.e_value(TWO, 4, 0, 3)),
    ("the effect must be a number above 0; it is 0.", lambda: power.needed_n(1, 0)),
    ("sd must be 0 or more; it is nan.", lambda: power.mde80(np.nan, 9)),
    ("both arms are constant. Report the raw difference.", lambda: effect_size.hedges_g_av([1, 1], [0, 0])),
    ("d_z needs variation; all differences are equal.", lambda: effect_size.d_z([1, 1])),
    ("x needs at least 4 examples; there are 2.", lambda: correlation.pearson(TWO, TWO, 1)),
    ("all of y is 1.0. Choose another score.", lambda: correlation.spearman([1, 2, 3, 4], [1, 1, 1, 1], 1)),
    ("members must be different indices of 0..1", lambda: enrichment.enrichment(TWO, [0, 0], 1)),
    ("members must be a vector of indices; it is float64", lambda: enrichment.enrichment(TWO, [0.5], 1)),
    ("an AUC lies between 0 and 1; it is 2.", lambda: enrichment.auc_interval(2, 3, 3)),
    ("a studentised bootstrap needs variation", lambda: resampling.bootstrap_t([1, 1], 1)),
    ("an acceleration needs a statistic that varies", lambda: resampling.bca_acceleration([TWO], lambda x: 0.0)),
]


@pytest.mark.parametrize(("sentence", "call"), REFUSALS, ids=[sentence[:60] for sentence, _ in REFUSALS])
def test_bad_input_is_refused_with_a_sentence(sentence: str, call: Callable[[], object]) -> None:
    """A ValueError names what is wrong and never a NaN is returned."""
    with pytest.raises(ValueError, match=r"\w") as refusal:
        call()

    assert sentence in str(refusal.value)
