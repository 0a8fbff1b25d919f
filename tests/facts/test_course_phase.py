"""The phase of treatment, named and concluded."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Reason
from service.record.model import Coverage
from tests.facts.course_support import ALL, FRESH, RELAPSE, read
from tests.facts.fhir import (
    administration,
    condition,
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
