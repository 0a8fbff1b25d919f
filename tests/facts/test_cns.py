"""CNS status and sites outside the marrow."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.cns.status import PROVIDERS as CNS
from service.facts.labs.counts import PROVIDERS as LABS
from service.facts.model import Facts, Reason, TokenSet
from service.facts.response.extramedullary import PROVIDERS as SITES
from service.facts.response.response import PROVIDERS as RESPONSE
from service.facts.vocabulary import VOCABULARY
from tests.facts.support import facts_of

LOINC, SCT, ICD = "http://loinc.org", "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
PROVIDERS = (*CNS, *SITES)
MALE = {"resourceType": "Patient", "id": "p", "gender": "male"}


def observation(title: str, value: str | None = None, when: str | None = "2025-05-20", **more: Any) -> dict[str, Any]:
    resource: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": title}}
    if when:
        resource["effectiveDateTime"] = when
    return resource | ({"valueString": value} if value is not None else {}) | more


def condition(code: str, system: str = SCT, onset: str = "2025-05-10", **more: Any) -> dict[str, Any]:
    coding = {"coding": [{"system": system, "code": code}]}
    return {"resourceType": "Condition", "code": coding, "onsetDateTime": onset} | more


def csf(code: str, value: Any, unit: str = "/uL", **more: Any) -> dict[str, Any]:
    given = {"valueString": value} if isinstance(value, str) else {"valueQuantity": {"value": value, "unit": unit}}
    return observation("", None) | {"code": {"coding": [{"system": LOINC, "code": code}]}} | given | more


def clinical(status: str) -> dict[str, Any]:
    return {"clinicalStatus": {"coding": [{"code": status}]}}


def read(*resources: dict[str, Any], **options: Any) -> Facts:
    extra = options.pop("extra", ())
    return facts_of(*resources, providers=(*LABS, *PROVIDERS, *extra), **options)


WBC, RBC, BLASTS = "26465-5", "26454-9", "26447-3"


def test_every_fact_is_in_the_vocabulary() -> None:
    assert all(name in VOCABULARY for provider in PROVIDERS for name in provider.provides)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        pytest.param(observation("CNS status", "CNS-2a"), "CNS-2", id="CNS-2a"),
        pytest.param(observation("CNS status", "3"), "CNS-3", id="number beside the name"),
        pytest.param(observation("ZNS-Status", "ZNS 1"), "CNS-1", id="German"),
        pytest.param(observation("CNS status", None, valueInteger=2), "CNS-2", id="integer"),
        pytest.param(observation("Lumbar puncture", "CNS1, no blasts"), "CNS-1", id="in a sentence"),
        pytest.param(observation("x", None, note=[{"text": "CNS status: 3"}]), "CNS-3", id="note"),
        pytest.param(condition("91857003", note=[{"text": "CNS3 at relapse"}]), "CNS-3", id="note of a Condition"),
        pytest.param(
            condition("91857003", stage=[{"summary": {"text": "CNS 2b"}}]), "CNS-2", id="stage of a Condition"
        ),
        pytest.param(observation("CNS status", "CNS 2 years ago"), None, id="not a grade"),
        pytest.param(observation("History", "no CNS-3 disease"), None, id="denied"),
        pytest.param(observation("Protocol", "CNS-1 or CNS-2 patients"), None, id="two grades"),
        pytest.param(observation("CNS status", "unknown"), None, id="unknown"),
        pytest.param(observation("CNS prophylaxis", "given"), None, id="prophylaxis"),
    ],
)
def test_stated_status(resource: dict[str, Any], expected: str | None) -> None:
    assert read(resource).value("cns_status") == expected


def test_an_old_status_is_stale() -> None:
    assert read(observation("CNS status", "CNS-1", "2025-01-01"))["cns_status"].reason is Reason.STALE


def test_status_at_diagnosis_and_before() -> None:
    facts = read(
        condition("91857003", onset="2024-01-10"),
        observation("CNS status", "CNS-3", "2024-01-12"),
        observation("CNS status", "CNS-2", "2024-09-01"),
        observation("CNS status", "CNS-1"),
    )
    names = ("cns_status", "cns_status_previous", "cns_status_at_diagnosis", "cns_disease_at_diagnosis")
    assert tuple(facts.value(name) for name in names) == ("CNS-1", "CNS-2", "CNS-3", True)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (observation("CNS status at diagnosis", "CNS-1", None), False),
        (observation("CNS status at diagnosis", "CNS-2", None), None),
        (observation("CNS status", "CNS-1"), None),
    ],
)
def test_cns_disease_at_diagnosis(resource: dict[str, Any], expected: bool | None) -> None:
    assert read(resource).value("cns_disease_at_diagnosis") is expected


def test_sites_at_diagnosis_by_dated_conditions() -> None:
    disease = condition("91857003", onset="2024-01-10")
    near = read(MALE, disease, condition("722795004", onset="2024-01-20"), condition("C79.82", ICD, "2024-01-20"))
    assert near.value("cns_disease_at_diagnosis") is True
    assert near.value("testicular_disease_at_diagnosis") is True
    later = read(disease, condition("722795004", onset="2025-01-20"), condition("C79.82", ICD, "2024-01-20"))
    assert later.value("cns_disease_at_diagnosis") is None
    assert later.value("testicular_disease_at_diagnosis") is None


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param((csf(BLASTS, "no blasts"),), "CNS-1", id="no blasts"),
        pytest.param((csf(BLASTS, "blasts present"), csf(WBC, 4.9)), "CNS-2", id="blasts, fewer than five"),
        pytest.param((csf(BLASTS, 2), csf(WBC, 5), csf(RBC, 0)), "CNS-3", id="blasts, five, clean tap"),
        pytest.param((csf(BLASTS, 2), csf(WBC, 5), csf(RBC, 10)), None, id="traumatic tap without the ratio"),
        pytest.param((csf(BLASTS, 2), csf(WBC, 5)), None, id="not known whether traumatic"),
        pytest.param((csf(BLASTS, 3, "%"), csf(WBC, 2)), "CNS-2", id="percent of blasts"),
    ],
)
def test_status_from_cells(rows: tuple[dict[str, Any], ...], expected: str | None) -> None:
    assert read(*rows).value("cns_status") == expected


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param((csf(RBC, 10),), True, id="ten erythrocytes"),
        pytest.param((csf(RBC, 9),), False, id="nine"),
        pytest.param((csf(WBC, 3, note=[{"text": "traumatic tap"}]),), True, id="stated"),
        pytest.param((csf(WBC, 3, note=[{"text": "atraumatic LP"}]),), False, id="denied"),
        pytest.param((csf(WBC, 3, note=[{"text": "not traumatic"}]), csf(RBC, 500)), False, id="statement of the day"),
        pytest.param(
            (csf(WBC, 3, effectiveDateTime="2025-05-01", note=[{"text": "blutige Punktion"}]), csf(RBC, 0)), False,
            id="newer count",
        ),
        pytest.param((csf(RBC, "<20 /uL"),), None, id="below a limit above ten"),
        pytest.param((), None, id="nothing"),
    ],
)  # fmt: skip
def test_traumatic_puncture(resources: tuple[dict[str, Any], ...], expected: bool | None) -> None:
    assert read(*resources).value("traumatic_lp") is expected


def test_the_ratio_rule_reads_blood_and_csf_counts() -> None:
    blood = [
        csf("6690-2", 10, "10*9/L", effectiveDateTime="2025-05-19"),
        observation("RBC", None, "2025-05-21", valueQuantity={"value": 4, "unit": "10*6/uL"}),
        csf("26446-5", 20, "%"),
    ]
    # blood: 10 000 / 4 000 000 = 0.0025; CSF: 20 / 4000 = 0.005, just twice that
    twice = read(*blood, csf(BLASTS, 2), csf(WBC, 20), csf(RBC, 4000), extra=RESPONSE)
    assert (twice.value("traumatic_lp"), twice.value("cns_status")) == (True, "CNS-3")
    less = read(*blood, csf(BLASTS, 2), csf(WBC, 19.9), csf(RBC, 4000), extra=RESPONSE)
    assert less.value("cns_status") == "CNS-2"


def test_csf_blasts_go_on_to_the_next_result_that_tells() -> None:
    facts = read(csf(BLASTS, "see report"), csf(BLASTS, 0, effectiveDateTime="2025-05-01"))
    assert facts.value("csf_blasts") is False
    assert read(csf(BLASTS, "see report"))["csf_blasts"].reason is Reason.RECORD_EMPTY


def test_a_palsy_only_raises_the_question() -> None:
    palsy = condition("78152008")
    assert read(palsy)["cranial_nerve_involvement"].reason is Reason.NOT_DECIDED
    leukemic = condition("78152008", note=[{"text": "due to leukemic infiltration"}])
    assert read(leukemic).value("cranial_nerve_involvement") is True
    both = read(condition("91857003"), condition("78152008", note=[{"text": "due to leukemic infiltration"}]))
    assert both.value("cranial_nerve_involvement_at_diagnosis") is True
    assert both.value("cns_disease_at_diagnosis") is True
    assert (
        read(condition("78152008", **clinical("resolved")))["cranial_nerve_involvement"].reason is Reason.RECORD_EMPTY
    )


@pytest.mark.parametrize(
    ("resource", "site", "there"),
    [
        pytest.param(condition("722795004"), "CNS", True, id="meningeal leukemia"),
        pytest.param(condition("722795004", **clinical("remission")), "CNS", None, id="in remission"),
        pytest.param(condition("722795004", abatementDateTime="2025-05-15"), "CNS", None, id="ended"),
        pytest.param(condition("61291000119103"), "CNS", None, id="coded in remission"),
        pytest.param(observation("Exam", "testicular involvement on the left"), "testis", True, id="testis"),
        pytest.param(observation("Exam", "no testicular involvement"), "testis", False, id="testis free"),
        pytest.param(observation("CT", "mediastinal mass 8 cm"), "mediastinum", True, id="mediastinal mass"),
        pytest.param(observation("CT", "kein Mediastinaltumor, no mediastinal mass"), "mediastinum", False, id="none"),
        pytest.param(observation("MRI", "leukemic infiltration of the kidney"), "kidney", True, id="kidney"),
        pytest.param(observation("MRI", "renal mass"), "kidney", None, id="a mass that is not said to be leukemic"),
        pytest.param(observation("CT", "mediastinal mass", "2024-05-01"), "mediastinum", None, id="long ago"),
        pytest.param(observation("CT", "possible mediastinal mass"), "mediastinum", None, id="uncertain"),
    ],
)
def test_sites(resource: dict[str, Any], site: str, there: bool | None) -> None:
    facts = read(resource)
    sites = facts.value("extramedullary_sites")
    assert (sites.includes(site) if isinstance(sites, TokenSet) else None) is there
    assert facts.value("extramedullary_disease") is (True if there else None)
    if site == "testis":
        assert facts.value("testicular_disease") is there
    if site == "mediastinum":
        assert facts.value("mediastinal_mass") is there


def test_genital_metastasis_is_testicular_only_in_males() -> None:
    coded = condition("C79.82", ICD)
    assert read(MALE, coded).value("testicular_disease") is True
    assert read(coded).value("testicular_disease") is None


@pytest.mark.parametrize(
    ("text", "disease", "empty"),
    [
        ("no extramedullary disease", False, True),
        ("kein Hinweis auf extramedullären Befall", False, True),
        ("extramedullary relapse", True, None),
        ("possible extramedullary disease", None, None),
    ],
)
def test_extramedullary_disease_in_words(text: str, disease: bool | None, empty: bool | None) -> None:
    facts = read(observation("Staging", text))
    assert facts.value("extramedullary_disease") is disease
    sites = facts.value("extramedullary_sites")
    assert (sites.is_empty() if isinstance(sites, TokenSet) else None) is empty


def test_a_site_found_outweighs_a_general_denial() -> None:
    facts = read(observation("Staging", "no extramedullary disease"), condition("722795004"))
    assert facts.value("extramedullary_disease") is True


def test_without_a_record_readers_say_nothing() -> None:
    bare = Facts(read().as_of, read().registry)
    assert all(list(provider.run(bare)) == [] for provider in PROVIDERS)
