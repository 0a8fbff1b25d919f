"""Conditions as laboratories, registries and EHRs of several countries send them: which disease each names, and the gate.

The registry and survivor shapes follow those found in public data; wording and values are made up.
"""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.disease.diagnosis import has_all
from service.facts.model import Facts, Reason
from tests.facts.fhir import GM, ICD, ICDO, SCT, Json, concept, condition, resource
from tests.facts.support import facts_of

WHO, CM9 = "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-9-cm"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
HISTOLOGY = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior"
CERTAINTY = "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit"
NOTHING = concept("NI", "http://terminology.hl7.org/CodeSystem/v3-NullFlavor")


def bare(**members: Any) -> Json:
    """A Condition without a code."""
    return resource("Condition", **members)


def histology(code: str | None = None, **more: Any) -> list[Json]:
    return [{"url": HISTOLOGY, "valueCodeableConcept": concept(code, ICDO, **more)}]


def verified(word: str, **more: Any) -> Json:
    return condition("C91.00", ICD, verificationStatus=concept(word, "http://hl7.org/condition-ver-status"), **more)


def marked(mark: str) -> Json:
    coding = {
        "system": GM,
        "code": "C91.00",
        "extension": [{"url": CERTAINTY, "valueCoding": {"system": "urn:kbv", "code": mark}}],
    }
    return condition() | {"code": {"coding": [coding]}}


def gate(facts: Facts) -> bool | None:
    assert facts.record is not None
    return has_all(facts.record)


@pytest.mark.parametrize(
    ("resource", "disease", "line"),
    [
        # ICD-10 in its editions, as category, with marks, old
        pytest.param(condition("C91.0", GM), "ALL", None, id="German category"),
        pytest.param(condition("C91.0-", GM), "ALL", None, id="German category with dash"),
        pytest.param(condition("C91.00+", GM), "ALL", None, id="dagger"),
        pytest.param(condition("C91.00 G", GM), "ALL", None, id="certain, in the code"),
        pytest.param(condition("C91.0", ICD), "ALL", None, id="category of ICD-10-CM"),
        pytest.param(condition("204.01", CM9), "ALL", None, id="ICD-9"),
        pytest.param(condition("C83.5", GM), "LL", None, id="lymphoblastic lymphoma, German"),
        pytest.param(condition("C83.7", WHO), "mature-B", "mature-B", id="Burkitt, WHO"),
        pytest.param(condition("C91.80", GM), "mature-B", "mature-B", id="Burkitt leukemia, German"),
        pytest.param(condition("C92.00", GM), "AML", None, id="AML, German"),
        pytest.param(condition("C92.11", ICD), "CML", None, id="CML"),
        pytest.param(condition("C91.10", ICD), "other", None, id="CLL"),
        # morphology
        pytest.param(condition("M9836/3", ICDO), "ALL", "B", id="with M"),
        pytest.param(condition("98373", ICDO), "ALL", "T", id="without slash"),
        pytest.param(condition("9728/3", ICDO), "LL", "B", id="B-LBL"),
        pytest.param(condition("M98353", "urn:oid:1.2.208.176.2.4"), "ALL", None, id="under a national SNOMED"),
        pytest.param(condition("C8644", "urn:oid:2.16.840.1.113883.3.26.1.1"), "ALL", "B", id="NCIt by OID"),
        pytest.param(condition("C91.00", ""), "ALL", None, id="ICD-10 without system"),
        pytest.param(condition("277571004", ""), "ALL", "B", id="SNOMED without system"),
        # words
        pytest.param(condition(text="ALL, Hochrisikogruppe"), "ALL", None, id="risk group"),
        pytest.param(condition(text="Infant ALL, KMT2A-rearranged"), "ALL", None, id="gene behind"),
        pytest.param(condition(text="ALL, STANDARD RISK"), "ALL", None, id="capitals"),
        pytest.param(condition(text="ALL (C91.0)"), "ALL", None, id="with its code"),
        pytest.param(condition(text="Leukämie, akute lymphatische"), "ALL", None, id="turned round"),
        pytest.param(condition("C91.01", ICD, "History of relapsed ALL, now in CR2"), "ALL", None, id="a history that goes on"),
        pytest.param(condition(text="ALL (SR) nach AIEOP-BFM"), "ALL", None, id="protocol"),
        pytest.param(condition(text="Akute lymphoblastische Leukaemie"), "ALL", None, id="no umlaut"),
        pytest.param(condition(text="B-Vorläufer-ALL"), "ALL", "B", id="B precursor"),
        pytest.param(condition(text="kortikale T-ALL"), "ALL", "T", id="cortical T"),
        pytest.param(condition(text="Ūminė limfoblastinė leukemija"), "ALL", None, id="Lithuanian"),
        pytest.param(condition(text="Ostra białaczka limfoblastyczna"), "ALL", None, id="Polish"),
        pytest.param(condition(text="Acute lymfatische leukemie"), "ALL", None, id="Dutch"),
        pytest.param(condition(text="LLA de células B"), "ALL", "B", id="Spanish"),
        pytest.param(condition(text="T-LBL Stadium III"), "LL", "T", id="LBL"),
        pytest.param(condition(text="T-lymphoblastisches Lymphom"), "LL", "T", id="LBL, German"),
        pytest.param(condition(text="B-ALL/LBL"), "ALL", "B", id="leukemia and lymphoma"),
        pytest.param(condition(text="ALL, L3"), "mature-B", "mature-B", id="L3"),
        pytest.param(condition(text="reifzellige B-ALL"), "mature-B", "mature-B", id="mature, German"),
        pytest.param(condition(text="Ūminė Burkitt leukemija, CNS"), "mature-B", "mature-B", id="Burkitt, Lithuanian"),
        pytest.param(condition(text="gemischtphänotypische akute Leukämie"), "MPAL", "mixed", id="MPAL, German"),
        pytest.param(condition(text="CML in lymphatischer Blastenkrise"), "BP-CML", None, id="blast crisis, German"),
        pytest.param(condition(text="Akute myeloische Leukämie"), "AML", None, id="AML in words"),
        pytest.param(condition(text="AML M5"), "AML", None, id="AML, short"),
        pytest.param(condition(text="Chronische lymphatische Leukämie"), "other", None, id="CLL in words"),
        # no code at all
        pytest.param(bare(extension=histology("9836/3", display="Leucemia linfoblástica B")), "ALL", "B", id="histology"),
        pytest.param(bare(extension=histology(text="Precursor T lymphoblastic leukemia")), "ALL", "T", id="its text"),
        pytest.param(bare(bodySite=[concept("M9836/3", "urn:local")]), "ALL", "B", id="morphology for a body site"),
        pytest.param(
            bare(code=NOTHING, bodySite=[concept("9", "urn:x", display="Leucemia Acuta Linfoblastica - LAL")]),
            "ALL", None, id="display of a body site",
        ),
        pytest.param(bare(code=NOTHING, note=[{"text": "Leucemia Acuta Linfoblastica - LAL"}]), "ALL", None, id="note"),
        pytest.param(bare(stage=[{"summary": {"text": "B-ALL, SRG, CNS1"}}]), "ALL", "B", id="stage"),
        pytest.param(bare(evidence=[{"code": [{"text": "T-ALL"}]}]), "ALL", "T", id="evidence"),
        pytest.param(
            bare(code={"text": "prä-B-ALL, SRG, ZNS1, REMISSION"}, bodySite=[concept("M9836/3", ICDO)]), "ALL", "B",
            id="all in one text",
        ),
    ],
)  # fmt: skip
def test_what_a_condition_names(resource: Json, disease: str, line: str | None) -> None:
    facts = facts_of(resource)
    assert (facts.value("diagnosis"), facts.value("lineage")) == (disease, line)
    assert gate(facts) is (disease not in ("AML", "CML", "other"))


@pytest.mark.parametrize(
    ("resource", "expected", "reason"),
    [
        # the text denies, doubts or gives to others what the code says
        pytest.param(condition("C91.00", ICD, "No evidence of ALL"), None, Reason.CONFLICTING, id="denied"),
        pytest.param(condition("C91.00", GM, "Ausschluss akute lymphatische Leukämie"), None, Reason.CONFLICTING,
                     id="excluded"),
        pytest.param(condition("C91.00", ICD, "Mother with ALL"), None, Reason.CONFLICTING, id="mother"),
        pytest.param(condition("C91.00", ICD, "Rule out acute lymphoblastic leukemia"), None, Reason.NOT_DECIDED,
                     id="rule out"),
        pytest.param(condition("C91.00", GM, "V.a. akute lymphatische Leukämie"), None, Reason.NOT_DECIDED,
                     id="suspected, German"),
        pytest.param(condition("C91.00", ICD, "History of ALL"), False, Reason.NOT_DECIDED, id="history"),
        pytest.param(condition("C91.01", GM, "Z.n. ALL 1998"), False, Reason.NOT_DECIDED, id="history, German"),
        pytest.param(condition("C91.01", ICD, "ALL survivor, treated as a child"), False, Reason.NOT_DECIDED, id="survivor"),
        # two classes of leukemia
        pytest.param(condition() | {"code": {"coding": [{"system": ICD, "code": "C91.00"}, {"system": SCT, "code": "91861009"}]}},
                     None, Reason.CONFLICTING, id="two codes"),
        pytest.param(condition("91857003", text="Acute myeloid leukemia"), None, Reason.CONFLICTING, id="code and text"),
        pytest.param(bare(code={"text": "prä-B-ALL"}, extension=histology("9826/3")), None, Reason.CONFLICTING,
                     id="precursor in words, Burkitt in code"),
        pytest.param(condition("277571004", text="Burkitt leukemia"), None, Reason.CONFLICTING,
                     id="precursor in code, Burkitt in words"),
        # how sure it is
        pytest.param(verified("differential"), None, Reason.NOT_DECIDED, id="differential"),
        pytest.param(verified("refuted"), False, Reason.RECORD_EMPTY, id="refuted"),
        pytest.param(marked("V"), None, Reason.NOT_DECIDED, id="marked as suspected"),
        pytest.param(marked("A"), False, Reason.RECORD_EMPTY, id="marked as excluded"),
        pytest.param(marked("Z"), False, Reason.NOT_DECIDED, id="marked as over"),
        pytest.param(condition("C91.00 V", GM), None, Reason.NOT_DECIDED, id="suspected, in the code"),
        pytest.param(condition("C91.00A", GM), False, Reason.RECORD_EMPTY, id="excluded, in the code"),
        # the kind is not said
        pytest.param(condition("C95.00", GM), None, Reason.NOT_DECIDED, id="acute leukemia"),
        pytest.param(condition("C91.91", ICD), None, Reason.NOT_DECIDED, id="lymphoid leukemia"),
        pytest.param(condition(text="Akute Leukämie"), None, Reason.NOT_DECIDED, id="in words"),
        pytest.param(condition(text="Leukemia in remission"), None, Reason.NOT_DECIDED, id="remission of some kind"),
        pytest.param(condition(text="Leukemia"), None, Reason.NOT_DECIDED, id="one word"),
        pytest.param(condition(text="akute undifferenzierte Leukämie"), None, Reason.NOT_DECIDED, id="undifferentiated"),
        # not this patient's, or not at all
        pytest.param(condition("Z80.6", ICD, "Family history of leukemia"), False, Reason.RECORD_EMPTY, id="family code"),
        pytest.param(condition("Z85.6", ICD, "Personal history of leukemia (ALL)"), False, Reason.NOT_DECIDED,
                     id="history code"),
        pytest.param(condition("C91.00", ICD, status="inactive"), False, Reason.NOT_DECIDED, id="inactive"),
        pytest.param(condition(text="WEAKNESS OF ALL LIMBS"), False, Reason.RECORD_EMPTY, id="the word"),
        pytest.param(condition(text="chronic lymphadenopathy"), False, Reason.RECORD_EMPTY, id="another disease"),
    ],
)  # fmt: skip
def test_what_is_not_a_diagnosis(resource: Json, expected: bool | None, reason: Reason) -> None:
    facts = facts_of(resource)
    assert gate(facts) is expected
    assert facts["diagnosis"].reason is reason
    assert facts["diagnosis"].detail


@pytest.mark.parametrize("word", ["provisional", "unconfirmed"])
def test_a_tentative_diagnosis_is_evidence_that_says_so(word: str) -> None:
    fact = facts_of(verified(word))["diagnosis"]
    assert (fact.value, fact.provenance[0].note) == ("ALL", "not confirmed")


def test_a_confirmed_diagnosis_goes_before_a_tentative_one() -> None:
    tentative = condition("91861009", verificationStatus=concept("provisional"))
    assert facts_of(tentative, verified("confirmed")).value("diagnosis") == "ALL"
    assert facts_of(tentative, verified("provisional"))["diagnosis"].reason is Reason.CONFLICTING


def test_words_of_a_relapse_in_doubt_do_not_touch_the_diagnosis() -> None:
    facts = facts_of(condition("C91.01", ICD, "ALL, suspected relapse", status="active"))
    assert (gate(facts), facts.value("diagnosis")) == (True, "ALL")


def test_a_code_of_a_category_says_nothing_of_the_state() -> None:
    assert facts_of(condition("C91.0", GM)).value("disease_state") is None
    assert facts_of(condition("204.02", CM9)).value("disease_state") == "relapsed"


def test_a_diagnosis_with_a_modifier_that_is_not_understood_is_no_silence() -> None:
    facts = facts_of(condition("C91.00", ICD, modifierExtension=[{"url": "urn:x", "valueBoolean": True}]))
    assert gate(facts) is None
    assert facts["diagnosis"].reason is Reason.SET_ASIDE
