"""Published worked examples: each entry of reference.json is recomputed and compared with what its source printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from causal_claims.statistics import (
    betting,
    binary,
    clusters,
    correlation,
    equivalence,
    mean,
    multiplicity,
    proportion,
    rank_tests,
    replication,
    resampling,
    sequential,
)

ENTRIES = json.loads((Path(__file__).parent / "reference.json").read_text(encoding="utf-8"))["entries"]
RESAMPLES = 200_000

Numbers = dict[str, Any]


def ends(interval: Any, prefix: str = "ci_") -> Numbers:
    return {f"{prefix}low": interval.low, f"{prefix}high": interval.high}


def paired_t_sleep(i: Numbers) -> Numbers:
    d = np.subtract(i["before"], i["after"])
    t = mean.t_summary(d.mean(), d.std(ddof=1), len(d))
    return {"mean_diff": t.mean, "t": t.t, "df": t.df, "p": t.p_two_sided, **ends(mean.student_t(d))}


def wilcoxon_hollander_wolfe(i: Numbers) -> Numbers:
    d = np.subtract(i["x"], i["y"])
    test = rank_tests.wilcoxon(d)
    return {"V": test.V, "p_greater": test.p_greater, "hodges_lehmann": rank_tests.hodges_lehmann(d)}


def wilcoxon_r_asymptotic(i: Numbers) -> Numbers:
    d = np.subtract(i["x"], i["y"])
    plain, corrected = rank_tests.wilcoxon_normal(d), rank_tests.wilcoxon_normal(d, correct=True)
    T = min(plain.V, plain.n * (plain.n + 1) / 2 - plain.V)
    return {"T": T, "p_nocorr": plain.p_two_sided, "p_corr": corrected.p_two_sided}


def tost_paired_lakens(i: Numbers) -> Numbers:
    arms = (i["m1"], i["m2"], i["sd1"], i["sd2"], i["r"], i["n"])
    t = mean.paired_summary(*arms)
    bound = i["high_dz"] * t.se * np.sqrt(i["n"])
    tests = equivalence.tost_summary(t.mean, t.se, t.df, -bound, bound)
    return {
        "diff": t.mean,
        "df": t.df,
        "raw_bound": bound,
        "t_lower": tests.t_lower,
        "p_lower": tests.p_lower,
        "t_upper": tests.t_upper,
        "p_upper": tests.p_upper,
        **ends(mean.paired_summary(*arms, confidence=0.90).interval, "ci90_"),
        **ends(t.interval, "ci95_"),
    }


def tost_paired_clinic_v1(i: Numbers) -> Numbers:
    d = np.subtract(i["x"], i["y"])
    tests = equivalence.tost(d, i["margin"]).tests
    interval = mean.student_t(d, 0.90)
    return {"diff": tests.estimate, "se": tests.se, "df": tests.df, "p": tests.p, **ends(interval, "ci90_")}


def paired_mean_summary_bonett(i: Numbers) -> Numbers:
    t = mean.paired_summary(i["m1"], i["m2"], i["sd1"], i["sd2"], i["r"], i["n"])
    return {"diff": t.mean, "se": t.se, "t": t.t, "df": t.df, **ends(t.interval)}


def changes(i: Numbers) -> tuple[int, int, int]:
    return i["n12"], i["n21"], i["n11"] + i["n12"] + i["n21"] + i["n22"]


def difference(i: Numbers, interval: Any) -> Numbers:
    b, c, n = changes(i)
    return {"est": (b - c) / n, **ends(interval)}


def newcombe(i: Numbers) -> Numbers:
    return difference(i, binary.newcombe10(i["n11"], i["n12"], i["n21"], i["n22"]))


def bonett_price_statpsych(i: Numbers) -> Numbers:
    b, c, n = i["f10"], i["f01"], i["f00"] + i["f01"] + i["f10"] + i["f11"]
    interval = binary.bonett_price(b, c, n)
    middle, half = (interval.low + interval.high) / 2, interval.width / 2
    return {"adj_est": middle, "se": half / 1.959963984540054, **ends(interval)}


def mcnemar_cavo(i: Numbers) -> Numbers:
    p = binary.mcnemar(i["n12"], i["n21"])
    return {"p_exact": p.p_exact, "p_midp": p.p_mid, "p_asym": p.p_asymptotic, "p_cc": p.p_corrected}


def conditional_or_ezra(i: Numbers) -> Numbers:
    odds = binary.conditional_odds_ratio(i["n12"], i["n21"])
    return {"est": odds.estimate, **ends(odds.exact, "cp_"), **ends(odds.mid_p, "midp_")}


def wilson_newcombe1998(i: Numbers) -> Numbers:
    intervals = [proportion.wilson(x, n) for x, n in i["xn"]]
    return {"ci": [[interval.low, interval.high] for interval in intervals]}


def clopper_zero(i: Numbers) -> Numbers:
    n = i["n"]
    return {"zero_high": proportion.clopper_pearson(0, n).high, "full_low": proportion.clopper_pearson(n, n).low}


def bootstrap_mean_r(i: Numbers) -> Numbers:
    methods: dict[str, resampling.Method] = {"basic": "basic", "percentile": "percentile", "bca": "BCa"}
    intervals = {key: resampling.bootstrap(i["x"], name, 1, RESAMPLES) for key, name in methods.items()}
    return {key: [interval.low, interval.high] for key, interval in intervals.items()}


def bootstrap_t_aircondit(i: Numbers) -> Numbers:
    intervals = {
        "normal": resampling.bootstrap(i["x"], "normal", 1, RESAMPLES),
        "percentile": resampling.bootstrap(i["x"], "percentile", 1, RESAMPLES),
        "studentised": resampling.bootstrap_t(i["x"], 1, RESAMPLES),
    }
    return {key: [interval.low, interval.high] for key, interval in intervals.items()}


def bca_acceleration_two_sample(i: Numbers) -> Numbers:
    return {"acceleration": resampling.bca_acceleration([i["y"], i["z"]], lambda y, z: z.mean() - y.mean())}


def bh_1995(i: Numbers) -> Numbers:
    rules = {"bh": multiplicity.benjamini_hochberg, "bonferroni": multiplicity.bonferroni, "holm": multiplicity.holm}
    return {key: int((rule(i["p"]) <= 0.05).sum()) for key, rule in rules.items()}


def gs_boundaries_k5(i: Numbers) -> Numbers:
    looks, alpha = i["K"], i["alpha"]
    return {
        "of": sequential.obrien_fleming(looks, alpha),
        "pocock": sequential.pocock(looks, alpha),
        "ldof": sequential.obrien_fleming_spending(looks, alpha / 2),
    }


def gs_hsd_gsdesign(i: Numbers) -> Numbers:
    plan = (i["K"], i["gamma"], i["alpha_one_sided"])
    return {"z": sequential.hwang_shih_decani(*plan), "cum_spend": sequential.hwang_shih_decani_spent(*plan)}


def confseq_normal_mixture(i: Numbers) -> Numbers:
    rho = sequential.mixture_rho(i["v_opt"], i["alpha"])
    return {"rho": rho, "two_sided_bound": sequential.mixture_bound(i["v"], rho, i["alpha"])}


def small_telescopes(i: Numbers) -> Numbers:
    return {
        "d33_one": replication.small_telescopes(i["one_sample_n"], i["one_sample_power"]),
        "d33_two": replication.small_telescopes(i["two_sample_n"], i["two_sample_power"], groups=2),
    }


def replicate_generic(i: Numbers) -> Numbers:
    both = replication.compare_estimates(i["e1"], i["se1"], i["e2"], i["se2"])
    at90 = replication.compare_estimates(i["e1"], i["se1"], i["e2"], i["se2"], confidence=0.90).interval
    return {
        "diff": both.difference,
        "se": both.se,
        "z": both.z,
        "low90": at90.low,
        "high90": at90.high,
        "avg": both.average,
        **ends(both.average_interval, "avg_"),
    }


def poisson_rate(i: Numbers) -> Numbers:
    return {"rate": i["count"] / i["exposure"], **ends(proportion.poisson_rate(i["count"], i["exposure"]), "")}


PROCEDURES: dict[str, Callable[[Numbers], Numbers]] = {
    "paired_t_sleep": paired_t_sleep,
    "wilcoxon_hollander_wolfe": wilcoxon_hollander_wolfe,
    "wilcoxon_R_asymptotic": wilcoxon_r_asymptotic,
    "tost_paired_lakens": tost_paired_lakens,
    "tost_paired_clinic_v1": tost_paired_clinic_v1,
    "paired_mean_summary_bonett": paired_mean_summary_bonett,
    "tango_extreme_n3": lambda i: difference(i, binary.tango(*changes(i))),
    "newcombe10_cavo": newcombe,
    "newcombe10_no_discordance": newcombe,
    "bonett_price_cavo": lambda i: difference(i, binary.bonett_price(*changes(i))),
    "bonett_price_statpsych": bonett_price_statpsych,
    "mcnemar_cavo": mcnemar_cavo,
    "conditional_or_ezra": conditional_or_ezra,
    "wilson_newcombe1998": wilson_newcombe1998,
    "clopper_zero": clopper_zero,
    "bootstrap_mean_R": bootstrap_mean_r,
    "bootstrap_t_aircondit": bootstrap_t_aircondit,
    "bca_acceleration_two_sample": bca_acceleration_two_sample,
    "bh_1995": bh_1995,
    "bh_adjusted": lambda i: {"adjusted": multiplicity.benjamini_hochberg(i["p"])},
    "gs_boundaries_K5": gs_boundaries_k5,
    "gs_hsd_gsdesign": gs_hsd_gsdesign,
    "confseq_normal_mixture": confseq_normal_mixture,
    "confseq_betting_ci": lambda i: ends(betting.betting(i["x"], 0, 1)),
    "small_telescopes": small_telescopes,
    "replicate_generic": replicate_generic,
    "icc_design_effect": lambda i: {"icc": clusters.icc_from_mean_squares(i["MSr"], i["MSe"], i["r"])},
    "poisson_rate": poisson_rate,
    "nist_zarr13": lambda i: ends(mean.t_summary(i["mean"], i["sd"], i["n"]).interval, ""),
    "law_school_corr": lambda i: {"r": correlation.pearson(i["lsat"], i["gpa"], seed=1).r},
}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_a_published_example_is_reproduced(entry: dict[str, Any]) -> None:
    """Every printed figure is reached within its own tolerance."""
    computed = PROCEDURES[entry["id"]](entry["inputs"])

    assert set(entry["expected"]) == set(computed)
    tolerance = entry["tolerance"]
    for key, expected in entry["expected"].items():
        absolute = tolerance.get(key, tolerance.get("default"))
        rtol, atol = (0, absolute) if absolute is not None else (tolerance["relative"], 0)
        np.testing.assert_allclose(
            np.asarray(computed[key], float), np.asarray(expected, float), rtol, atol, err_msg=key
        )


def test_every_procedure_has_its_published_example() -> None:
    """No entry is without a procedure, and no procedure without an entry."""
    assert {entry["id"] for entry in ENTRIES} == set(PROCEDURES)
