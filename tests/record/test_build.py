"""Which resources are evidence, of whom, of when and about what."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.record.build import BEING_ENTERED, build_record
from service.record.model import Coverage, PatientRecord, once_per_record
from tests.record.record_support import (
    AS_OF,
    HISTOLOGY,
    ICD,
    ICDO,
    LOINC,
    RXNORM,
    SNOMED,
    coded,
    condition,
    drug,
    reasons,
    record,
    terminology,
    wbc,
)

NULL = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
FOREIGN, UNTOLD = "belongs to another patient", "belongs to a patient who cannot be told"
CONFLICT = "its code and its text name different leukemias"


def entry(found: PatientRecord) -> Any:
    assert len(found.entries) == 1, found.set_aside
    return found.entries[0]


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        *(
            pytest.param(wbc(status=status), f"status {status}", id=status)
            for status in ("entered-in-error", "cancelled", "unknown")
        ),
        pytest.param(wbc(status="Entered-In-Error "), "status entered-in-error", id="sloppy status"),
        pytest.param(wbc(status=["cancelled"]), "status cancelled", id="status in an array"),
        pytest.param(drug("MedicationStatement", status="not-taken"), "status not-taken", id="not taken"),
        pytest.param(drug("MedicationRequest", status="draft"), "status draft", id="draft"),
        pytest.param(drug(status="not-done"), "status not-done", id="not given"),
        pytest.param({"resourceType": "Procedure", "status": "not-done"}, "status not-done", id="not done"),
        pytest.param({"resourceType": "Procedure", "status": "unknown"}, "status unknown", id="unknown procedure"),
        pytest.param({"resourceType": "ServiceRequest", "status": "revoked"}, "status revoked", id="revoked"),
        pytest.param(condition(verificationStatus=coded("v", "refuted")), "verificationStatus refuted", id="refuted"),
        pytest.param(condition(verificationStatus="entered-in-error"), "verificationStatus entered-in-error", id="old style"),
        pytest.param(condition(verificationStatus={"text": "Refuted"}), "verificationStatus refuted", id="in words"),
        pytest.param({"resourceType": "AllergyIntolerance", "verificationStatus": coded("v", "refuted")}, "verificationStatus refuted", id="allergy"),
        pytest.param(drug("MedicationRequest", doNotPerform=True), "says what not to do", id="do not perform"),
        pytest.param({"resourceType": "AdverseEvent", "actuality": "potential"}, "an event that could have happened", id="potential event"),
        pytest.param(wbc(when="2025-06-02"), "dated after 2025-06-01", id="result of tomorrow"),
        pytest.param({"resourceType": "FamilyMemberHistory"}, "type not read", id="family"),
        pytest.param({}, "type not read", id="no type"),
        pytest.param({"resourceType": ["Observation"]}, "type not read", id="type in an array"),
        pytest.param("garbage", "not a resource", id="no object"),
        pytest.param(None, "not a resource", id="null"),
    ],
)  # fmt: skip
def test_set_aside(resource: Any, reason: str) -> None:
    found = record(resource)
    assert found.entries == ()
    assert reasons(found) == [reason]


@pytest.mark.parametrize(
    ("resource", "preliminary"),
    [
        pytest.param(wbc(), False, id="final"),
        pytest.param(wbc(status="preliminary"), True, id="preliminary"),
        pytest.param(wbc(status="amended"), False, id="amended"),
        pytest.param(wbc(status=None), False, id="no status"),
        pytest.param(wbc(status={"x": 1}), False, id="misshapen status"),
        pytest.param(wbc(when="2025-06-01"), False, id="of the day"),
        pytest.param(wbc(when="2025"), False, id="of a year under way"),
        pytest.param(wbc(when="2025-06-02T01:00:00+10:00"), False, id="tomorrow in its zone only"),
        pytest.param(condition(verificationStatus=coded("v", "provisional")), False, id="provisional"),
        pytest.param(condition(onsetDateTime="2052-01-01"), False, id="mistyped onset"),
        pytest.param(condition(status="unknown"), False, id="a Condition has no status"),
        pytest.param(drug("MedicationRequest", status="stopped", doNotPerform=False), False, id="stopped"),
        pytest.param(drug("MedicationRequest", authoredOn="2025-07-01"), False, id="order ahead"),
        pytest.param({"resourceType": "Procedure", "status": "preparation", "performedDateTime": "2025-07-01"}, False, id="planned"),
        pytest.param({"resourceType": "AdverseEvent", "actuality": "actual"}, False, id="actual event"),
    ],
)  # fmt: skip
def test_kept(resource: Any, preliminary: bool) -> None:
    assert entry(record(resource)).preliminary is preliminary


OWN, OTHER = "urn:uuid:0a", "urn:uuid:0b"
PATIENT = {"resourceType": "Patient", "id": "p"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"subject": {"reference": "Patient/p"}}, None, id="own"),
        pytest.param({"subject": {"reference": "https://a.example/fhir/Patient/p"}}, None, id="own, absolute"),
        pytest.param({"subject": {"reference": "Patient/p/_history/3"}}, None, id="own, versioned"),
        pytest.param({"subject": {"reference": OWN}}, None, id="own, urn"),
        pytest.param({"subject": {"reference": "urn:uuid:p"}}, None, id="own id as urn"),
        pytest.param({"subject": "Patient/p"}, None, id="own, bare string"),
        pytest.param({"subject": {"reference": "p"}}, None, id="own, bare id"),
        pytest.param({"subject": [{"reference": "Patient/p"}]}, None, id="own, in an array"),
        pytest.param({"subject": None}, None, id="nobody named"),
        pytest.param({"subject": {"display": "somebody"}}, None, id="only a name"),
        pytest.param({"subject": {"reference": "#contained"}}, None, id="contained"),
        pytest.param({"subject": {"reference": "Patient/q"}}, FOREIGN, id="other"),
        pytest.param({"subject": {"reference": "https://a.example/fhir/Patient/q"}}, FOREIGN, id="other, absolute"),
        pytest.param({"subject": {"reference": "Patient/q/_history/1"}}, FOREIGN, id="other, versioned"),
        pytest.param({"subject": {"reference": "Patient/pp"}}, FOREIGN, id="other with a like id"),
        pytest.param({"subject": {"reference": OTHER}}, FOREIGN, id="other, urn"),
        pytest.param({"subject": {"reference": "urn:uuid:0c"}}, UNTOLD, id="urn nobody bears"),
        pytest.param({"subject": {"reference": "q"}}, UNTOLD, id="bare other id"),
        pytest.param({"subject": "Patient/q"}, FOREIGN, id="other, bare string"),
        pytest.param({"subject": {}, "patient": {"reference": "Patient/q"}}, FOREIGN, id="other, in patient"),
        pytest.param({"subject": {"reference": "Group/1"}}, "is about a Group, not the patient", id="group"),
        pytest.param({"subject": {"reference": "a/?/1"}}, UNTOLD, id="nonsense"),
        pytest.param({"focus": [{"reference": "RelatedPerson/1"}]}, "is about somebody else than the patient", id="focus on a donor"),
        pytest.param({"focus": {"reference": "Patient/q"}}, "is about somebody else than the patient", id="focus on another patient"),
        pytest.param({"focus": [{"reference": "Condition/1"}, {"reference": "Patient/p"}]}, None, id="focus on the disease"),
    ],
)  # fmt: skip
def test_whose(change: dict[str, Any], reason: str | None) -> None:
    stranger = {"resourceType": "Patient", "id": "q"}
    found = record((OWN, PATIENT), (OTHER, stranger), wbc(**change))
    assert [a.reason for a in found.set_aside if a.type == "Observation"] == ([reason] if reason else [])
    assert len(found.entries) == (reason is None)
    assert found.patient == PATIENT
    assert ("Patient/q", FOREIGN) in [(a.reference, a.reason) for a in found.set_aside]


def test_the_only_patient_is_the_patient() -> None:
    found = record(PATIENT, wbc(), wbc("o2", subject={"reference": "Patient/q"}), patient_id=None)
    assert (found.patient_id, found.patient, len(found.entries)) == ("p", PATIENT, 1)
    assert reasons(found) == [FOREIGN]


def test_of_several_patients_none_is_chosen() -> None:
    found = record(PATIENT, {"resourceType": "Patient", "id": "q"}, wbc(), patient_id=None)
    assert (found.patient_id, found.patient, found.entries) == (None, None, ())
    assert len(found.set_aside) == 3


def test_without_any_patient_all_is_read() -> None:
    found = record(wbc(subject={"reference": "Patient/x"}), patient_id=None)
    assert (found.patient_id, len(found.entries)) == (None, 1)


@pytest.mark.parametrize(
    ("patients", "gender"),
    [
        pytest.param([{"id": "p", "gender": "female"}, {"gender": "male"}], "female", id="one without id gives way"),
        pytest.param([{"gender": "male"}], "male", id="without id"),
        pytest.param([{"id": "q", "gender": "male"}], None, id="another"),
        pytest.param([{"id": 7, "gender": "male"}], None, id="another by number"),
        pytest.param(
            [{"id": "p", "gender": "female", "meta": {"versionId": "10"}}, {"id": "p", "gender": "male", "meta": {"versionId": "9"}}],
            "female", id="newest version",
        ),
    ],
)  # fmt: skip
def test_which_patient_resource(patients: list[dict[str, Any]], gender: str | None) -> None:
    found = record(*({"resourceType": "Patient", **row} for row in patients)).patient
    assert (found and found["gender"]) == gender


def test_the_id_of_the_patient_may_be_a_number() -> None:
    assert record({"resourceType": "Patient", "id": 7}, patient_id="7").patient == {"resourceType": "Patient", "id": 7}


def version(value: float, **meta: str) -> dict[str, Any]:
    return wbc(valueQuantity={"value": value, "unit": "10*3/uL"}, meta=meta)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        pytest.param(version(1, lastUpdated="2025-05-02T08:00:00Z"), version(2, lastUpdated="2025-05-01T08:00:00Z"), 1, id="newer first"),
        pytest.param(version(1, lastUpdated="2025-05-01T08:00:00Z"), version(2, lastUpdated="2025-05-02T08:00:00Z"), 2, id="newer last"),
        pytest.param(version(1, lastUpdated="2025-05-01T10:00:00+02:00"), version(2, lastUpdated="2025-05-01T09:00:00Z"), 2, id="zones"),
        pytest.param(version(1, versionId="10"), version(2, versionId="9"), 1, id="numbers, not strings"),
        pytest.param(version(1), version(2), 2, id="nothing to tell by: the later one"),
        pytest.param(version(1, versionId="x"), version(2, versionId="²"), 2, id="unreadable versions"),
    ],
)  # fmt: skip
def test_duplicates(first: Any, second: Any, kept: float) -> None:
    found = record(first, second)
    assert entry(found).resource["valueQuantity"]["value"] == kept
    assert set(reasons(found)) <= {"an older version"}


def test_a_newer_version_can_withdraw_a_result() -> None:
    newer = wbc(status="entered-in-error", meta={"versionId": "2"})
    assert record(wbc(meta={"versionId": "1"}), newer).entries == ()


def test_another_patients_resource_with_the_same_id_does_not_push_out_ours() -> None:
    found = record(wbc(), wbc(subject={"reference": "Patient/q"}, meta={"versionId": "9"}))
    assert entry(found).resource["subject"] == {"reference": "Patient/p"}
    assert reasons(found) == [FOREIGN]


def test_resources_without_id_are_kept_apart() -> None:
    bare = {"resourceType": "Observation", "status": "final"}
    found = record(bare, bare, ("urn:uuid:1", bare))
    assert len({e.reference for e in found.entries}) == 3


IDENTIFIED = {"identifier": [{"system": "lab", "value": "A1"}]}
FISH = coded(LOINC, "62356-1", "FISH")


def gene(name: str) -> dict[str, Any]:
    return {
        "component": [
            {"code": coded(LOINC, "48018-6"), "valueCodeableConcept": coded("http://www.genenames.org/geneId", name)}
        ]
    }


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        pytest.param(wbc("a"), wbc("b", status="corrected"), ["b"], id="same test and date"),
        pytest.param(wbc("a", status="amended"), wbc("b"), ["a"], id="order does not matter"),
        pytest.param(wbc("a", status="preliminary"), wbc("b", status="corrected"), ["b"], id="preliminary"),
        pytest.param(wbc("a", **IDENTIFIED), wbc("b", "2025-05-03", status="amended", **IDENTIFIED), ["b"], id="same identifier"),
        pytest.param(wbc("a"), wbc("b", "2025-05-02", status="amended"), ["a", "b"], id="another date"),
        pytest.param(wbc("a", None), wbc("b", None, status="amended"), ["a", "b"], id="undated"),
        pytest.param(
            wbc("a", code=coded(LOINC, "777-3"), **IDENTIFIED), wbc("b", status="amended", **IDENTIFIED), ["a", "b"],
            id="another test of the same order",
        ),
        pytest.param(
            wbc("a", specimen={"reference": "Specimen/1"}), wbc("b", status="amended", specimen={"reference": "Specimen/2"}),
            ["a", "b"], id="another specimen",
        ),
        pytest.param(
            wbc("a", code=FISH, **gene("HGNC:76")), wbc("b", status="corrected", code=FISH, **gene("HGNC:7132")), ["a", "b"],
            id="another gene",
        ),
        pytest.param(
            wbc("a", status="corrected", meta={"versionId": "1"}), wbc("b", status="corrected", meta={"versionId": "2"}), ["b"],
            id="corrected twice",
        ),
        pytest.param(
            wbc("a", status="corrected", issued="2025-05-09T08:00:00Z"), wbc("b", status="corrected", issued="2025-05-08T08:00:00Z"),
            ["a"], id="corrected twice, by issue",
        ),
        pytest.param(wbc("a"), wbc("b"), ["a", "b"], id="nothing corrected"),
        pytest.param(wbc("a"), wbc("b", status="corrected", subject={"reference": "Patient/q"}), ["a"], id="another patient's correction"),
        pytest.param(
            wbc("a", identifier="A1"), wbc("b", "2025-05-03", status="amended", identifier=[{"value": 1}, None]), ["a", "b"],
            id="misshapen identifiers",
        ),
    ],
)  # fmt: skip
def test_corrections(first: Any, second: Any, kept: list[str]) -> None:
    found = record(first, second)
    assert sorted(e.resource["id"] for e in found.entries) == kept
    replaced = [a for a in found.set_aside if a.reason == "replaced by a corrected result"]
    assert all("labs.wbc" in a.concepts for a in replaced)


@pytest.mark.parametrize(
    ("resource", "start", "end"),
    [
        pytest.param(wbc(), "2025-05-01", None, id="effectiveDateTime"),
        pytest.param(wbc(issued="2025-05-09T08:00:00Z"), "2025-05-01", None, id="effective before issued"),
        pytest.param(wbc(when=None, issued="2025-05-09T08:00:00Z"), "2025-05-09T08:00:00Z", None, id="issued"),
        pytest.param(wbc(when=None, effectiveInstant="2025-05-09T08:00:00Z"), "2025-05-09T08:00:00Z", None, id="instant"),
        pytest.param(wbc(when=None, effectivePeriod={"start": "2025-04", "end": "2025-05"}), "2025-04", "2025-05", id="period"),
        pytest.param(wbc(when=None, effectivePeriod={"end": "2025-05"}), "2025-05", "2025-05", id="period without start"),
        pytest.param(wbc(when=None, effectivePeriod={"start": "2025-05"}), "2025-05", None, id="period without end"),
        pytest.param(wbc(when=None, effectivePeriod=[{"start": "2025-05"}]), "2025-05", None, id="period in an array"),
        pytest.param(wbc(when=None, effectivePeriod={"start": {}, "end": []}), None, None, id="misshapen period"),
        pytest.param(wbc(when="soon", issued="2025-05-09"), "2025-05-09", None, id="unreadable, then issued"),
        pytest.param(wbc(when=None), None, None, id="undated"),
        pytest.param(drug(effectivePeriod={"start": "2025-03-01", "end": "2025-02-01"}), "2025-03-01", None, id="ends before it begins"),
        pytest.param(condition(onsetDateTime="2024", recordedDate="2025"), "2024", None, id="onset"),
        pytest.param(condition(recordedDate="2025"), "2025", None, id="recorded"),
        pytest.param(condition(onsetPeriod={"start": "2024-01", "end": "2024-03"}), "2024-01", None, id="an onset is no end"),
        pytest.param(condition(onsetDateTime="2024", abatementDateTime="2025"), "2024", "2025", id="abated"),
        pytest.param(condition(abatementPeriod={"start": "2025"}), None, "2025", id="abated within"),
        pytest.param({"resourceType": "Procedure", "performedPeriod": {"start": "2024"}}, "2024", None, id="procedure"),
        pytest.param({"resourceType": "MedicationRequest", "authoredOn": "2024"}, "2024", None, id="order"),
        pytest.param({"resourceType": "AdverseEvent", "detected": "2024"}, "2024", None, id="event"),
        pytest.param({"resourceType": "PractitionerRole", "date": "2024"}, None, None, id="type without a date"),
    ],
)  # fmt: skip
def test_dates(resource: Any, start: str | None, end: str | None) -> None:
    found = entry(record(resource))
    assert (found.when and found.when.text, found.until and found.until.text) == (start, end)


@pytest.mark.parametrize(
    ("resource", "note"),
    [
        (wbc(when="soon"), "its date cannot be read"),
        (wbc(when=None, effectivePeriod={"start": "soon"}), "its date cannot be read"),
        (drug(effectivePeriod={"start": "2025-03-01", "end": "2025-02-01"}), "its period ends before it begins"),
    ],
)  # fmt: skip
def test_what_is_odd_is_noted(resource: Any, note: str) -> None:
    assert note in entry(record(resource)).notes


def test_what_is_not_odd_is_not_noted() -> None:
    resource = drug(
        medicationCodeableConcept=coded(RXNORM, "6851", "Methotrexat 10 mg"), effectiveDateTime="2025-03-01"
    )
    assert entry(record(resource)).notes == ()


MTX = {"resourceType": "Medication", "id": "med", "code": coded(RXNORM, "6851")}
ABSENT = "the Medication it refers to did not come with it"


def refers(reference: Any, **more: Any) -> dict[str, Any]:
    return drug("MedicationRequest", medicationReference={"reference": reference, **more})


@pytest.mark.parametrize(
    ("resources", "concepts", "notes"),
    [
        pytest.param([drug(medicationCodeableConcept=coded(RXNORM, "6851"))], {"therapy.methotrexate"}, (), id="concept"),
        pytest.param([refers("#c") | {"contained": [{"id": "x"}, {"id": "c", "code": coded(RXNORM, "6851")}]}], {"therapy.methotrexate"}, (), id="contained"),
        pytest.param([refers("#c") | {"contained": {"id": "#c", "code": coded(RXNORM, "6851")}}], {"therapy.methotrexate"}, (), id="contained object"),
        pytest.param([refers("#c", display="Blincyto"), MTX], {"therapy.blinatumomab"}, (ABSENT,), id="contained, missing"),
        pytest.param([refers("Medication/med"), MTX], {"therapy.methotrexate"}, (), id="by id"),
        pytest.param([refers("https://a.example/Medication/med/_history/2"), MTX], {"therapy.methotrexate"}, (), id="absolute and versioned"),
        pytest.param([refers("urn:uuid:1"), ("urn:uuid:1", MTX)], {"therapy.methotrexate"}, (), id="urn"),
        pytest.param([refers("Medication/m"), ("https://a.example/Medication/m", {**MTX, "id": None})], {"therapy.methotrexate"}, (), id="id of the fullUrl"),
        pytest.param([refers("Medication/9"), {**MTX, "id": 9}], {"therapy.methotrexate"}, (), id="id as number"),
        pytest.param([refers("Medication/none", display="Imatinib"), MTX], {"therapy.imatinib"}, (ABSENT,), id="absent, with display"),
        pytest.param([refers("Medication/none")], set(), (ABSENT,), id="absent"),
        pytest.param([{**refers("Medication/med"), "medicationCodeableConcept": {}}, MTX], {"therapy.methotrexate"}, (), id="empty concept"),
        pytest.param([refers({"x": 1})], set(), (), id="misshapen reference"),
        pytest.param([drug(medicationReference="Medication/med"), MTX], {"therapy.methotrexate"}, (), id="bare reference"),
        pytest.param(
            [refers("Medication/v"), {"resourceType": "Medication", "id": "v", "code": {"text": "premix"},
             "ingredient": [{"itemCodeableConcept": coded(RXNORM, "6851")}, {"itemCodeableConcept": None}, 3]}],
            {"therapy.methotrexate"}, (), id="ingredients",
        ),
        pytest.param(
            [refers("Medication/v"), {"resourceType": "Medication", "id": "v", "code": {"text": "premix"},
             "ingredient": [{"itemReference": {"reference": "Medication/med"}}, {"itemReference": {"display": "Blincyto"}}, {"itemReference": 3}]}, MTX],
            {"therapy.methotrexate"}, (), id="ingredients that are Medications",
        ),
        pytest.param([refers("Medication/l", display="Imatinib"), {"resourceType": "Medication", "id": "l", "code": coded("urn:oid:1.2.3", "4711")}],
                     {"therapy.imatinib"}, (), id="display beside a code of the hospital's own"),
        pytest.param([refers("Medication/med", display="Imatinib"), MTX], {"therapy.methotrexate"}, (), id="display beside a known code"),
        pytest.param([drug(medicationCodeableConcept={"coding": [{"system": "http://www.whocc.no/atc", "code": "H02"}], "text": "L01BA01 METHOTREXAT EBEWE"})],
                     {"therapy.methotrexate"}, (), id="unspecific code, text"),
    ],
)  # fmt: skip
def test_medications(resources: list[Any], concepts: set[str], notes: tuple[str, ...]) -> None:
    found = entry(record(*resources))
    assert (found.concepts, found.notes) == (concepts, notes)


def extension(code: Any) -> dict[str, Any]:
    return {"extension": [{"url": "http://x"}, {"url": HISTOLOGY, "valueCodeableConcept": code}]}


NI = {"coding": [{"system": NULL, "code": "NI"}], "text": "No information"}
BY_EXTENSION, BY_SITE, BY_NOTE = (
    f"diagnosis read from {where}" for where in ("the histology extension", "the body site", "a note")
)


@pytest.mark.parametrize(
    ("resource", "concepts", "notes"),
    [
        pytest.param(condition(coded(SNOMED, "91857003")), {"diagnosis.all"}, (), id="code"),
        pytest.param(condition("akute lymphatische Leukämie"), {"diagnosis.all"}, (), id="code as string"),
        pytest.param(condition(**extension(coded(ICDO, "9836/3"))), {"diagnosis.all"}, (BY_EXTENSION,), id="histology"),
        pytest.param(condition(coded(SNOMED, "363346000", "Malignant neoplasm"), **extension(coded(ICDO, "9836/3"))), {"diagnosis.all"}, (BY_EXTENSION,), id="histology beside a general code"),
        pytest.param(condition(NI, **extension({"text": "something"})), set(), (), id="histology says nothing"),
        pytest.param(condition(NI, bodySite={"coding": [{"display": "Leucemia Acuta Linfoblastica - LAL"}]}), {"diagnosis.all"}, (BY_SITE,), id="body site display"),
        pytest.param(condition({"coding": [{"code": "NI"}]}, bodySite=[{"text": "LAL-T"}]), {"diagnosis.all"}, (BY_SITE,), id="null flavour without system"),
        pytest.param(condition(bodySite=[{"text": "marrow"}, coded(ICDO, "M9836/3")]), {"diagnosis.all"}, (BY_SITE,), id="body site code"),
        pytest.param(condition(NI, note=[{"text": "ALL, B lineage"}]), {"diagnosis.all"}, (BY_NOTE,), id="note"),
        pytest.param(condition({"text": "pre-B ŪLL, SRG, CNS1, REMISIJA"}), {"diagnosis.all"}, (), id="packed text"),
        pytest.param(condition({"coding": [{"system": SNOMED, "code": "44054006", "display": "Diabetes"}]}, note=[{"text": "during ALL"}]), set(), (), id="another disease with a note"),
        pytest.param(condition({"text": "Diabetes"}, note=[{"text": "during ALL"}]), set(), (), id="another disease by text"),
        pytest.param(condition(), set(), (), id="nothing"),
    ],
)  # fmt: skip
def test_conditions(resource: Any, concepts: set[str], notes: tuple[str, ...]) -> None:
    found = entry(record(resource))
    assert (found.concepts, found.notes) == (concepts, notes)


@pytest.mark.parametrize(
    ("code", "conflict"),
    [
        pytest.param(coded(SNOMED, "91857003", "Acute myeloid leukemia"), True, id="ALL called AML"),
        pytest.param(coded(SNOMED, "91857003", "AML"), True, id="ALL called AML, short"),
        pytest.param(coded(SNOMED, "91857003", "Chronic lymphocytic leukemia"), True, id="ALL called CLL"),
        pytest.param(coded(SNOMED, "91861009", "Acute lymphoblastic leukemia"), True, id="AML called ALL"),
        pytest.param(coded(SNOMED, "92818009", "akute lymphatische Leukämie"), True, id="CML called ALL"),
        pytest.param(coded(SNOMED, "91857003", "B-cell ALL"), False, id="ALL called B-ALL"),
        pytest.param(coded(SNOMED, "91857003", "Acute lymphoblastic leukemia, formerly AML"), False, id="both named"),
        pytest.param(coded(SNOMED, "413842007", "CML, lymphoid blast crisis"), False, id="blast crisis"),
        pytest.param(coded(ICD, "C91.A0", "ALL, L3"), False, id="Burkitt under its old name"),
        pytest.param(coded(SNOMED, "91857003"), False, id="no text"),
        pytest.param(coded(SNOMED, "91857003", "Leukemia"), False, id="unspecific text"),
        pytest.param(coded(SNOMED, "92814006", "AML"), False, id="a class that is not told apart"),
    ],
)
def test_code_and_text_that_contradict_each_other(code: Any, conflict: bool) -> None:
    found = record(condition(code))
    assert reasons(found) == ([CONFLICT] if conflict else [])


def test_histology_that_contradicts_the_text() -> None:
    found = record(condition({"text": "Acute myeloid leukemia"}, **extension(coded(ICDO, "9836/3"))))
    assert reasons(found) == [CONFLICT]


@pytest.mark.parametrize(
    ("resource", "concepts"),
    [
        pytest.param({"resourceType": "AdverseEvent", "event": {"text": "Pankreatitis"}}, {"toxicity.pancreatitis"}, id="event"),
        pytest.param({"resourceType": "Encounter", "serviceType": {"text": "oncology"}}, set(), id="encounter"),
        pytest.param({"resourceType": "Procedure", "status": "completed", "code": {"text": "allogeneic HSCT"}}, {"course.allo_hct"}, id="procedure"),
        pytest.param({"resourceType": "Procedure", "category": coded(SNOMED, "77465005")}, set(), id="a category is no transplant"),
        pytest.param(wbc(code={"text": "Leukozyten"}), {"labs.wbc"}, id="by text"),
        pytest.param(wbc(code=coded("urn:oid:2.16.840.1.113883.6.1", "6690-2")), {"labs.wbc"}, id="OID"),
        pytest.param(wbc(code={"coding": {"system": LOINC, "code": "6690-2"}}), {"labs.wbc"}, id="object for an array"),
        pytest.param(wbc(code={"coding": [{"system": LOINC, "code": "6690-2"}, {"system": LOINC, "code": "777-3"}]}), {"labs.wbc", "labs.platelets"}, id="two codes"),
        pytest.param(wbc(code={"coding": [{"system": [], "code": "6690-2"}], "text": []}), set(), id="misshapen code"),
        pytest.param(wbc(code=coded(LOINC, "777-3", "WBC")), {"labs.platelets"}, id="a code beats its text"),
    ],
)  # fmt: skip
def test_what_it_is_about(resource: Any, concepts: set[str]) -> None:
    assert entry(record(resource)).concepts == concepts


def test_concepts_by_text_are_marked() -> None:
    by_text, by_code = entry(record(wbc(code={"text": "WBC"}))), entry(record(wbc()))
    assert (by_text.text_concepts, by_code.text_concepts) == ({"labs.wbc"}, frozenset())


def test_lookups() -> None:
    platelets = wbc("o3", "2025-05-05", code=coded(LOINC, "777-3"))
    leukemia = condition(coded(ICD, "C91.02"), recordedDate="2025-05-03")
    found = record(wbc("o1", "2025-05-01"), wbc("o2", None), wbc("o4", "2025-05-04"), platelets, leukemia)
    ids = [e.resource["id"] for e in found.about("labs.wbc")]
    assert ids == ["o4", "o1", "o2"]  # newest first, undated last
    assert [e.resource["id"] for e in found.about("labs.wbc", "labs.platelets")] == ["o3", "o4", "o1", "o2"]
    assert [e.resource["id"] for e in found.about("labs.wbc", "diagnosis.all", types=("Condition",))] == ["c1"]
    assert [e.type for e in found.of_type("Condition")] == ["Condition"]
    assert [e.resource["id"] for e in found.of_type("Condition", "Observation")] == ["o3", "o4", "c1", "o1", "o2"]
    assert found.of_type("Procedure") == found.about("no.such.concept") == ()
    assert found.means(found.of_type("Condition")[0], "disease_state") == "relapsed"
    assert found.means(found.of_type("Condition")[0], "ploidy") is None


def test_work_is_done_once_per_record_and_entry() -> None:
    done: list[str] = []

    @once_per_record
    def count(of: PatientRecord, concept: str) -> int:
        done.append(concept)
        return len(of.about(concept))

    found, other = record(wbc()), record()
    assert (count(found, "labs.wbc"), count(found, "labs.wbc"), count(other, "labs.wbc")) == (1, 1, 0)
    assert done == ["labs.wbc", "labs.wbc"]
    one = entry(found)
    assert one.once("x", lambda: done.append("entry") or 1) == one.once("x", lambda: 2) == 1
    assert done[2:] == ["entry"]


@pytest.mark.parametrize(
    ("coverage", "found"),
    [
        pytest.param(("complete", "complete"), Coverage.COMPLETE, id="complete"),
        pytest.param(("complete", "empty"), Coverage.COMPLETE, id="one empty"),
        pytest.param(("empty", "empty"), Coverage.EMPTY, id="both empty"),
        pytest.param(("complete", "partial"), Coverage.PARTIAL, id="one partial"),
        pytest.param(("failed", "partial"), Coverage.FAILED, id="one failed"),
        pytest.param(("failed", None), Coverage.ABSENT, id="one never asked for"),
    ],
)
def test_coverage(coverage: tuple[str | None, str | None], found: Coverage) -> None:
    from service.record.build import build_record

    given_coverage = {t: Coverage(c) for t, c in zip(("Condition", "Observation"), coverage, strict=True) if c}
    built = build_record([], patient_id="p", coverage=given_coverage, as_of=AS_OF, terminology=terminology())
    assert built.covered("Condition", "Observation") is found


RESOURCES: list[dict[str, Any]] = [
    PATIENT | {"birthDate": "2000-01-01", "meta": {"versionId": "1", "lastUpdated": "2025-01-01T00:00:00Z"}},
    wbc(identifier=[{"system": "lab", "value": "A1"}], interpretation=[coded("x", "H")], specimen={"reference": "Specimen/1"}),
    wbc("o2", status="corrected", identifier=[{"system": "lab", "value": "A1"}], meta={"lastUpdated": "2025-05-02T00:00:00Z"}),
    wbc("o1", focus=[{"reference": "Condition/c1"}], method={"text": "flow"}, bodySite={"text": "blood"}, **gene("HGNC:76")),
    condition(coded(SNOMED, "91857003", "B-cell ALL"), onsetPeriod={"start": "2024-01", "end": "2024-02"}, verificationStatus=coded("v", "confirmed")),
    condition(NI, id="c2", bodySite=[coded(ICDO, "M9836/3")], note=[{"text": "ALL"}], **extension(coded(ICDO, "9836/3"))),
    refers("Medication/med", display="MTX"),
    drug(id="m2", medicationReference={"reference": "#c"}, contained=[{"id": "c", "code": coded(RXNORM, "6851", "Imatinib")}]),
    {**MTX, "ingredient": [{"itemCodeableConcept": coded(RXNORM, "6851")}]},
    {"resourceType": "AdverseEvent", "id": "a", "event": {"text": "Pankreatitis"}, "date": "2025-01-01", "actuality": "actual"},
    {"resourceType": "Procedure", "id": "x", "status": "completed", "performedPeriod": {"start": "2025-01-01", "end": "2025-01-02"}},
]  # fmt: skip
GARBAGE: tuple[Any, ...] = (
    None, "", " ", 0, -1.5, True, 10**400, float("nan"), [], {}, [None], [[]], {"reference": []}, {"coding": {}}, {"coding": [[]]},
    {"start": {}, "end": []}, "garbage", "urn:uuid:1", "2025-13-45", "Patient/", "#", "/", "|", "\ud800", {"text": {"a": 1}}, [{"code": 5}],
    {"coding": [{"system": {}, "code": "1", "display": []}]},
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, child in inner for place in ((*path, key), *places(child, (*path, key)))]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_damaged_resources_never_raise(data: st.DataObject) -> None:
    resources = copy.deepcopy(RESOURCES)
    for _ in range(data.draw(st.integers(1, 6))):
        *way, last = data.draw(st.sampled_from(places(resources)))
        here: Any = resources
        for step in way:
            here = here[step]
        if data.draw(st.booleans()) and isinstance(here, dict):
            here.pop(last)
        else:
            here[last] = copy.deepcopy(data.draw(st.sampled_from(GARBAGE)))
        if not places(resources):
            break
    url = data.draw(st.sampled_from([None, "", "urn:uuid:1", "https://a.example/Observation/o1"]))
    found = record(*((url, resource) for resource in resources), patient_id=data.draw(st.sampled_from(["p", None, ""])))
    assert len(found.entries) <= len(resources)
    assert all(e.reference and isinstance(e.text, str) for e in found.entries)
    assert all(e.when is None or e.when.start <= e.when.end for e in found.entries)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda i: st.lists(i, max_size=3) | st.dictionaries(st.sampled_from(
    ["resourceType", "id", "status", "code", "subject", "coding", "text", "meta"]), i | st.sampled_from(["Condition", "Observation", "Medication", "Patient"]), max_size=5), max_leaves=10))  # fmt: skip
def test_any_json_is_a_resource_or_set_aside(raw: Any) -> None:
    found = record(raw)
    known = isinstance(raw, dict) and raw.get("resourceType") in ("Medication", "Patient")
    assert known or len(found.entries) + len(found.set_aside) == 1


def test_the_resources_are_left_as_they_came() -> None:
    before = copy.deepcopy(RESOURCES)
    record(*RESOURCES)
    assert before == RESOURCES


def test_what_is_being_entered_is_read_and_marked() -> None:
    known, new, theirs = condition(id="c1"), condition(id="c2"), condition(id="c3", subject={"reference": "Patient/x"})
    found = build_record(
        [(None, known)], patient_id="p", coverage={}, as_of=AS_OF, terminology=terminology(),
        entered=[(None, new), (None, theirs), (None, "x")],
    )  # fmt: skip
    assert {e.reference: e.notes for e in found.entries} == {"Condition/c1": (), "Condition/c2": (BEING_ENTERED,)}
    assert ("Condition/c3", FOREIGN) in {(aside.reference, aside.reason) for aside in found.set_aside}
