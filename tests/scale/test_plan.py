"""The plan's arithmetic, against sums done by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.plan import Country, Figures, Load, NoFigures, main, plan

FIGURES = {"figures": {"patient with ALL, every chart new": {"requests_per_second": 100}, "patient without ALL, every chart new": {"requests_per_second": 500.0}}}  # fmt: skip


def values(load: Load) -> dict[str, float]:
    return {line.what: line.value for line in plan(load, Figures(100, 500))}


def test_a_country() -> None:
    country = Country()
    assert country.calls_a_year == 4.15e9  # 83 million * 10 * (3 + 2)
    assert round(country.calls_at_peak) == 1729  # 4.15e9 / 7.2e6 s * 3


def test_by_hand() -> None:
    found = values(Load(calls_at_peak=1000, calls_a_year=2e9, share=0.1))
    assert found["time of a call"] == pytest.approx(2.8)  # 0.1 * 10 ms + 0.9 * 2 ms
    assert found["workers at peak"] == 6  # 1000 * 2.8 ms / 0.5 = 5.6
    assert found["instances"] == 3  # 2 of 4 workers do; in any two of three zones there are two
    assert found["memory"] == pytest.approx(1.8)
    assert found["connections"] == 120
    assert found["traces"] == pytest.approx(4000)  # 2e9 * 0.1 * 4 * 5000 bytes
    assert found["feedback"] == pytest.approx(160)
    assert found["network"] == pytest.approx(840)


@pytest.mark.parametrize(("peak", "zones", "instances"), [(1, 1, 1), (1, 3, 3), (10_000, 1, 14), (10_000, 3, 21)])
def test_one_zone_may_fail(peak: float, zones: int, instances: int) -> None:
    found = values(Load(calls_at_peak=peak, calls_a_year=1e6, share=0.1, zones=zones))
    assert found["instances"] == instances
    assert zones == 1 or instances * (zones - 1) / zones * 4 >= found["workers at peak"]


def test_from_the_figures_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    file.write_text(json.dumps(FIGURES))
    told = CliRunner().invoke(main, ["--figures", str(file), "--calls-per-second", "1000", "--share", "0.1"])
    assert told.exit_code == 0, told.output
    assert "| workers at peak | 6 | cores | calls * time / 0.5 busy |" in told.output
    assert "Figures of figures.json" in told.output


@pytest.mark.parametrize(
    "text", ["[]", "x", '{"figures": {"patient with ALL, every chart new": {"requests_per_second": 0}}}']
)
def test_figures_that_are_none(text: str) -> None:
    with pytest.raises(NoFigures):
        Figures.read(text)


def test_half_of_the_figures() -> None:
    told = CliRunner().invoke(main, ["--with-all", "5"])
    assert told.exit_code == 1
    assert "belong together" in told.output
