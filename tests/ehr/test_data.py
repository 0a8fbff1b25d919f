"""What the EHR brings and what the service fetches: the cards are the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ehr.client import TOKEN, Ehr
from tests.ehr.conftest import FHIR_TOKEN, Clinic

PATIENT = "relapsed-ph-positive-t315i"


def said(cards: list[dict[str, Any]]) -> list[Any]:
    """Cards without what is new in each answer."""
    return [
        {**card, "uuid": None, "suggestions": [one["actions"] for one in card.get("suggestions", ())]} for card in cards
    ]


def test_discovery_tells_an_ehr_all_it_needs(ehr: Ehr) -> None:
    services = ehr.discover()
    assert {"patient-view", "order-select", "order-sign", "order-dispatch"} <= {one["hook"] for one in services}
    assert len({one["id"] for one in services}) == len(services)
    for one in services:
        assert one["description"]
        for template in one["prefetch"].values():
            assert set(TOKEN.findall(template)) == {"patientId"}
            assert "?" in template or template.startswith("Patient/")


@pytest.mark.parametrize("page", [50, 3])
@pytest.mark.parametrize("keys", [(), ("patient", "conditions"), ("observations", "reports")])
def test_what_is_not_sent_is_fetched(keys: tuple[str, ...], page: int, clinic: Clinic) -> None:
    ehr = clinic.ehr
    patient = clinic.admit(PATIENT)
    whole = said(ehr.call("patient-view", patient))
    assert whole
    ehr.server.page = page
    try:
        body = ehr.request("patient-view", patient, keys)
        ehr.server.asked.clear()
        answer = ehr.send("/allcue-patient-view", body)
    finally:
        ehr.server.page = 50
    assert said(answer.json()["cards"]) == whole
    sent = {ehr.fill_path(ehr.templates["allcue-patient-view"][key], patient).partition("?")[0] for key in keys}
    asked = {path.removeprefix("/fhir/").partition("?")[0] for path in ehr.server.asked}
    assert asked
    assert not asked & sent


def test_without_a_good_access_token_the_required_data_are_asked_for(clinic: Clinic) -> None:
    ehr = clinic.ehr
    body = ehr.request("patient-view", clinic.admit(PATIENT), ())
    body["fhirAuthorization"]["access_token"] = "not-good"
    refused = ehr.send("/allcue-patient-view", body)
    assert refused.status_code == 412
    assert refused.json()["resourceType"] == "OperationOutcome"
    assert FHIR_TOKEN not in clinic.log.read_text()
    assert "not-good" not in clinic.log.read_text()


def test_where_the_rest_cannot_be_had_the_cards_say_so(clinic: Clinic) -> None:
    """Patient and problems sent, the rest not, and no access token: nothing is taken for absent."""
    ehr = clinic.ehr
    body = ehr.request("patient-view", clinic.admit(PATIENT), ("patient", "conditions"))
    del body["fhirAuthorization"]
    cards = ehr.send("/allcue-patient-view", body).json()["cards"]
    assert any("Missing to decide" in card["summary"] or "could not" in card["summary"] for card in cards)


def test_only_what_was_asked_for_and_did_not_come_is_named(clinic: Clinic) -> None:
    """A search that found nothing is an answer; what no prefetch key asks for cannot be brought."""
    ehr = clinic.ehr
    body = ehr.request("patient-view", clinic.admit(PATIENT))
    del body["fhirAuthorization"]
    assert not body["prefetch"]["care-plans"].get("entry")
    told = "\n".join(card["detail"] for card in ehr.send("/allcue-patient-view", body).json()["cards"])
    assert "the phase of treatment: the record holds no CarePlan)" in told
    assert "did not bring" not in told
    del body["prefetch"]["care-plans"]
    told = "\n".join(card["detail"] for card in ehr.send("/allcue-patient-view", body).json()["cards"])
    assert "the phase of treatment: the request did not bring CarePlan)" in told
    assert "EpisodeOfCare" not in told


def test_a_chart_without_leukemia_is_silent(clinic: Clinic) -> None:
    assert clinic.ehr.call("patient-view", clinic.admit("not-a-leukemia-patient")) == []
