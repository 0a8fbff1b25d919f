"""The readers of the course as a whole: without a record, and on misshapen resources."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.facts.model import Facts, Reason
from tests.facts.course_support import ALL, READERS, RELAPSE, read
from tests.facts.fhir import (
    ICD,
    status,
)  # fmt: skip


def test_nothing_is_read_without_a_record() -> None:
    facts = Facts(date(2025, 6, 1), read().registry)
    names = [name for provider in READERS for name in provider.provides]
    assert {facts[name].reason for name in names} == {Reason.NOT_GIVEN}


VALUES = st.sampled_from(
    [None, 7, "", "x", [], {}, "2020", "2024-13-01", "second relapse", "CR2", ["remission"], {"text": "relapse"},
     {"coding": [{"code": "remission"}]}, {"coding": {"code": "C91.02", "system": ICD}}, [{"summary": {"text": "CR1"}}],
     {"reference": "Condition/x"}, True]
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(["code", "clinicalStatus", "onsetDateTime", "stage", "recordedDate"]), VALUES),
    st.dictionaries(
        st.sampled_from(["effectiveDateTime", "valueCodeableConcept", "valueString", "focus", "interpretation"]), VALUES
    ),
)
def test_nothing_raises(of_condition: dict[str, Any], of_status: dict[str, Any]) -> None:
    facts = read({**ALL, **of_condition}, {**status("CR1"), **of_status}, RELAPSE)
    for provider in READERS:
        for name in provider.provides:
            assert facts[name].known or facts[name].reason
