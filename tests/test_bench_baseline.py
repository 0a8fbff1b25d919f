"""The comparison with committed figures: by ratio alone, and only a fall by a third counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.baseline import about, fallen, read, written
from bench.page import part, placed

BEFORE = {"hot": {"ratio_to_floor": 0.9, "p99_ms": 10.0}, "engine": {"times_floor": 10.0}}


@pytest.mark.parametrize(
    ("now", "worse"),
    [
        ({"hot": {"ratio_to_floor": 0.61, "p99_ms": 900.0}}, set()),
        ({"hot": {"ratio_to_floor": 0.6}}, {("hot", "ratio_to_floor")}),
        ({"engine": {"times_floor": 14.9}}, set()),
        ({"engine": {"times_floor": 15.0}}, {("engine", "times_floor")}),
        ({"engine": {"times_floor": 5.0}, "new": {"times_floor": 99.0}}, set()),
    ],
)
def test_only_a_ratio_that_fell_by_a_third_is_told(
    now: dict[str, dict[str, float]], worse: set[tuple[str, str]]
) -> None:
    assert set(fallen(now, BEFORE)) == worse


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text(written(BEFORE))
    assert read(path) == BEFORE


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("[]")
    with pytest.raises(ValueError, match=r"other\.json holds no figures"):
        read(path)


def test_the_committed_figures_hold_what_is_promised() -> None:
    figures = read()
    assert figures["patient with ALL, chart opened again"]["ratio_to_floor"] >= 0.6
    assert figures["patient without ALL, chart opened again"]["ratio_to_floor"] >= 0.85
    assert figures["order-sign with 10 drafts, signed again"]["ratio_to_floor"] >= 0.5
    for name, row in figures.items():
        if name.endswith("again"):
            assert row["p99_ms"] < 50


def test_the_page_tells_the_committed_figures() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "performance.md").read_text(encoding="utf-8")
    assert placed(page, part(read(), about())) == page, (
        "python -m bench --output bench/baseline.json --page docs/performance.md"
    )
