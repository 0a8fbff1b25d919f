"""Why nothing was found: the sentence names only what was asked for and did not come."""

from __future__ import annotations

import pytest

from service.content import read_terminology
from service.facts.absence import absent
from service.facts.model import Facts, Reason
from service.facts.registry import REGISTRY
from service.record.model import Coverage, PatientRecord
from service.services import SERVICES
from tests.advice.support import AS_OF

ABSENT, FAILED, PARTIAL, EMPTY, COMPLETE = (
    Coverage.ABSENT, Coverage.FAILED, Coverage.PARTIAL, Coverage.EMPTY, Coverage.COMPLETE,
)  # fmt: skip


@pytest.mark.parametrize(
    ("coverage", "reason", "said"),
    [
        ({"CarePlan": EMPTY}, Reason.RECORD_EMPTY, "the record holds no CarePlan"),
        ({"CarePlan": COMPLETE}, Reason.RECORD_EMPTY, "no CarePlan says it"),
        ({"CarePlan": ABSENT}, Reason.NOT_PROVIDED, "the request did not bring CarePlan"),
        ({"CarePlan": FAILED}, Reason.FETCH_FAILED, "reading CarePlan failed"),
        ({"CarePlan": EMPTY, "EpisodeOfCare": ABSENT}, Reason.NOT_PROVIDED, "the request did not bring EpisodeOfCare"),
        ({"CarePlan": PARTIAL, "EpisodeOfCare": COMPLETE}, Reason.INCOMPLETE, "only a part of CarePlan arrived"),
        (
            {"CarePlan": EMPTY, "EpisodeOfCare": EMPTY},
            Reason.RECORD_EMPTY,
            "the record holds no CarePlan/EpisodeOfCare",
        ),
        ({}, Reason.NOT_PROVIDED, "the request did not bring CarePlan/EpisodeOfCare"),
    ],
)
def test_only_what_was_asked_for_and_is_missing_is_named(
    coverage: dict[str, Coverage], reason: Reason, said: str
) -> None:
    record = PatientRecord("p1", None, (), coverage, read_terminology())
    fact = absent(Facts(AS_OF, REGISTRY, record), "treatment_phase", "CarePlan", "EpisodeOfCare", what="the phase")
    assert (fact.reason, fact.detail) == (reason, f"the phase: {said}")


def test_the_type_of_these_cases_is_asked_for_by_no_key() -> None:
    asked = {kind for service in SERVICES for types in service.resource_types.values() for kind in types}
    assert "CarePlan" in asked
    assert "EpisodeOfCare" not in asked
