"""Tyrosine kinase inhibitors: taken, failed, not tolerated, of the induction."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason, TokenSet
from tests.facts.fhir import administration, condition, request, statement
from tests.facts.therapy_cases import ALL, PARTIAL, RELAPSE, read

STOPPED = {"statusReason": [{"text": "molecular progression"}]}


@pytest.mark.parametrize(
    ("resources", "failures"),
    [
        pytest.param([], 0.0, id="none taken"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped", **STOPPED)], 1.0, id="progression"),
        pytest.param([request("dasatinib", "2024-02-01", status="stopped", statusReason={"text": "T315I"})], 1.0,
                     id="an order stopped for resistance was taken"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped",
                                statusReason=[{"text": "pleural effusion, intolerance"}])], 0.0, id="intolerance"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped",
                                note=[{"text": "stopped: resistance"}])], 1.0, id="note"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", note=[{"text": "started for relapse"}])], None,
                     id="a note about the start"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01")], None, id="ended without reason"),
        pytest.param([RELAPSE, statement("dasatinib", "2024-02-01", "2025-03-01")], 1.0, id="relapse while on it"),
        pytest.param([RELAPSE, statement("dasatinib", "2024-02-01", state="active")], 1.0, id="relapse, continued"),
        pytest.param([RELAPSE, statement("ponatinib", "2025-03-01", state="active")], 0.0, id="begun after relapse"),
        pytest.param([statement("imatinib", "2024-01-20", "2024-05-01", state="stopped", **STOPPED),
                      statement("dasatinib", "2024-05-02", "2024-08-01")], Interval(1, 2), id="one failed, one open"),
    ],
)  # fmt: skip
def test_tki_failures(resources: list[Any], failures: object) -> None:
    assert read(ALL, *resources).value("prior_tki_failures") == failures


def test_tki_failures_on_partial_lists() -> None:
    failed = statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped", **STOPPED)
    assert read(ALL, failed, coverage=PARTIAL).value("prior_tki_failures") == Interval(low=1)
    assert read(ALL, coverage=PARTIAL)["prior_tki_failures"].reason is Reason.INCOMPLETE
    taken = read(ALL, statement("dasatinib", state="active"), coverage=PARTIAL)
    assert taken["prior_tki_failures"].reason is Reason.NOT_DECIDED
    listed = taken.value("prior_tkis")
    assert isinstance(listed, TokenSet)
    assert (listed.includes("dasatinib"), listed.includes("ponatinib")) == (True, None)


def test_prior_tkis() -> None:
    listed = read(ALL, statement("dasatinib"), request("ponatinib", "2025-05-30")).value("prior_tkis")
    assert isinstance(listed, TokenSet)
    found = [listed.includes(name) for name in ("dasatinib", "ponatinib", "imatinib")]
    assert found == [True, None, False]
    assert read(ALL, coverage={})["prior_tkis"].reason is Reason.NOT_PROVIDED


FIRST = administration("vincristine", "2024-01-20")


@pytest.mark.parametrize(
    ("resources", "tki"),
    [
        pytest.param([FIRST, statement("dasatinib", "2024-02-01", state="active")], "dasatinib", id="first weeks"),
        pytest.param([FIRST, statement("ponatinib", "2025-02-01", state="active")], "none", id="later"),
        pytest.param([FIRST], "none", id="no TKI"),
        pytest.param([FIRST, request("dasatinib", "2024-02-01")], None, id="only ordered"),
        pytest.param([FIRST, statement("dasatinib", state="active")], None, id="undated"),
        pytest.param([FIRST, statement("imatinib", "2024-01-20", "2024-02-10"), statement("dasatinib", "2024-02-11")], None,
                     id="switched"),
        pytest.param([], None, id="no drugs of that time"),
    ],
)  # fmt: skip
def test_induction_tki(resources: list[Any], tki: str | None) -> None:
    fact = read(ALL, *resources)["induction_tki"]
    assert fact.value == tki
    assert tki is None or all(p.inferred for p in fact.provenance)


def test_induction_tki_without_date_of_diagnosis() -> None:
    undated = condition("91857003")
    drugs = [FIRST, statement("dasatinib", "2024-02-01")]
    assert read(undated, *drugs).value("induction_tki") == "dasatinib"
    assert read(undated, *drugs, coverage=PARTIAL).value("induction_tki") is None
    assert read(undated)["induction_tki"].reason is Reason.RECORD_EMPTY
