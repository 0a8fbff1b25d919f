"""The site of a relapse by what was found around it, and events outside the marrow."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.course.site_text import last_relapse_in
from service.facts.model import Facts, Interval, Reason
from tests.facts.course_support import ALL, REMISSION, aspirate
from tests.facts.fhir import GM, condition, observation, status
from tests.facts.support import facts_of


def read(*resources: dict[str, Any]) -> Facts:
    """All facts of the service."""
    return facts_of(*resources)


def cytology(text: str, on: str) -> dict[str, Any]:
    """A CSF cytology."""
    return observation("26447-3", on, valueString=text)


FREE = observation(text="Extramedullary disease", on="2025-05-06", valueBoolean=False)
NEW = condition("12301000132103", onsetDateTime="2025-05-05")


@pytest.mark.parametrize(
    ("found", "site", "marrow", "cns"),
    [
        pytest.param([aspirate(60, "2025-05-04")], None, True, None, id="marrow"),
        pytest.param([aspirate(60, "2025-05-04"), cytology("no blasts", "2025-05-06")], None, True, False, id="rest not said"),
        pytest.param([aspirate(60, "2025-05-04"), cytology("no blasts", "2025-05-06"), FREE], "isolated-marrow", True, False,
                     id="all looked for"),
        pytest.param([aspirate(60, "2025-05-04"), observation(text="CNS status", on="2025-05-06", valueString="CNS3")],
                     "combined", True, True, id="combined"),
        pytest.param([aspirate(1, "2025-05-04"), condition("722795004", onsetDateTime="2025-05-05")], None, False, True,
                     id="CNS, testes not said"),
        pytest.param([aspirate(5, "2025-05-04")], None, None, None, id="five percent is neither"),
        pytest.param([aspirate(1, "2025-05-30")], None, None, None, id="cleared by treatment"),
        pytest.param([aspirate(60, "2025-01-04")], None, None, None, id="of another time"),
    ],
)  # fmt: skip
def test_site_by_results(found: list[dict[str, Any]], site: str | None, marrow: bool | None, cns: bool | None) -> None:
    facts = read(ALL, NEW, *found)
    names = ("relapse_site", "marrow_relapse", "cns_involvement_at_relapse")
    assert tuple(facts.value(name) for name in names) == (site, marrow, cns)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("1. Rezidiv 11/2021 (KM); 2. Rezidiv 09/2024 (ZNS)", "2. Rezidiv 09/2024 (ZNS)"),
        ("second relapse (CNS), first relapse (marrow)", "second relapse (CNS)"),
        ("relapse in marrow and CNS", "relapse in marrow and CNS"),
        ("relapse of the marrow; relapse of the CNS", "relapse of the marrow; relapse of the CNS"),
    ],
)
def test_the_last_of_several_relapses(text: str, part: str) -> None:
    assert last_relapse_in(text).strip() == part


def test_the_site_of_a_second_relapse_says_nothing_of_the_timing_of_the_first() -> None:
    story = "c-ALL, ED 02/2019; 1. Rezidiv 11/2021 (KM + ZNS); CR2 01/2022; 2. Rezidiv 09/2024 (isoliert extramedullär)"
    facts = read(condition("C91.00", GM, text=story, recordedDate="2024-09-20"))
    assert facts.value("relapse_site") == "isolated-extramedullary"
    assert facts.value("relapse_number") == 2.0
    months = facts.value("months_diagnosis_to_relapse")
    assert isinstance(months, Interval)
    assert (months.at_least(32), months.at_most(34)) == (True, True)
    assert facts.value("relapse_timing") is None


def test_a_marrow_involved_settles_the_limit_of_timing() -> None:
    facts = read(ALL, condition("12301000132103", onsetDateTime="2022-03-01"), aspirate(60, "2022-03-01"))
    assert facts.value("relapse_timing") == "early"


def test_leukemia_of_the_cns_long_after_diagnosis_is_a_relapse() -> None:
    cns = condition("61301000119102", onsetDateTime="2025-04-01")
    facts = read(REMISSION, cns)
    assert facts["disease_state"].reason is Reason.CONFLICTING
    assert facts.value("relapse_number") == 1.0
    assert read(ALL, condition("61301000119102", onsetDateTime="2020-01-20")).value("relapse_number") is None


def test_an_undated_second_remission_keeps_from_counting_none() -> None:
    facts = read(ALL, status("CR2", None))
    assert facts.value("relapse_number") == Interval(low=1)
    assert facts["response"].reason is Reason.UNDATED


def test_a_condition_in_relapse_by_status_is_dated_by_its_onset_if_the_disease_is_older() -> None:
    first = condition("91857003", status="inactive", onsetDateTime="2018-05-01")
    facts = read(first, condition("91857003", status="relapse", onsetDateTime="2024-12-01"))
    assert facts.value("months_diagnosis_to_relapse") == 79.0
    twice = read(first, condition("91857003", status="relapse", onsetDateTime="2018-05-03"))
    assert twice["months_diagnosis_to_relapse"].reason is Reason.UNDATED


def test_molecular_relapse_names_no_site_of_blasts() -> None:
    facts = read(
        condition("91857003", text="B-ALL in hematologic CR1, molecular relapse 04/2025", onsetDateTime="2023-02-01")
    )
    assert (facts.value("relapse_site"), facts.value("marrow_relapse")) == ("molecular", None)
    assert (facts.value("disease_state"), facts.value("remission_number")) == ("in-remission", 1.0)
    assert facts.value("relapse_number") == 0.0
