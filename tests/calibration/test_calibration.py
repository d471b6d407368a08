"""The certificate: our procedures reach their tabled rates, and a wrong procedure is caught."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from causal_claims.calibration import Rate, calibrate
from causal_claims.calibration.certificate import load_tables, tolerance
from causal_claims.calibration.families import FAMILIES
from causal_claims.calibration.simulate import SIMULATORS, _likely_tables, _t_of_table, missed
from causal_claims.statistics import binary, controls, mean, simultaneous

REDUCED = 1000


@pytest.mark.parametrize("section", list(SIMULATORS))
def test_our_procedures_reach_their_tabled_rates(section: str) -> None:
    """Every rate of the table, at a twentieth of its runs."""
    assert calibrate(REDUCED, seed=1, sections=[section]).off == ()


@pytest.mark.parametrize("method", [_t_of_table, binary.bonett_price, binary.tango, binary.melded])
@pytest.mark.parametrize(("n", "p", "q"), [(12, 0.3, 0.05), (25, 0.1, 0.1), (25, 0.9, 0.01), (40, 0.06, 0.02)])
def test_where_an_interval_begins_to_miss_is_where_it_misses_table_by_table(
    method: Any, n: int, p: float, q: float
) -> None:
    """Halving skips tables; asked one by one, they say the same."""
    likely = _likely_tables(n, p, q)
    tables = [(b, c, chance) for c, (bs, law) in likely.items() for b, chance in zip(bs, law, strict=True)]
    above = sum(chance for b, c, chance in tables if method(b, c, n).low > p - q)
    below = sum(chance for b, c, chance in tables if method(b, c, n).high < p - q)

    assert missed(lambda b, c: method(b, c, n), likely, p - q) == pytest.approx((100 * above, 100 * below), abs=1e-9)
    assert 0.999 < sum(chance for *_, chance in tables) <= 1 + 1e-12


@pytest.mark.calibration
@pytest.mark.parametrize("section", list(SIMULATORS))
def test_the_full_calibration_has_the_tables_own_runs(section: str) -> None:
    """20,000 runs, or 1,000 for tables of many heads."""
    assert calibrate(20_000, seed=2, sections=[section]).off == ()


def plain_t(D: np.ndarray, confidence: float = 0.95, bound: float = 1.0, long_tail: bool = True) -> mean.Ends:
    """Student's t passed off as the decision interval."""
    return mean.t_ends(mean.moments(D), confidence)


def normal_max_t(D: np.ndarray, *args: Any, **options: Any) -> simultaneous.Bands:
    """Uncorrected bands passed off as simultaneous ones."""
    m = mean.moments(D.T)
    return simultaneous.Bands(m.mean, m.mean - 1.96 * m.se, m.mean + 1.96 * m.se, 1.96, 0.95, "two")


def generous_rank(target: np.ndarray, random: np.ndarray) -> controls.Beats:
    """The rank p without counting the observed set in."""
    honest = controls_beats(target, random)
    return honest._replace(rank_p=honest.at_least_as_strong / honest.sets)


controls_beats = controls.beats

WRONG = {
    "t as the hull": (mean, "hull_ends", plain_t, "1.1"),
    "t as the decision": (mean, "hull_ends", plain_t, "1.2"),
    "uncorrected bands as max-t": (simultaneous, "max_t", normal_max_t, "2.1"),
    "a rank p that leaves the target out": (controls, "beats", generous_rank, "3"),
    "no interval for documents": (mean, "t_quantile", lambda df, confidence: 1.96, "1.6"),
    "too few non-zero differences allowed": (mean, "ENOUGH_NONZERO", 2, "1.2"),
}


@pytest.mark.parametrize(("module", "name", "wrong", "section"), WRONG.values(), ids=WRONG)
def test_a_wrong_procedure_is_caught(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, wrong: Any, section: str
) -> None:
    """Put in the place of the right one, it turns rates off at the reduced size."""
    monkeypatch.setattr(module, name, wrong)

    assert not calibrate(REDUCED, seed=1, sections=[section]).ok


def test_a_wrong_binary_interval_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bonett and Price's passed off as the melded one."""
    tables = load_tables()
    tables["1.4"]["rows"] = tables["1.4"]["rows"][:2]
    monkeypatch.setattr("causal_claims.calibration.certificate.load_tables", lambda: tables)
    monkeypatch.setattr(binary, "melded", binary.bonett_price)

    assert {rate.quantity.split()[0] for rate in calibrate(REDUCED, 1, ["1.4"]).off} == {"melded"}


def test_the_seed_fixes_every_rate_whatever_sections_are_asked_for() -> None:
    """A section alone has the rates that it has among others."""
    alone, among = calibrate(200, 3, ["1.7"]), calibrate(200, 3, ["1.6", "1.7"])

    assert alone.rates == among.rates[-len(alone.rates) :]
    assert calibrate(200, 4, ["1.7"]).rates != alone.rates


def test_a_certificate_goes_into_a_ledger_as_plain_values() -> None:
    """Written and read back, it says the same."""
    certificate = calibrate(200, 3, ["1.7"])
    written = json.loads(json.dumps(certificate.to_json()))

    assert certificate.to_json() == written
    assert {"section": "1.7", "case": {"data": "normal", "n": 16, "z": 2}}.items() <= written["rates"][0].items()
    assert repr(certificate) == "calibration of 6 rates, 200 runs, seed 3: 0 off"


def test_a_rate_is_off_beyond_its_tolerance() -> None:
    """And says itself in one line."""
    rate = Rate("1.1", {"data": "normal", "n": 8}, "t below", 3.2, 2.4, 2.4, 0.5, 1000)

    assert repr(rate) == "1.1 data normal, n 8: t below 3.20 %, table 2.4 %, off"
    assert Rate("3", {}, "refuted", 5.8, 0.7, 5.4, 0.5, 1000).verdict == "ok"


def test_the_tolerance_counts_both_simulations() -> None:
    """Four standard errors of the difference, .05 for rounding, and one event of ours."""
    expected = 4 * 100 * np.sqrt(0.5 * 0.5 * (1 / 1000 + 1 / 20_000)) + 0.05 + 0.1

    assert pytest.approx(expected) == tolerance(50, 50, 1000, 20_000)
    assert tolerance(50, 50, None, 20_000) < tolerance(50, 50, 20_000, 20_000) < tolerance(50, 50, 1000, 20_000)


def test_a_right_procedure_is_seldom_called_off_and_a_table_entry_near_zero_is_no_exception() -> None:
    """10,000 pairs of simulations of one rate, for each of several rates: fewer than 1 in 2,000 too far apart."""
    rng = np.random.default_rng(5)
    for rate in (0.0002, 0.002, 0.025, 0.3):
        ours = 100 * rng.binomial(1000, rate, 10_000) / 1000
        table = np.round(100 * rng.binomial(20_000, rate, 10_000) / 20_000, 1)
        far = [abs(a - b) > tolerance(a, b, 1000, 20_000) for a, b in zip(ours, table, strict=True)]
        assert np.mean(far) < 1 / 2000


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_has_the_mean_and_spread_it_states(name: str) -> None:
    """400,000 draws; the third moment of t3 is infinite, so its spread is only near."""
    family = FAMILIES[name]
    draws = family.draw(np.random.default_rng(6), (400_000,))

    assert pytest.approx(family.mean, abs=5 * family.sd / np.sqrt(400_000)) == draws.mean()
    assert pytest.approx(family.sd, rel=0.1 if name == "t3" else 0.03) == draws.std()


def test_every_table_has_its_simulator_and_says_what_it_leaves_out() -> None:
    """And its rows are as long as their headings."""
    tables = load_tables()

    assert list(tables) == list(SIMULATORS)
    for table in tables.values():
        assert table["title"]
        assert table["note"]
        assert {len(row) for row in table["rows"]} == {len(table["by"]) + len(table["columns"])}


def test_an_unknown_table_and_too_few_runs_are_refused() -> None:
    """With what there is."""
    with pytest.raises(ValueError, match=r"there is no table '9\.9'; there are: 1\.1, 1\.2"):
        calibrate(1000, 1, ["9.9"])
    with pytest.raises(ValueError, match="at least 20 runs; 5 were asked for"):
        calibrate(5, 1)
