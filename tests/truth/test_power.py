"""The figure of the smallest strengths is drawn from the table beside it, and counts as it says."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def power(monkeypatch):
    monkeypatch.chdir(ROOT)
    spec = importlib.util.spec_from_file_location("power_benchmark", ROOT / "benchmarks" / "power.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(power, supported):
    """Of ten seeds at each strength, so many SUPPORTED."""
    return [
        power.Row("family", "claim", strength, seed, "SUPPORTED" if seed < held else "INCONCLUSIVE", "")
        for strength, held in supported.items()
        for seed in range(10)
    ]


@pytest.mark.parametrize(("supported", "least"), [
    ({1.0: 10, 0.75: 9, 0.5: 8, 0.25: 10}, 0.75),
    ({1.0: 8, 0.75: 10}, None),
    ({1.0: 10, 0.75: 10, 0.5: 10, 0.25: 9}, 0.25),
])  # fmt: skip
def test_nine_of_ten_seeds_suffice_and_eight_do_not(power, supported, least):
    assert power.smallest(rows(power, supported)) == {("family", "claim"): least}


def test_the_figure_shows_the_table(power):
    assert power.PICTURE.read_text(encoding="utf-8") == power.picture(power.recorded())


def test_the_page_tells_the_smallest_strengths(power):
    page = (ROOT / "docs" / "truth.md").read_text(encoding="utf-8")
    for (_, claim), least in power.smallest(power.recorded()).items():
        assert f"| {claim} | {'none' if least is None else f'{least:g}'} |" in page
