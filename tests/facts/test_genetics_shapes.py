"""Genetic results in the shapes that laboratories and hospitals send: FISH reports, panels, genomics reporting, registries."""

from __future__ import annotations

import pytest

from service.facts.genetics import reader as genetics
from service.facts.genetics.codes import GENES, TESTS
from service.facts.model import Reason, TokenSet
from tests.facts.genetic_resources import LOINC, SCT, component, concept, condition, gene, observation, report
from tests.facts.support import facts_of, terminology

PRESENT, ABSENT = concept(LOINC, "LA9633-4"), concept(LOINC, "LA9634-2")
TRAIT = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-genetische-variante-auspraegung"
PDF = [{"contentType": "application/pdf", "url": "Binary/1"}]
ISCN = "https://iscn.karger.com"


def read(*resources, cond=True):
    return facts_of(*([condition()] if cond else []), *resources, providers=genetics.PROVIDERS)


def members(facts):
    value = facts.value("fusions")
    assert isinstance(value, TokenSet)
    return value.members


def named(text, value=None, **more):
    return observation(None, value, text=text, **more)


def test_a_fish_report_of_several_probes_in_one_text():
    facts = read(
        report(
            "INTERPRETATION: ABNORMAL FISH RESULT.\nInterphase FISH showed a BCR/ABL1 fusion in 92% of the 200 nuclei examined.\n"
            "No evidence of KMT2A (11q23) rearrangement, or of ETV6/RUNX1 fusion.\n"
            "ISCN: nuc ish(ABL1,BCR)x3(ABL1 con BCRx2)[184/200],(KMT2Ax2)[200],(ETV6,RUNX1)x2[200]",
            text="FISH ALL PANEL, BONE MARROW",
        )
    )
    assert facts.value("ph_status") == "positive"
    assert facts.value("kmt2a") is False
    assert facts.value("iamp21") is False
    assert members(facts) == {"BCR::ABL1"}


def test_one_row_per_probe_as_converted_from_messages():
    facts = read(
        named("BCR/ABL1 (9;22)", "Negative"),
        named("KMT2A (MLL) 11q23 Break Apart", "Negative"),
        named("ETV6/RUNX1 t(12;21)", "Positive"),
        named("FISH Interpretation", "ABNORMAL"),
    )
    assert facts.value("ph_status") == "negative"
    assert facts.value("kmt2a") is False
    assert members(facts) == {"ETV6::RUNX1"}


def test_a_german_report_of_everything_at_once():
    facts = read(
        report(
            "Zytogenetik: 46,XY[20]. FISH (200 Interphasekerne): BCR::ABL1: kein Nachweis einer Fusion; KMT2A: kein Hinweis auf "
            "Rearrangement; ETV6::RUNX1: unauffällig. MLPA: Deletion IKZF1 Exon 4-7 heterozygot. Molekulargenetik: BCR::ABL1 "
            "(p190, p210) negativ.",
            text="Leukämiediagnostik",
        )
    )
    assert facts.value("ph_status") == "negative"
    assert facts.value("kmt2a") is False
    assert facts.value("ikzf1") is True
    value = facts.value("fusions")
    assert isinstance(value, TokenSet)
    assert value.includes("ETV6::RUNX1") is False


def test_fish_headed_as_a_karyotype_excludes_what_it_names():
    facts = read(
        named("Karyotype", "Karyotype: FISH ON PARAFFIN EMBEDDED TISSUE\r\n\r\nFISH Result: IRF4/DUSP22 gene rearrangement detected\r\n"
              "No evidence of MYC, IGH::MYC, BCL2 or BCL6 rearrangements.")
    )  # fmt: skip
    assert members(facts) == frozenset()
    value = facts.value("fusions")
    assert isinstance(value, TokenSet)
    assert value.excluded == {"IGH::MYC"}


@pytest.mark.parametrize(
    ("resources", "status"),
    [
        ((named("BCR-ABL1 p190 qualitativ (RT-PCR)", "negativ"), named("BCR-ABL1 p210 qualitativ (RT-PCR)", "negativ")), "negative"),
        ((named("BCR-ABL1 p190 qualitativ (RT-PCR)", "negativ"),), None),
        ((named("Xpert BCR-ABL Ultra", "NEGATIVE [Sufficient ABL transcript]"),), None),
        ((named("Xpert BCR-ABL Ultra", "POSITIVE [6.21% (IS) and MR1.21]"),), "positive"),
        ((named("Xpert BCR-ABL Ultra p190", "POSITIVE [Above upper LoQ]"),), "positive"),
        ((named("Xpert BCR-ABL Ultra", "NO RESULT"),), None),
        ((named("BCR::ABL1-Fusionstranskript", "kein Nachweis"),), "negative"),
        ((named("BCR-ABL1 kinase domain mutation analysis", "Not detected"),), None),
        ((observation("21821-4", concept(LOINC, "LA11883-8")),), "negative"),
        ((observation("21821-4", concept(LOINC, "LA11882-0")),), "positive"),
        ((named("FISH", "Clinical indication: newly diagnosed ALL, r/o Ph+. Result: pending."),), None),
        ((named("FISH", {"text": "BCR::ABL1 fusion present"}),), "positive"),
        ((report("", text="Cytogenetics", conclusionCode=[concept(SCT, "425688002")]),), "positive"),
    ],
    ids=["both-transcripts", "one-transcript", "cartridge-negative", "cartridge-positive", "cartridge-p190", "no-result", "german",
         "mutation-test", "not-detected", "detected", "indication", "text-of-concept", "conclusion-code"],
)  # fmt: skip
def test_ph_status_of_molecular_tests(resources, status):
    assert read(*resources).value("ph_status") == status


@pytest.mark.parametrize(
    ("value", "more", "status"),
    [
        ({"value": 90, "unit": "%"}, {}, "positive"),
        ({"value": 3, "unit": "%"}, {}, None),
        ({"value": 0, "unit": "%"}, {}, "negative"),
        ({"value": 2, "unit": "%"}, {"referenceRange": [{"high": {"value": 2}}]}, "negative"),
        ({"value": 2.1, "unit": "%"}, {"referenceRange": [{"high": {"value": 2}}]}, "positive"),
        ({"value": 90, "unit": "nuclei"}, {}, None),
    ],
)
def test_shares_of_nuclei_against_the_laboratorys_limit(value, more, status):
    assert read(named("FISH BCR::ABL1", value, **more)).value("ph_status") == status


@pytest.mark.parametrize(
    ("resource", "name", "value"),
    [
        (observation("69548-6", PRESENT, component=[gene("76"), component("48019-4", valueCodeableConcept={"text": "Fusion"})],
                     note=[{"text": "MTB RNA Fusion - BCR-ABL1"}]), "ph_status", "positive"),
        (observation("69548-6", PRESENT, text="MTB RNA Fusion - BCR-ABL1", component=[gene("76")]), "ph_status", "positive"),
        (observation("69548-6", PRESENT, component=[component("95123-6", valueString="BCR(e1)::ABL1(e2)")]), "ph_status", "positive"),
        (observation("69548-6", PRESENT, component=[
            component("81291-7", valueCodeableConcept=concept(ISCN, "nuc ish(ABL1,BCR)x3(ABL1 con BCRx2)[180/200]"))]),
         "ph_status", "positive"),
        (observation("69548-6", PRESENT, component=[
            component("81291-7", valueCodeableConcept=concept(ISCN, "46,XX,t(9;22)(q34;q4)"))]), "ph_status", "positive"),
        (observation("69548-6", None, note=[{"text": "BCR-ABL1"}], interpretation=[concept(TRAIT, "M")]), "ph_status", "positive"),
        (observation("69548-6", None, note=[{"text": "BCR-ABL1"}], interpretation=[concept(TRAIT, "W")]), "ph_status", "negative"),
        (observation("69548-6", None, note=[{"text": "IKZF1"}], interpretation=[concept(TRAIT, "M")]), "ikzf1", True),
        (observation("69548-6", PRESENT, component=[gene("13176"), component("82155-3", valueQuantity={"value": 1})]), "ikzf1", True),
        (observation("69548-6", PRESENT, component=[gene("13176"), component("82155-3", valueQuantity={"value": 0})]), "ikzf1", True),
        (observation("69548-6", PRESENT, component=[gene("13176"), component("82155-3", valueQuantity={"value": 2})]), "ikzf1", False),
        (observation("69548-6", PRESENT, component=[gene("13176"), component("82155-3", valueInteger=3)]), "ikzf1", False),
        (observation("69548-6", PRESENT, component=[gene("13176"), component("48019-4", valueCodeableConcept=concept(LOINC, "LA14034-5"))]),
         "ikzf1", True),
        (observation("69548-6", ABSENT, component=[gene("13176"), component("48019-4", valueCodeableConcept=concept(LOINC, "LA14034-5"))]),
         "ikzf1", False),
        (observation("69548-6", PRESENT, component=[gene("13176"), component("48005-3", valueString="p.(Asn159Tyr)")]), "ikzf1", True),
        (observation("69548-6", ABSENT, component=[gene("13176"), component("48005-3", valueString="p.(Asn159Tyr)")]), "ikzf1", None),
        (observation("69548-6", PRESENT, component=[gene("6024"), component("48004-6", valueString="c.731_732insTGTCCCAC")]),
         "il7r_indel", True),
        (observation("69548-6", PRESENT, component=[gene("6024"), component("48005-3", valueString="p.Ser185Cys")]), "il7r_indel", None),
        (observation("69548-6", PRESENT, component=[gene("29605"), component("48005-3", valueString="p.Glu208fs")]),
         "sh2b3_alteration", True),
        (observation("62367-8", component=[{"code": {"text": "BCR/ABL1"}, "valueString": "Normal"}]), "ph_status", "negative"),
        (observation("62367-8", component=[{"code": {"text": "KMT2A break apart"}, "valueString": "Abnormal - 85% of cells"}]), "kmt2a", None),
        (observation("62367-8", component=[{"code": {"text": "KMT2A break apart"}, "valueString": "Positive - 85% of cells"}]), "kmt2a", True),
        (observation("78234-2", {"value": 64, "unit": "%"}), "kmt2a", True),
        (observation("78220-1", PRESENT), "kinase_class", "ABL-class"),
        (observation("96494-0", PRESENT), "kinase_class", "ABL-class"),
    ],
)  # fmt: skip
def test_structured_results(resource, name, value):
    assert read(resource).value(name) == value


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("nuc ish(ETV6x2,RUNX1x6~10)[180/200]", True),
        ("nuc ish(ETV6x2,RUNX1x5)[180/200]", True),
        ("nuc ish(ETV6x2,RUNX1x4)[180/200]", None),
        ("nuc ish(ETV6x2,RUNX1x3)[180/200]", False),
        ("nuc ish(ETV6x2,RUNX1x2)[200]", False),
    ],
)
def test_iamp21_by_counted_signals(text, present):
    assert read(observation("57802-1", text)).value("iamp21") is present


@pytest.mark.parametrize(
    ("text", "ph_like", "kinase_class", "crlf2_r"),
    [
        (
            "Profile consistent with BCR::ABL1-like ALL. ATF7IP::PDGFRB fusion identified. No CRLF2 rearrangement.",
            True,
            "ABL-class",
            False,
        ),
        ("Ph-like TaqMan card: POSITIVE. FISH for CRLF2: POSITIVE (P2RY8-CRLF2).", True, "JAK-STAT", True),
        ("Ph-like: negative", False, None, None),
        ("Ph-like nicht getestet", None, None, None),
        ("ABL-class fusion detected", None, "ABL-class", None),
        ("BCR::ABL1 detected, ABL1 rearrangement positive", None, None, None),
        ("ABL1 rearrangement detected, no BCR::ABL1", None, "ABL-class", None),
    ],
)
def test_ph_like_disease_and_its_kinases(text, ph_like, kinase_class, crlf2_r):
    facts = read(report(text, text="RNA sequencing"))
    assert (facts.value("ph_like"), facts.value("kinase_class"), facts.value("crlf2_r")) == (
        ph_like,
        kinase_class,
        crlf2_r,
    )


def test_reports_that_are_only_a_document_are_named():
    fact = read(report("", text="Cytogenetics FISH report", presentedForm=PDF))["ph_status"]
    assert fact.reason is Reason.UNREADABLE
    assert "document" in (fact.detail or "")
    assert fact.provenance[0].found == "Cytogenetics FISH report"
    assert read(report("", text="Chest X-ray", presentedForm=PDF))["ph_status"].reason is Reason.RECORD_EMPTY
    facts = read(report("", text="Cytogenetics FISH report", presentedForm=PDF), observation("51867-0", PRESENT))
    assert facts.value("ph_status") == "positive"


@pytest.mark.parametrize("data", ["QkNSOjpBQkwxIGZ1c2lvbiBkZXRlY3RlZA==", "QkNSOjpBQkwxIGZ1c2lvbiBkZXRlY3RlZ"])
def test_an_attached_plain_text_is_read_and_a_broken_one_is_not(data):
    attached = [{"contentType": "text/plain", "data": data}]
    fact = read(report("", text="FISH report", presentedForm=attached))["ph_status"]
    assert fact.value == ("positive" if data.endswith("==") else None)


def test_words_of_a_diagnosis_and_its_note():
    condition_text = {"resourceType": "Condition", "id": "z", "code": {"text": "Ph-like ALL (EBF1-PDGFRB), IKZF1plus"}}
    facts = read(condition_text, cond=False)
    assert facts.value("ph_like") is True
    assert facts.value("kinase_class") == "ABL-class"
    assert facts.value("ikzf1") is True
    noted = {
        "resourceType": "Condition",
        "id": "n",
        "code": {"text": "B-ALL"},
        "note": [{"text": "BCR-ABL1 positiv (p190)"}],
    }
    assert read(noted, cond=False).value("ph_status") == "positive"
    ordered = {
        "resourceType": "Condition",
        "id": "n",
        "code": {"text": "B-ALL"},
        "note": [{"text": "Send BCR::ABL1 PCR"}],
    }
    assert read(ordered, cond=False).value("ph_status") is None


def test_statuses():
    assert read(named("FISH", "BCR::ABL1 positive", status="entered-in-error")).value("ph_status") is None
    preliminary = read(named("FISH", "BCR::ABL1 positive", status="preliminary"))["ph_status"]
    assert preliminary.value == "positive"
    assert preliminary.provenance[0].note == "preliminary"


def test_gene_ids_and_tests_agree_with_the_terminology():
    known = {coding.code: (coding.display or "").split()[0] for coding in terminology().codings("genetics.gene")}
    assert {code: known.get(code, name) for code, name in GENES.items()} == dict(GENES)
    groups = ("genetics.fish", "genetics.bcr_abl1_presence")
    tests = {coding.code for group in groups for coding in terminology().codings(group)}
    assert set(TESTS) <= tests
