"""Facts from karyotypes: where they stand in a record and which of them speak of the leukemia."""

from __future__ import annotations

import pytest

from service.facts.given import unknown_stated
from service.facts.karyotype import reader
from service.facts.model import Facts, Interval, Reason, Registry, TokenSet
from service.record.model import Coverage
from tests.facts.genetic_resources import LOINC, SCT, component, concept, condition, observation, report, transplant
from tests.facts.support import AS_OF, COMPLETE, facts_of

PH = "46,XX,t(9;22)(q34;q11.2)[18]/46,XX[2]"


def read(*resources, **more):
    return facts_of(*resources, providers=reader.PROVIDERS, **more)


@pytest.mark.parametrize(
    "resource",
    [
        observation("29770-5", PH),
        observation("33893-9", {"text": PH}),
        observation("62356-1", "46,XX,t(9;22)(q34;q11.2)[18]/\n46,XX[2]"),
        observation("69548-6", component=[component("81291-7", valueCodeableConcept=concept("https://iscn.karger.com", PH))]),
        observation("69548-6", component=[component("81291-7", valueCodeableConcept={"text": PH})]),
        observation("29770-5", "see note", note=[{"text": f"Karyotype: {PH}. Ph chromosome."}]),
        observation(None, PH, text="Chromosomenanalyse"),
        observation(None, f"Ergebnis: {PH}", text="Befund"),
        report(f"The karyotype was {PH}.", code={"text": "Zytogenetik"}),
        {
            **report("", code=concept(LOINC, "33893-9")),
            "contained": [{"resourceType": "Observation", "id": "k", "code": {"text": "ISCN"}, "valueString": PH}],
        },
        {**condition(), "note": [{"text": f"Karyotyp {PH}"}]},
    ],
    ids=["valueString", "concept-text", "wrapped", "component-code", "component-text", "note", "german", "uncoded", "conclusion",
         "contained", "condition-note"],
)  # fmt: skip
def test_karyotype_is_found_in_every_shape(resource):
    facts = read(resource)
    assert str(facts.value("karyotype")).replace(" ", "") == PH
    assert facts.value("modal_chromosome_number") == 46
    assert facts.value("chromosomal_abnormality_count") == 1


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        ("No metaphases obtained", Reason.UNREADABLE, "no metaphases"),
        ("46,XY,del(20)(q*q*)[]", Reason.UNREADABLE, "placeholders"),
        ("//46,XX[20]", Reason.NOT_DECIDED, "donor"),
        ("Karyotype: FISH ON TISSUE. No evidence of MYC rearrangements", Reason.UNREADABLE, "not a karyotype"),
    ],
)
def test_unusable_karyotype_is_unknown_with_its_text(value, reason, detail):
    fact = read(observation("33893-9", value))["karyotype"]
    assert (fact.value, fact.reason) == (None, reason)
    assert detail in (fact.detail or "")
    assert fact.provenance[0].found == value


def test_without_karyotype_the_coverage_tells_why():
    assert read()["karyotype"].reason is Reason.RECORD_EMPTY
    missing = read(coverage={**COMPLETE, "Observation": Coverage.FAILED})["trisomies"]
    assert missing.reason is Reason.FETCH_FAILED


def test_numbers_of_an_abnormal_clone():
    text = "55~57,XX,+X,dup(1)(q21q32),+4,+6,+10,+14,+17,+18,+21,+21,+mar[cp9]/46,XX[2]"
    facts = read(observation("33893-9", text))
    assert facts.value("modal_chromosome_number") == Interval(55, 57)
    assert facts.value("trisomies") == TokenSet(frozenset({"4", "10", "17"}))
    assert facts.value("chromosomal_abnormality_count") == 1  # the gains and the marker are the ploidy group itself


def test_doubled_hypodiploid_clone_is_called_hypodiploid():
    facts = read(observation("33893-9", "28,X,+8,+14,+18,+21,+Y[2]/56,idemx2[18]"))
    assert facts.value("ploidy") == "near-haploid"
    assert facts["trisomies"].reason is Reason.NOT_DECIDED


def test_implausible_number_is_not_used():
    assert read(observation("33893-9", "460,XX,+8[3]"))["modal_chromosome_number"].reason is Reason.IMPLAUSIBLE


def test_first_abnormal_karyotype_since_diagnosis_speaks():
    facts = read(
        condition(),
        observation("33893-9", PH, "2025-01-12"),
        observation("33893-9", "46,XX[20]", "2025-03-01"),
        observation("33893-9", "47,XX,t(9;22)(q34;q11.2),+8[9]", "2025-05-20"),
    )
    assert facts.value("karyotype") == PH


@pytest.mark.parametrize(
    ("value", "known", "reason"),
    [
        ("46,XX[20]", True, None),
        ("46,XX", True, None),
        ("46,XX[12]", False, Reason.NOT_DECIDED),
    ],
)
def test_normal_karyotype_needs_twenty_metaphases(value, known, reason):
    fact = read(condition(), observation("33893-9", value))["chromosomal_abnormality_count"]
    assert (fact.value == 0, fact.reason) == (known, reason)


def test_normal_karyotype_of_later_than_diagnosis_may_be_remission():
    fact = read(condition(), observation("33893-9", "46,XX[20]", "2025-05-01"))["karyotype"]
    assert fact.reason is Reason.NOT_DECIDED
    assert "remission" in (fact.detail or "")


def test_normal_karyotype_after_transplantation_is_the_donors():
    later = observation("33893-9", "46,XY[20]", "2025-05-01")
    assert "donor" in (read(transplant("2025-04-01"), later)["karyotype"].detail or "")
    relapse = observation("33893-9", PH, "2025-05-01")
    assert read(transplant("2025-04-01"), relapse).value("karyotype") == PH


def test_statements_without_formula():
    complex_one = read(condition(), observation("29770-5", "Complex karyotype observed"))
    assert complex_one.value("complex_karyotype") is True
    assert complex_one["modal_chromosome_number"].reason is Reason.NOT_DECIDED
    normal = read(condition(), observation("29770-5", "Normal karyotype observed"))
    assert normal.value("chromosomal_abnormality_count") == 0
    assert normal["modal_chromosome_number"].reason is Reason.NOT_DECIDED


@pytest.mark.parametrize(
    "resource",
    [
        observation("29770-5", concept(SCT, "41040004")),
        observation("33893-9", "47,XY,+21c[20]"),
        observation("29770-5", "47,XX,+21[20]", "2015-03-01"),
        observation(None, "47,XX,+21[20]", text="Prenatal karyotype"),
    ],
    ids=["snomed", "21c", "years-before", "prenatal"],
)
def test_constitutional_trisomy_21_is_down_syndrome_not_leukemia(resource):
    facts = read(condition(), resource)
    assert facts.value("down_syndrome") is True
    assert facts.value("chromosomal_abnormality_count") in (None, 0)


def test_trisomy_21_of_the_leukemia_is_not_down_syndrome():
    assert read(condition(), observation("33893-9", "47,XX,+21[20]"))["down_syndrome"].value is None


def test_constitutional_study_is_set_aside():
    fact = read(condition(), observation(None, "46,XX,t(4;11)(q21;q23)[20]", text="Constitutional karyotype"))[
        "karyotype"
    ]
    assert fact.reason is Reason.NOT_DECIDED


def test_provenance_says_what_was_not_read_and_what_is_undated():
    fact = read(observation("33893-9", "46,XX,t(9;22)(q34;q11),zz9[20]", None))["karyotype"]
    assert fact.provenance[0].note == "not read: zz9; undated"
    bare = read(observation("33893-9", "46,XX,t(9;22)(q34;q11)"))["karyotype"]
    assert bare.provenance[0].note == "metaphases not stated"


def test_stated_facts_need_no_record():
    facts = Facts(AS_OF, Registry(reader.PROVIDERS, unknown_stated))
    assert facts["karyotype"].reason is Reason.NOT_GIVEN
    assert facts["down_syndrome"].reason is Reason.NOT_GIVEN
