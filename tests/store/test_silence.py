"""Over HTTP, as a clinician meets it: what an override silences, what lifts that, and for whom it holds."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from fhir_examples.request import day_of, request_of
from service.advice.reasons import JUSTIFYING, OVERRIDE_REASONS
from service.ahead import Ahead
from service.app import create_app
from service.hooks.caller import Caller, identify
from service.kept import Kept, open_store
from service.services import SERVICES
from service.settings import Settings
from service.store.database import Database
from service.store.tables import SUPPRESSIONS, TRACES
from service.wiring import Clinic, build_clinic
from tests.store.support import REASON
from tests.test_examples import bundle

Raw = dict[str, Any]
SECRET = "not a secret: only for tests, 32+"
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
NORTH, SOUTH = "https://north.example.org/fhir", "https://south.example.org/fhir"


@pytest.fixture(scope="module")
def content() -> Clinic:
    return build_clinic()


class Ehr:
    """A client that opens charts, writes orders and tells what became of the cards."""

    def __init__(self, content: Clinic, kept: Kept, settings: Settings, patient: str):
        self.kept, self.patient = kept, patient
        self.day = day_of(patient)
        clinic = replace(content, as_of=self.day, memory=kept.memory, ahead=Ahead())
        self.app = create_app(settings, clinic.decide, SERVICES, kept=kept)
        self.caller = Caller("")
        self.app.before_request(lambda: identify(self.caller))

    def ask(
        self, told: Raw | None = None, hook: str = "patient-view", server: str | None = None, **context: Any
    ) -> list[Raw]:
        request = request_of(told or bundle(self.patient), str(uuid.uuid4()), hook, context)
        if server is not None:
            request["fhirServer"] = server
        answer = self.app.test_client().post(f"/cds-services/allcue-{hook}", json=request)
        assert answer.status_code == 200, answer.text
        cards: list[Raw] = answer.json["cards"]
        return cards

    def order(self, *drugs: str, hook: str = "order-sign", ids: str = "abc") -> list[Raw]:
        return self.ask(hook=hook, draftOrders=drafts(self.patient, drugs, ids), **(
            {"selections": [f"MedicationRequest/{ids[0]}"]} if hook == "order-select" else {}))  # fmt: skip

    def override(
        self, card: Raw, reason: tuple[str, str] | None = REASON, hook: str = "patient-view", ago: int = 0
    ) -> None:
        """Days ``ago``, told now."""
        assert self.kept.writer.flush(20)
        at = (datetime.now(UTC) - timedelta(days=ago)).isoformat()
        item: Raw = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": at}
        if reason is not None:
            item["overrideReason"] = {"reason": {"system": reason[0], "code": reason[1]}}
        answer = self.app.test_client().post(f"/cds-services/allcue-{hook}/feedback", json={"feedback": [item]})
        assert answer.status_code == 200, answer.text

    def silence(self, cards: list[Raw], hook: str = "patient-view") -> None:
        for card in cards:
            self.override(card, hook=hook)


@pytest.fixture
def kept(database: Database, url: str) -> Iterator[Kept]:
    made = open_store(Settings(database_url=url, site_secret=SECRET))
    yield made
    made.writer.close()
    made.database.close()


@pytest.fixture
def ehr_of(content: Clinic, kept: Kept, url: str) -> Any:
    settings = Settings(database_url=url, site_secret=SECRET)
    return lambda patient: Ehr(content, kept, settings, patient)


def drafts(patient: str, drugs: tuple[str, ...], ids: str) -> Raw:
    subject = {"reference": f"Patient/{patient_id(bundle(patient))}"}
    rows = [
        {"resource": {"resourceType": "MedicationRequest", "id": one, "status": "draft", "intent": "order",
                      "subject": subject, "medicationCodeableConcept": {"text": drug}}}
        for one, drug in zip(ids, drugs, strict=False)
    ]  # fmt: skip
    return {"resourceType": "Bundle", "type": "collection", "entry": rows}


def patient_id(told: Raw) -> str:
    rows = (entry["resource"] for entry in told["entry"])
    return str(next(row["id"] for row in rows if row["resourceType"] == "Patient"))


def kinds(cards: list[Raw]) -> list[str]:
    """What cards are about, without what differs in detail."""
    return [card["summary"].partition(":")[0] for card in cards]


def with_result(patient: str, code: Raw, **value: Any) -> Raw:
    """The patient with one more result, of the day of the call."""
    told = copy.deepcopy(bundle(patient))
    result = {"resourceType": "Observation", "id": "one-more", "status": "final", "code": code, **value,
              "subject": {"reference": f"Patient/{patient_id(told)}"}, "effectiveDateTime": str(day_of(patient))}  # fmt: skip
    told["entry"].append({"resource": result})
    return told


def coded(code: str) -> Raw:
    return {"coding": [{"system": LOINC, "code": code}]}


def count(value: float, unit: str) -> Raw:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


MRD = "mrd-positive-second-remission"
LATE = "late-relapse-ph-negative"
NEW = "new-ph-positive-70"
ASPARAGINASE = "asparaginase-pancreatitis-grade-3"
T315I = "relapsed-ph-positive-t315i"


def new_mrd() -> Raw:
    told = copy.deepcopy(bundle(MRD))
    old = next(e["resource"] for e in told["entry"] if "residual disease" in json.dumps(e["resource"].get("code", {})))
    newer = {**copy.deepcopy(old), "id": "newer-mrd", "effectiveDateTime": str(day_of(MRD))}
    told["entry"].append({"resource": newer})
    return told


def new_karyotype() -> Raw:
    return with_result(LATE, coded("29770-5"), valueString="46,XX,t(4;11)(q21;q23)[18]/46,XX[2]")


def new_count() -> Raw:
    return with_result(NEW, coded("6690-2"), valueQuantity=count(1.1, "10*3/uL"))


def another_product() -> Raw:
    told = copy.deepcopy(bundle(ASPARAGINASE))
    given = {"resourceType": "MedicationAdministration", "id": "one-more", "status": "completed",
             "subject": {"reference": f"Patient/{patient_id(told)}"}, "effectiveDateTime": str(day_of(ASPARAGINASE)),
             "medicationCodeableConcept": {"text": "calaspargase pegol"}}  # fmt: skip
    told["entry"].append({"resource": given})
    return told


@pytest.mark.parametrize(
    ("patient", "changed", "speaks"),
    [
        (MRD, new_mrd, "MRD positive"),
        (MRD, new_mrd, "Relapsed or refractory Ph-negative ALL"),
        (LATE, new_karyotype, "Relapsed or refractory Ph-negative ALL"),
        (NEW, new_count, "Induction for Ph-positive ALL"),
        (ASPARAGINASE, another_product, "Being taken now"),
    ],
    ids=["mrd-referral", "mrd-options", "karyotype", "white-count", "another-drug"],
)
def test_a_fact_that_changes_lifts_the_silence(ehr_of: Any, patient: str, changed: Any, speaks: str) -> None:
    ehr = ehr_of(patient)
    cards = ehr.ask()
    assert speaks in kinds(cards)
    ehr.silence(cards)
    assert ehr.ask() == []
    assert speaks in kinds(ehr.ask(changed()))


def test_a_fact_that_nothing_rests_on_lifts_nothing(ehr_of: Any) -> None:
    ehr = ehr_of(T315I)
    ehr.silence(ehr.ask())
    assert ehr.ask(with_result(T315I, coded("2951-2"), valueQuantity=count(140, "mmol/L"))) == []


@pytest.mark.parametrize(
    "reason",
    [
        None,
        (REASON[0], "recipient-disagrees-evidence"),
        (REASON[0], "cds-suboptimal-context"),
        ("urn:of:the:ehr", REASON[1]),
        (REASON[0], "no-such-code"),
    ],
)
def test_without_a_justifying_reason_it_keeps_speaking(ehr_of: Any, reason: tuple[str, str] | None) -> None:
    ehr = ehr_of(MRD)
    cards = ehr.ask()
    for card in cards:
        ehr.override(card, reason)
    assert kinds(ehr.ask()) == kinds(cards)


def test_every_reason_is_on_the_cards_and_is_decided() -> None:
    offered = {(reason["system"], reason["code"]) for reason in OVERRIDE_REASONS}
    assert offered >= JUSTIFYING
    assert {code for _, code in offered - JUSTIFYING} == {"recipient-disagrees-evidence", "cds-suboptimal-context"}


def test_time_counts_from_the_override_not_from_when_it_is_told(ehr_of: Any, kept: Kept) -> None:
    ehr = ehr_of(MRD)
    first, second, *_ = ehr.ask()
    ehr.override(first, ago=8)
    ehr.override(second, ago=-30)  # the clock of a client that goes wrong
    again = kinds(ehr.ask())
    assert kinds([first])[0] in again
    assert kinds([second])[0] not in again
    with kept.database.reading() as connection:
        until = connection.execute(select(SUPPRESSIONS.c.until).order_by(SUPPRESSIONS.c.until.desc())).scalars().first()
    assert until is not None
    assert until <= datetime.now(UTC).timestamp() + 7 * 86400


def test_it_holds_for_everybody_who_treats_the_patient(ehr_of: Any) -> None:
    ehr = ehr_of(MRD)
    ehr.silence(ehr.ask(userId="Practitioner/one"))
    assert ehr.ask(userId="Practitioner/two") == []


def test_patients_of_another_server_are_others(ehr_of: Any) -> None:
    ehr = ehr_of(MRD)
    cards = ehr.ask(server=NORTH)
    ehr.silence(cards)
    assert ehr.ask(server=NORTH) == []
    assert ehr.ask(server=f"{NORTH}/") == []
    assert kinds(ehr.ask(server=SOUTH)) == kinds(cards)
    assert kinds(ehr.ask()) == kinds(cards)


@pytest.mark.parametrize(
    "other", [Caller("another"), Caller("ehr", tenant="south"), Caller("ehr")], ids=["client", "tenant", "no tenant"]
)
def test_patients_of_another_client_or_tenant_are_others(ehr_of: Any, other: Caller) -> None:
    ehr = ehr_of(MRD)
    ehr.caller = Caller("ehr", tenant="north")
    cards = ehr.ask()
    ehr.silence(cards)
    assert ehr.ask() == []
    ehr.caller = other
    assert kinds(ehr.ask()) == kinds(cards)


def test_what_stops_a_signature_is_never_silenced(ehr_of: Any) -> None:
    ehr = ehr_of(T315I)
    for hook in ("order-select", "order-sign"):
        (card, *_) = ehr.order("dasatinib", hook=hook)
        assert card["indicator"] == "critical"
        ehr.override(card, hook=hook)
        for again in (("dasatinib",), ("imatinib",), ("dasatinib", "prednisone")):
            assert ehr.order(*again, hook=hook)[0]["indicator"] == "critical"


@pytest.mark.parametrize(
    ("patient", "first", "then"),
    [
        (T315I, ("vincristine", "voriconazole"), ("vincristine", "itraconazole")),
        (T315I, ("vincristine", "voriconazole"), ("vinblastine", "voriconazole")),
        (ASPARAGINASE, ("mercaptopurine",), ("thioguanine",)),
    ],
)
def test_an_override_at_one_order_says_nothing_of_another(
    ehr_of: Any, patient: str, first: tuple[str, ...], then: tuple[str, ...]
) -> None:
    ehr = ehr_of(patient)
    cards = ehr.order(*first, hook="order-select")
    assert cards
    ehr.silence(cards, "order-select")
    assert ehr.order(*first, hook="order-select") == []
    assert ehr.order(*then, hook="order-select")
    assert ehr.order(*first, hook="order-select") == []
    if len(first) > 1:  # the same drugs ordered anew are another order
        assert ehr.order(*first, hook="order-select", ids="xyz")


def test_what_is_held_back_is_counted_without_the_patient(ehr_of: Any, kept: Kept) -> None:
    ehr = ehr_of(MRD)
    cards = ehr.ask()
    ehr.silence(cards)
    ehr.ask()
    assert kept.writer.flush(20)
    with kept.database.reading() as connection:
        rows = connection.execute(select(TRACES).where(TRACES.c.held_back)).mappings().all()
    assert len(rows) == len(cards)
    assert {(row["patient"], row["basis"], row["decision"]) for row in rows} == {(None, None, None)}
    assert all(json.loads(row["rules"]) for row in rows)
