"""The phase of treatment, named and concluded."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Reason
from service.record.model import Coverage
from tests.facts.course_support import ALL, FRESH, RELAPSE, aspirate, read
from tests.facts.fhir import (
    ICD,
    administration,
    condition,
    observation,
    procedure,
    resource,
    statement,
    status,
)  # fmt: skip

MAINTENANCE = (
    statement("mercaptopurine", "2024-06-01", state="active"), statement("methotrexate", "2024-06-01", state="active"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("resources", "phase"),
    [
        pytest.param([resource("CarePlan", status="active", title="Maintenance")], "maintenance", id="plan"),
        pytest.param([resource("EpisodeOfCare", status="active", type=[{"text": "Konsolidierung"}])], "consolidation",
                     id="episode"),
        pytest.param([resource("CarePlan", status="completed", title="Induction")], None, id="over"),
        pytest.param([resource("CarePlan", status="active", title="Induction", period={"end": "2025-01-01"})], None, id="ended"),
        pytest.param([resource("CarePlan", status="active", title="Induction", period={"start": "2025-07-01"})], None, id="ahead"),
        pytest.param([FRESH], "pre-treatment", id="no drug yet"),
        pytest.param([FRESH, administration("prednisone", "2025-05-20")], "pre-treatment", id="prephase"),
        pytest.param([FRESH, administration("vincristine", "2025-05-20")], "induction", id="first drugs"),
        pytest.param([FRESH, administration("vincristine", None)], None, id="undated drug"),
        pytest.param([ALL], None, id="old diagnosis without drugs"),
        pytest.param([condition("91857003", onsetDateTime="2024-01-01"), statement("vincristine", "2024-01-05", "2024-03-01"),
                      *MAINTENANCE], "maintenance", id="two gentle drugs"),
        pytest.param([condition("91857003", onsetDateTime="2024-01-01"), statement("vincristine", "2024-01-05", "2024-03-01"),
                      *MAINTENANCE, administration("cytarabine", "2025-05-01")], None, id="with an intensive one"),
        pytest.param([condition("91857003", onsetDateTime="2025-03-01"), *MAINTENANCE[:1]], None, id="one gentle drug"),
        pytest.param([condition("91857003", onsetDateTime="2020-01-01"), procedure("58390007", "2021-01-01")], "post-hct",
                     id="after transplant"),
        pytest.param([ALL, procedure("58390007", "2021-01-01"), RELAPSE], None, id="relapse after transplant"),
        pytest.param([ALL, procedure("58390007", "2021-01-01"), status("CR", "2022-01-01"), status("relapse", "2023-01-01")],
                     None, id="dated relapse after transplant"),
        pytest.param([], None, id="nothing"),
    ],
)  # fmt: skip
def test_treatment_phase(resources: list[Any], phase: str | None) -> None:
    assert read(*resources).value("treatment_phase") == phase


def test_phase_from_drugs_is_marked_and_needs_complete_lists() -> None:
    assert all(p.inferred for p in read(FRESH)["treatment_phase"].provenance)
    assert read(FRESH, coverage={"Condition": Coverage.COMPLETE}).value("treatment_phase") is None
    relapsed = read(FRESH, status("relapse", "2025-05-20"))
    assert relapsed.value("treatment_phase") is None


def test_two_plans_contradict_each_other() -> None:
    plans = [resource("CarePlan", status="active", title=title) for title in ("Maintenance", "Induction")]
    assert read(*plans)["treatment_phase"].reason is Reason.CONFLICTING


def marrow_and_drugs(first: str, *more: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Induction from a day on, and a marrow of 2025-05-26."""
    return (
        condition("91857003", onsetDateTime="2025-04-10"), administration("vincristine", first),
        aspirate(2, "2025-05-26"), *more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("resources", "phase"),
    [
        pytest.param(marrow_and_drugs("2025-04-28"), "end-of-induction", id="marrow on day 29"),
        pytest.param(marrow_and_drugs("2025-04-29"), "induction", id="marrow on day 28"),
        pytest.param(marrow_and_drugs("2025-04-20", administration("cytarabine", "2025-05-28")), None, id="consolidation begun"),
        pytest.param(
            (ALL, statement("vincristine", "2020-01-20", "2020-06-01"), statement("mercaptopurine", "2020-07-01", "2022-02-15")),
            "surveillance", id="frontline therapy over",
        ),
        pytest.param((ALL, statement("vincristine", "2020-01-20", "2020-06-01")), None, id="stopped early"),
        pytest.param(
            (ALL, status("CR", "2020-03-01"), statement("vincristine", "2020-01-20", "2020-06-01"),
             condition("C91.02", ICD, onsetDateTime="2025-05-05"), administration("mitoxantrone", "2025-05-12")),
            "reinduction", id="first drug after the relapse",
        ),
        pytest.param(
            (ALL, condition("C91.02", ICD, onsetDateTime="2025-03-05"), administration("mitoxantrone", "2025-03-12")), None,
            id="relapse treated long ago",
        ),
    ],
)  # fmt: skip
def test_concluded_phases(resources: tuple[dict[str, Any], ...], phase: str | None) -> None:
    fact = read(*resources)["treatment_phase"]
    assert fact.value == phase
    assert phase is None or any(p.inferred for p in fact.provenance)


@pytest.mark.parametrize(
    ("resources", "phase", "reason"),
    [
        pytest.param([resource("CarePlan", status="active", title="Interim Maintenance I")], None, Reason.NOT_DECIDED,
                     id="interim maintenance has no name"),
        pytest.param([resource("CarePlan", status="active", title="Reinduktion")], None, Reason.NOT_DECIDED, id="Reinduktion"),
        pytest.param([resource("CarePlan", status="active", title="Reinduktion"), RELAPSE], "reinduction", None,
                     id="Reinduktion after relapse"),
        pytest.param([resource("CarePlan", status="active", title="GMALL Reinduktion")], "intensification", None, id="GMALL"),
        pytest.param([resource("CarePlan", status="active", title="Protokoll Ib")], "consolidation", None, id="BFM protocol"),
        pytest.param([resource("CarePlan", status="active", title="Induction", period={"start": "2024-06-01"})], None,
                     Reason.STALE, id="a plan left open"),
        pytest.param([resource("CarePlan", status="active", title="Induction", period={"start": "2025-02-10"}),
                      resource("CarePlan", status="active", title="Consolidation", period={"start": "2025-05-01"})],
                     "consolidation", None, id="the newer plan"),
        pytest.param([observation(text="Therapiephase", valueString="Erhaltung")], "maintenance", None, id="observed"),
        pytest.param([observation(text="Treatment phase", on="2024-01-01", valueString="Induction")], None,
                     Reason.RECORD_EMPTY, id="observed long ago"),
        pytest.param([procedure(None, "2025-05-20", text="Chemotherapie GMALL 08/2013, Konsolidierung I")], "consolidation",
                     None, id="text of a treatment"),
        pytest.param([procedure(None, "2024-05-20", text="Chemotherapy, induction")], None, Reason.RECORD_EMPTY,
                     id="text of an old treatment"),
        pytest.param([resource("CarePlan", status="active", title="ALL", activity=[
            {"detail": {"status": "completed", "description": "Induction"}},
            {"detail": {"status": "in-progress", "description": "Delayed intensification"}}])], "intensification", None,
            id="activity in progress"),
        pytest.param([resource("CarePlan", status="active", title="Allo-HCT planned after consolidation")], None,
                     Reason.RECORD_EMPTY, id="planned"),
    ],
)  # fmt: skip
def test_named_phases(resources: list[dict[str, Any]], phase: str | None, reason: Reason | None) -> None:
    fact = read(ALL, *resources)["treatment_phase"]
    assert (fact.value, fact.reason) == (phase, reason)
