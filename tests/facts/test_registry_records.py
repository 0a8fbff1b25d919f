"""Whole records in the shapes of public examples: an mCODE child, survivor registries, a German registry message, a demo
with contradicting displays. Shapes as found, wording and values made up.
"""

from __future__ import annotations

from service.facts.disease.diagnosis import has_all
from service.facts.model import Facts, Reason, TokenSet
from tests.facts.fhir import (
    ATC,
    GM,
    ICDO,
    LOINC,
    SCT,
    Json,
    concept,
    condition,
    observation,
    patient,
    resource,
    statement,
)
from tests.facts.support import facts_of

NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
NOTHING = concept("NI", "http://terminology.hl7.org/CodeSystem/v3-NullFlavor")


def opened(facts: Facts) -> bool | None:
    assert facts.record is not None
    return has_all(facts.record)


def gene(code: str) -> Json:
    return {"code": concept("48018-6", LOINC), "valueCodeableConcept": concept(code, "http://www.genenames.org/geneId")}


def test_a_child_as_mcode_has_it() -> None:
    facts = facts_of(
        patient("2017-03-04", gender="male"),
        condition("277571004", text="B-cell acute lymphoblastic leukemia", status="active", onsetDateTime="2025-02-10"),
        observation("101119-6", "2025-02-11", text="Immunophenotype", valueString="positive for CD10, CD19 and TdT"),
        observation(
            "69548-6", "2025-02-12", valueCodeableConcept=concept("LA9633-4", LOINC), component=[gene("HGNC:3495"), gene("HGNC:10471")]
        ),
        observation("C167435", "2025-02-12", NCIT, valueCodeableConcept=concept("C122457", NCIT)),
        observation("97509-4", "2025-04-01", valueCodeableConcept=concept("268910001", SCT, display="improved")),
    )  # fmt: skip
    assert opened(facts) is True
    assert (facts.value("diagnosis"), facts.value("lineage"), facts.value("sex")) == ("ALL", "B", "male")
    assert (facts.value("age_years"), facts.value("age_at_diagnosis_years")) == (8.0, 7.0)
    assert (facts.value("age_group"), facts.value("is_adult")) == ("child", False)
    assert facts.value("disease_state") is None  # "improved" is neither remission nor relapse
    fusions = facts.value("fusions")
    assert isinstance(fusions, TokenSet)
    assert fusions.includes("ETV6::RUNX1")


def test_a_survivor_with_everything_in_one_text() -> None:
    facts = facts_of(
        resource(
            "Condition",
            code={"text": "prä-B-ALL, SRG, ZNS1, REMISSION"},
            bodySite=[concept("M9836/3", ICDO)],
            stage=[{"summary": {"text": "SRG, CNS1"}}],
            note=[{"text": "SNP-Array: hyperdiploider Karyotyp mit Trisomien 4, 6, 10, 18"}],
        )
    )
    assert opened(facts) is True
    assert (facts.value("diagnosis"), facts.value("lineage")) == ("ALL", "B")
    assert facts.value("disease_state") == "in-remission"
    assert facts["diagnosis"].provenance[0].from_text


def test_the_same_survivor_retyped_as_burkitt_is_a_conflict() -> None:
    retyped = concept("9826/3", ICDO)
    url = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior"
    facts = facts_of(
        resource(
            "Condition", code={"text": "prä-B-ALL, SRG"}, extension=[{"url": url, "valueCodeableConcept": retyped}]
        )
    )
    assert opened(facts) is None
    assert facts["diagnosis"].reason is Reason.CONFLICTING


def test_a_survivor_without_any_code() -> None:
    facts = facts_of(
        resource(
            "Condition", code=NOTHING, bodySite=[concept("1", "urn:x", display="Leucemia Acuta Linfoblastica - LAL")],
            onsetDateTime="2019-05",
        ),
        statement(None, "2020-01-01", "2020-02-01") | {"medicationCodeableConcept": concept("L01XC19", ATC)},
        resource("Procedure", category=concept("77465005")),
    )  # fmt: skip
    assert opened(facts) is True
    assert (facts.value("diagnosis"), facts.value("diagnosis_date")) == ("ALL", "2019-05")
    assert facts.value("prior_blinatumomab") is True
    assert facts.value("prior_allo_hct") is not True


def test_a_german_registry_message_does_not_tell_the_state() -> None:
    facts = facts_of(
        condition("C91.00", GM, onsetDateTime="2021-03-01"), statement("Methotrexat (MTX)", "2021-03-10", "2021-06-01")
    )
    assert (opened(facts), facts.value("diagnosis"), facts.value("disease_state")) == (True, "ALL", None)


def test_displays_that_contradict_their_codes() -> None:
    egfr = observation("77147-7", text="Bone marrow blasts", valueQuantity={"value": 0.02, "unit": "%"})
    facts = facts_of(condition("91857003", text="B-cell ALL"), egfr)
    assert (facts.value("diagnosis"), facts.value("lineage")) == ("ALL", "B")
    assert facts.value("marrow_blasts_percent") is None


def test_a_patient_with_aml_is_silent() -> None:
    facts = facts_of(condition("91861009", text="Acute myeloid leukemia", status="active"))
    assert (opened(facts), facts.value("diagnosis"), facts.value("malignancy_myeloid")) == (False, "AML", True)


def test_burkitt_leukemia_is_neither_all_nor_passed_over() -> None:
    facts = facts_of(condition(text="Ūminė Burkitt leukemija su CNS pažeidimu"))
    assert opened(facts) is True
    assert (facts.value("diagnosis"), facts.value("burkitt_or_mature_b")) == ("mature-B", True)
    assert facts.value("lineage") == "mature-B"
