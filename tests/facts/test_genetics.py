"""Genetic facts of a record: what proves, what disproves, and what leaves a finding open."""

from __future__ import annotations

import pytest

from service.facts.genetics import reader as genetics
from service.facts.genetics.names import fusion_name
from service.facts.genetics.variants import answer, gene_of
from service.facts.given import unknown_stated
from service.facts.model import Facts, Reason, Registry, TokenSet
from tests.facts.genetic_resources import (
    HGNC,
    LOINC,
    SCT,
    component,
    concept,
    condition,
    drug,
    gene,
    observation,
    report,
)
from tests.facts.support import AS_OF, facts_of

PRESENT, ABSENT = concept(LOINC, "LA9633-4"), concept(LOINC, "LA9634-2")
FISH, PCR, P210, P190, RATIO = "51867-0", "21821-4", "21822-2", "21823-0", "46434-7"
BLASTS = "11150-0"


def read(*resources, **more):
    return facts_of(*resources, providers=genetics.PROVIDERS, **more)


def fusion_observation(*components, value=PRESENT, **more):
    return observation("69548-6", value, component=list(components), **more)


@pytest.mark.parametrize(
    "resource",
    [
        observation("33893-9", "46,XX,t(9;22)(q34;q11.2)[18]"),
        observation("33893-9", "46,XX,t(3;9;22)(p21;q34;q11)[18]"),
        observation("33893-9", "46,XX,der(22)t(9;22)(q34;q11)[18]"),
        observation("33893-9", "46,XX[20].nuc ish(ABL1,BCR)x3(ABL1 con BCRx2)[180/200]"),
        observation(FISH, PRESENT),
        observation(FISH, "nuc ish(ABL1,BCR)x3(ABL1 con BCRx2)[180/200]"),
        observation("57802-1", "BCR::ABL1 fusion detected in 90 % of nuclei"),
        observation(P190, concept(SCT, "10828004")),
        observation(P210, interpretation=[concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "POS")]),
        observation(PCR, valueBoolean=True),
        observation(RATIO, {"value": 12.5, "unit": "%"}),
        observation(RATIO, {"value": 0.01, "unit": "%"}, "2025-05-01"),
        fusion_observation(gene("HGNC:1014"), gene("HGNC:76")),
        fusion_observation(component("95123-6", valueCodeableConcept={"text": "BCR::ABL1"})),
        fusion_observation(gene("76"), text="RNA fusion BCR-ABL1"),
        observation("57802-1", component=[component(FISH, valueCodeableConcept=PRESENT)]),
        observation(None, "positive", text="FISH BCR::ABL1"),
        report("t(9;22) detected by FISH."),
        condition(code="425688002"),
        condition("http://terminology.hl7.org/CodeSystem/icd-o-3", "9812/3"),
        condition(text="Ph+ ALL"),
    ],
    ids=["t922", "variant", "der22", "karyotype-ish", "fish", "fish-ish", "fish-text", "p190", "interpretation", "boolean", "ratio",
         "ratio-later", "two-genes", "fusion-component", "one-gene", "component", "uncoded", "report", "sct", "icd-o", "text"],
)  # fmt: skip
def test_ph_positive_by_any_evidence(resource):
    facts = read(resource)
    assert facts.value("ph_status") == "positive"
    fusions = facts.value("fusions")
    assert isinstance(fusions, TokenSet)
    assert fusions.includes("BCR::ABL1") is True
    assert fusions.includes("ETV6::RUNX1") is None


@pytest.mark.parametrize(
    "resources",
    [
        (condition(), observation(FISH, ABSENT)),
        (condition(), observation(FISH, "nuc ish(ABL1,BCR)x2[200]")),
        (condition(), observation(PCR, concept(SCT, "260415000"), "2025-01-20")),
        (condition(), observation(P210, ABSENT), observation(P190, ABSENT)),
        (condition(), fusion_observation(gene("1014"), gene("76"), value=ABSENT)),
        (condition(), report("No evidence of BCR::ABL1.")),
        (condition(), observation(FISH, ABSENT, "2025-05-20"), observation(BLASTS, {"value": 60, "unit": "%"}, "2025-05-22")),
        (condition(), observation(FISH, ABSENT, "2025-05-20", note=[{"text": "Relapse marrow with 80 % blasts"}])),
        (observation(FISH, ABSENT, note=[{"text": "lymphoblasts: 91 %"}]),),
        (condition(code="714251006"),),
        (condition(), observation(FISH, ABSENT, "2025-01-12"), drug("imatinib", "282388", "2025-01-11")),
    ],
    ids=["fish", "ish", "pcr", "both-transcripts", "variant", "report", "relapse", "relapse-text", "blasts-undiagnosed", "code",
         "first-days"],
)  # fmt: skip
def test_ph_negative_by_a_test_with_disease_present(resources):
    facts = read(*resources)
    assert facts.value("ph_status") == "negative"
    fusions = facts.value("fusions")
    assert isinstance(fusions, TokenSet)
    assert fusions.includes("BCR::ABL1") is False


@pytest.mark.parametrize(
    ("resources", "detail"),
    [
        ((condition(), observation("33893-9", "46,XX[20]")), "cryptic"),
        ((condition(), observation("33893-9", "46,XX,?t(9;22)(q34;q11)[20]")), "leaves it open"),
        ((condition(), observation("33893-9", "46,XX,der(9)t(9;22)(q34;q11)[20]")), "leaves it open"),
        ((condition(), observation(FISH, ABSENT, "2025-05-20")), "sample with leukemia"),
        ((observation(FISH, ABSENT),), "sample with leukemia"),
        ((condition(), observation(FISH, ABSENT, None)), "sample with leukemia"),
        ((condition(), observation(P210, ABSENT)), "one BCR::ABL1 transcript"),
        ((condition(), observation(RATIO, {"value": 0, "unit": "%"})), "residual disease"),
        ((condition(), observation(RATIO, concept(SCT, "260415000"))), "residual disease"),
        ((condition(), observation(RATIO, {"value": 0.01, "unit": "%", "comparator": "<"})), "leaves it open"),
        ((condition(), observation("50195-7", {"value": 4.5, "unit": "{log}"})), "leaves it open"),
        ((condition(text="Ph-negative B-ALL"),), "diagnosis text"),
        ((condition(), report("BCR::ABL1 cannot be excluded.")), "leaves it open"),
        ((condition(), observation(FISH)), "leaves it open"),
        ((condition(), observation(FISH, ABSENT, "2025-02-15"), drug("imatinib", "282388", "2025-01-15")), "sample with leukemia"),
        ((condition(), observation(FISH, ABSENT, "2025-05-20"), observation(BLASTS, {"value": 3, "unit": "%"}, "2025-05-20")),
         "sample with leukemia"),
        ((condition(), observation(FISH, ABSENT, "2025-05-20"), observation(BLASTS, {"value": 60, "unit": "%"}, "2025-02-01")),
         "sample with leukemia"),
    ],
)  # fmt: skip
def test_ph_stays_open(resources, detail):
    fact = read(*resources)["ph_status"]
    assert (fact.value, fact.reason) == (None, Reason.NOT_DECIDED)
    assert detail in (fact.detail or "")
    assert fact.provenance


def test_ph_like_never_counts_as_ph_positive():
    facts = read(condition(), report("BCR::ABL1-like (Ph-like) signature detected."))
    assert facts.value("ph_status") is None
    assert facts.value("ph_like") is True


def test_ph_conflicts_are_explicit():
    coded = read(condition(code="714251006"), observation(FISH, PRESENT))["ph_status"]
    assert coded.reason is Reason.CONFLICTING
    assert len(coded.provenance) == 2
    from_text = read(condition(text="Ph+ ALL"), observation(FISH, ABSENT))["ph_status"]
    assert from_text.reason is Reason.CONFLICTING


def test_positive_transcript_beats_negative_fish():
    assert read(condition(), observation(FISH, ABSENT), observation(P190, PRESENT)).value("ph_status") == "positive"


def test_without_results_the_record_is_named():
    facts = read(condition())
    for name in ("ph_status", "fusions", "iamp21"):
        assert facts[name].reason is Reason.RECORD_EMPTY


def test_karyotype_that_is_not_the_leukemias_is_no_evidence():
    constitutional = observation(None, "46,XX,t(9;22)(q34;q11)[20]", text="Constitutional karyotype")
    assert read(condition(), constitutional).value("ph_status") is None


@pytest.mark.parametrize(
    ("resources", "members", "excluded"),
    [
        ((observation("33893-9", "46,XX,t(4;11)(q21;q23)[9]"),), {"KMT2A::AFF1", "KMT2A-r"}, set()),
        ((observation("33893-9", "46,XX,t(12;21)(p13;q22),t(8;14)(q24;q32)[9]"),), {"ETV6::RUNX1", "IGH::MYC"}, set()),
        ((condition(), observation("78219-3", PRESENT)), {"KMT2A-r"}, set()),
        ((condition(), observation("57802-1", "nuc ish(KMT2Ax2)(5'KMT2A sep 3'KMT2Ax1)")), {"KMT2A-r"}, set()),
        ((condition(code="838342003"),), {"ETV6::RUNX1"}, set()),
        ((fusion_observation(gene("3126"), gene("8804")),), {"EBF1::PDGFRB"}, set()),
        ((fusion_observation(component("95123-6", valueCodeableConcept={"text": "TEL::AML1"})),), {"ETV6::RUNX1"}, set()),
        ((condition(), observation("77039-6", ABSENT)), set(), {"ETV6::RUNX1"}),
        ((condition(), observation("78219-3", ABSENT), observation("33893-9", "46,XX,t(9;11)(p21;q23)[9]")),
         {"KMT2A::MLLT3", "KMT2A-r"}, {"KMT2A::AFF1", "KMT2A::MLLT1", "KMT2A::AFDN"}),
    ],
)  # fmt: skip
def test_fusions(resources, members, excluded):
    value = read(*resources).value("fusions")
    assert isinstance(value, TokenSet)
    assert (value.members, value.complete) == (members, False)
    assert value.excluded >= excluded
    assert not value.excluded & members
    assert bool(value.excluded) == bool(excluded)


def test_negative_break_apart_excludes_every_partner():
    value = read(condition(), observation("57802-1", "nuc ish(KMT2Ax2)[200]")).value("fusions")
    assert isinstance(value, TokenSet)
    assert value.includes("KMT2A-r") is False
    assert value.includes("KMT2A::AFF1") is False


def test_fusion_results_that_settle_nothing():
    fact = read(condition(), observation("77039-6", ABSENT, "2025-05-20"))["fusions"]
    assert fact.reason is Reason.NOT_DECIDED


def test_residual_disease_by_name_proves_but_never_disproves():
    negative = observation(None, "BCR::ABL1 not detected", text="MRD PCR")
    fact = read(condition(), negative)["ph_status"]
    assert (fact.value, fact.reason) == (None, Reason.NOT_DECIDED)
    assert read(condition(), observation(None, "BCR::ABL1 detected", text="MRD PCR")).value("ph_status") == "positive"


def test_facts_that_follow_from_fusions():
    facts = read(observation("33893-9", "46,XX,t(4;11)(q21;q23)[9]"))
    assert facts.value("kmt2a") is True
    assert facts.value("t_4_11") is True


@pytest.mark.parametrize(
    ("resource", "name", "value"),
    [
        (condition("http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "C130039"), "iamp21", True),
        (observation("57802-1", "nuc ish(RUNX1 amp)[150/200]"), "iamp21", True),
        (report("No iAMP21 was seen."), "iamp21", False),
        (report("IKZF1 deletion detected."), "ikzf1", True),
        (report("IKZF1 deletion not detected."), "ikzf1", False),
        (report("P2RY8::CRLF2 detected."), "crlf2_r", True),
        (report("P2RY8::CRLF2 not detected."), "crlf2_r", None),
        (report("CRLF2 rearrangement not detected."), "crlf2_r", False),
        (report("EPOR rearrangement detected."), "epor_r", True),
        (report("BCR::JAK2 detected."), "jak2_fusion", True),
        (observation("33893-9", "46,XX,t(9;22)(p24;q11)[9]"), "jak2_fusion", True),
        (report("IL7R insertion detected."), "il7r_indel", True),
        (report("SH2B3 deletion detected."), "sh2b3_alteration", True),
        (condition(code="838346000"), "ploidy", "high-hyperdiploid"),
        (condition(code="838344002"), "ploidy", "hypodiploid"),
        (report("EBF1::PDGFRB detected."), "kinase_class", "ABL-class"),
        (report("P2RY8::CRLF2 detected."), "kinase_class", "JAK-STAT"),
        (report("ETV6::NTRK3 detected."), "kinase_class", "other"),
        (report("BCR::ABL1 detected."), "kinase_class", None),
        (report("EBF1::PDGFRB detected. P2RY8::CRLF2 detected."), "kinase_class", None),
    ],
)
def test_single_findings(resource, name, value):
    assert read(condition(), resource).value(name) == value


@pytest.mark.parametrize(
    ("value", "known", "reason"),
    [
        ({"value": 1.21}, 1.21, None),
        ({"value": 121}, None, Reason.IMPLAUSIBLE),
        ("see report", None, Reason.RECORD_EMPTY),
    ],
)
def test_dna_index(value, known, reason):
    fact = read(observation(None, value, text="DNA index"))["dna_index"]
    assert (fact.value, fact.reason) == (known, reason)


def test_genes_and_answers():
    assert gene_of(concept(HGNC, "HGNC:76")) == "ABL1"
    assert gene_of(concept(HGNC, "MLL")) == "KMT2A"
    assert gene_of({"text": "BCR activator"}) == "BCR"
    assert gene_of({"text": "something"}) is None
    assert fusion_name("PDGFRB", "EBF1") == "EBF1::PDGFRB"
    assert fusion_name("MYC", "XYZ1") == "XYZ1::MYC"
    assert answer({"interpretation": [{"text": "negativ"}]}) is False
    assert answer({"valueString": "indeterminate"}) is None
    assert answer({}) is None
    german = "https://example.org/mii-cs-onko-genetische-variante-auspraegung"
    assert answer({"interpretation": [concept(german, "W")]}) is False
    assert (
        answer({"interpretation": [concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "W")]})
        is None
    )


def test_text_is_marked_in_the_provenance():
    assert read(report("BCR::ABL1 detected."))["ph_status"].provenance[0].from_text is True
    assert read(observation(FISH, PRESENT))["ph_status"].provenance[0].from_text is False


def test_stated_facts_need_no_record():
    facts = Facts(AS_OF, Registry(genetics.PROVIDERS, unknown_stated))
    for name in ("ph_status", "fusions", "iamp21", "kinase_class", "ploidy", "dna_index"):
        assert facts[name].reason is Reason.NOT_GIVEN
