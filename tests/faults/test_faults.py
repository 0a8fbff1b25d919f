"""Each fault of ``python -m bench.faults``, briefly: real processes under load, and what must hold afterwards."""

from __future__ import annotations

import pytest

from bench.faults import CASES, Case, run, wrong


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=[pytest.mark.postgresql] if case.on == "postgresql" else [])
        for case in CASES
    ],
)
def test_nothing_acknowledged_is_lost_and_all_that_is_refused_says_so(case: Case) -> None:
    if lacks := case.missing():
        pytest.skip(lacks)
    account, stored, _ = run(case, seconds=1.0, number=4)
    assert account.acknowledged
    assert wrong(case, account, stored) == []
