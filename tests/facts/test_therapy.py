"""Whatever comes, the readers of therapy give a value or a reason."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.facts.course import conditioning, hct, planned
from service.facts.model import Facts, Reason
from tests.facts.fhir import ATC
from tests.facts.support import facts_of
from tests.facts.therapy_cases import ALL, READERS, RELAPSE, read

EVERY = (*READERS, *hct.PROVIDERS, *planned.PROVIDERS, *conditioning.PROVIDERS)


def test_nothing_is_read_without_a_record() -> None:
    facts = Facts(date(2025, 6, 1), read().registry)
    names = [name for provider in EVERY for name in provider.provides]
    assert {facts[name].reason for name in names} == {Reason.NOT_GIVEN}


VALUES = st.sampled_from(
    [None, 7, "", "x", [], {}, "2020", {"text": "dasatinib"}, {"coding": [{"code": "L01EA02", "system": ATC}]}, "active",
     [{"route": {"text": "oral"}}], {"route": "IT"}, {"start": 3}, {"start": "2024-01-01", "end": "2020-01-01"}, [None], True]
)  # fmt: skip


@given(
    st.sampled_from(["MedicationStatement", "MedicationRequest", "MedicationAdministration", "MedicationDispense", "Procedure"]),
    st.dictionaries(
        st.sampled_from(
            ["status", "medicationCodeableConcept", "medicationReference", "effectivePeriod", "effectiveDateTime", "dosage",
             "dosageInstruction", "statusReason", "note", "intent", "dispenseRequest", "reportedReference", "usedCode", "outcome",
             "code", "partOf", "daysSupply", "whenHandedOver", "bodySite", "reasonCode", "dateAsserted"]
        ),
        VALUES,
    ),
)  # fmt: skip
def test_nothing_raises(kind: str, entry: dict[str, Any]) -> None:
    facts = facts_of(ALL, {"resourceType": kind, **entry}, RELAPSE)
    for provider in EVERY:
        for name in provider.provides:
            assert facts[name].known or facts[name].reason
