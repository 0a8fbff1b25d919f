"""Records as clinics send them, read by all readers together: reports of any name, words around a thing, codes unknown."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Reason, TokenSet
from service.facts.registry import REGISTRY
from service.record.model import Coverage
from tests.facts.fhir import (
    ATC,
    ICD,
    RXNORM,
    Json,
    administration,
    concept,
    condition,
    observation,
    procedure,
    resource,
    statement,
    status,
)  # fmt: skip
from tests.facts.support import COMPLETE, facts_of

# The day of judgement is 2025-06-01.
ALL = condition("C91.00", ICD, "B-cell acute lymphoblastic leukemia", onsetDateTime="2025-04-01")
AT_DIAGNOSIS = "2025-04-02"
NO_DRUG_LISTS = {kind: cover for kind, cover in COMPLETE.items() if not kind.startswith("Medication")}


def report(text: str, name: str, on: str = AT_DIAGNOSIS) -> Json:
    return resource("DiagnosticReport", status="final", code={"text": name}, effectiveDateTime=on, conclusion=text)


def said(value: str, name: str, on: str = AT_DIAGNOSIS, code: str | None = None) -> Json:
    return observation(code, on, text=name, valueString=value)


def fusion(facts: Any, name: str) -> bool | None:
    value = facts.value("fusions")
    return value.includes(name) if isinstance(value, TokenSet) else None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(report("B-ALL. FISH positive for BCR::ABL1 fusion in 92% of nuclei.", "Hematopathology Report"),
                     "positive", id="pathology report"),
        pytest.param(report("Nachweis eines BCR-ABL1-Fusionstranskripts (e1a2).", "Molekulargenetik"), "positive",
                     id="German report"),
        pytest.param(report("Acute lymphoblastic leukemia with t(9;22)(q34;q11).", "Pathology"), "positive",
                     id="what the disease comes with"),
        pytest.param(report("BCR::ABL1: negative; TCF3::PBX1: positive", "Bone marrow comprehensive report"), "negative",
                     id="list"),
        pytest.param(report("nuc ish(ABL1,BCR)x2[200]. See above.", "Pathology"), "negative", id="formula in any report"),
        pytest.param(report("Send BCR::ABL1 FISH.", "Pathology"), None, id="only named"),
        pytest.param(report("Plan: dasatinib if BCR::ABL1 is positive", "Clinical note"), None, id="what would be"),
        pytest.param(report("BCR/ABL1 t(9;22): 0% positive nuclei (cutoff 2%)", "FISH"), "negative", id="no nuclei"),
        pytest.param(report("BCR/ABL1 fusion: 88% of cells (normal <1.5%)", "FISH"), "positive", id="normal range beside"),
        pytest.param(report("BCR::ABL1 signals in 1.0% of nuclei, within normal limits (cut-off 2%)", "FISH"), "negative",
                     id="below the cut-off"),
        pytest.param(report("BCR::ABL1 fusion in 90% of nuclei, KMT2A within normal limits", "FISH"), "positive",
                     id="another gene is normal"),
        pytest.param(said("e13a2/e14a2 not detected", "BCR-ABL1 p210 transcript, qualitative"), None,
                     id="one transcript only, by name"),
        pytest.param(said("46,XX[20]. No evidence of t(9;22).", "Karyotype", code="29770-5"), None,
                     id="denied under the microscope"),
        pytest.param(said("46,XX[20]. No BCR::ABL1 by FISH.", "Karyotype", code="29770-5"), "negative",
                     id="denied by the probe beside the karyotype"),
    ],
)  # fmt: skip
def test_ph_status_in_reports(found: Json, expected: str | None) -> None:
    assert facts_of(ALL, found).value("ph_status") == expected


@pytest.mark.parametrize("cover", [COMPLETE, NO_DRUG_LISTS], ids=["lists without drugs", "no lists"])
def test_a_late_negative_proves_nothing_where_treatment_is_not_on_record(cover: dict[str, Coverage]) -> None:
    late = facts_of(ALL, said("not detected", "FISH BCR::ABL1", "2025-05-15"), coverage=cover)
    assert late.value("ph_status") is None
    early = facts_of(ALL, said("not detected", "FISH BCR::ABL1", "2025-04-10"), coverage=cover)
    assert early.value("ph_status") == "negative"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"valueQuantity": {"value": 0.5, "unit": "%"}}, "positive", id="number"),
        pytest.param({"valueString": "0.5 % (IS)"}, "positive", id="text"),
        pytest.param({"valueQuantity": {"value": 0, "unit": "%"}}, None, id="zero"),
        pytest.param({"valueString": "not detected"}, None, id="not detected"),
        pytest.param({"valueString": "<0.001 %"}, None, id="below a limit"),
    ],
)
def test_transcript_ratio_known_by_name_only(value: Json, expected: str | None) -> None:
    found = observation(None, "2025-04-05", text="BCR-ABL1/ABL1 ratio (quantitative)", **value)
    assert facts_of(ALL, found).value("ph_status") == expected


@pytest.mark.parametrize(
    ("found", "name", "expected"),
    [
        (said("heterozygous deletion of IKZF1 exons 4-7", "MLPA"), "ikzf1", True),
        (said("IKZF1plus profile detected", "SNP array"), "ikzf1", True),
        (said("IKZF1: no deletion", "MLPA"), "ikzf1", False),
        (report("KMT2A (11q23) break-apart: no rearrangement", "FISH"), "kmt2a", False),
        (report("Normal study for BCR::ABL1, KMT2A and ETV6::RUNX1 rearrangements.", "FISH"), "kmt2a", False),
        (report("KMT2A gain, BCR::ABL1 fusion detected", "FISH"), "kmt2a", None),
    ],
)
def test_findings_of_other_tests(found: Json, name: str, expected: bool | None) -> None:
    assert facts_of(ALL, found).value(name) is expected


def test_fusions_of_a_report_without_a_genetic_name() -> None:
    facts = facts_of(ALL, report("BCR::ABL1: negative; TCF3::PBX1: positive", "Pathology"))
    assert (fusion(facts, "BCR::ABL1"), fusion(facts, "TCF3::PBX1")) == (False, True)


@pytest.mark.parametrize(
    ("text", "members", "complete"),
    [
        ("No mutation detected. Assay detects T315I, E255K with sensitivity 1%.", set[str](), True),
        ("If T315I is detected, ponatinib is recommended. No mutation found.", set[str](), True),
        ("T315I detected in 20 %. If resistance persists, repeat.", {"T315I"}, True),
    ],
)
def test_mutations_that_a_test_could_find(text: str, members: set[str], complete: bool) -> None:
    found = facts_of(ALL, said(text, "ABL1 kinase domain mutation analysis")).value("abl1_mutations")
    assert isinstance(found, TokenSet)
    assert (set(found.members), found.complete) == (members, complete)


def test_mutation_only_named_is_no_result() -> None:
    fact = facts_of(ALL, said("Assay detects T315I and E255K.", "ABL1 mutation analysis"))["abl1_mutations"]
    assert fact.reason is Reason.UNREADABLE


def test_constitutional_karyotype_beside_a_complete_problem_list() -> None:
    found = said("47,XX,+21c,t(12;21)(p13;q22)[10]/47,XX,+21c[10]", "Karyotype", code="29770-5")
    assert facts_of(ALL, found).value("down_syndrome") is True
    assert facts_of(ALL).value("down_syndrome") is False


@pytest.mark.parametrize(
    "medication",
    [
        pytest.param(concept("0000000", RXNORM), id="unknown RxNorm code"),
        pytest.param(concept("00000-000-00", "http://hl7.org/fhir/sid/ndc"), id="NDC"),
        pytest.param(concept("L01XX99", ATC), id="unlisted antineoplastic"),
        pytest.param({"text": "Chemotherapy per protocol"}, id="chemotherapy"),
        pytest.param({"text": "Study drug (blinded)"}, id="study drug"),
    ],
)
def test_a_medication_that_cannot_be_told_leaves_lists_open(medication: Json) -> None:
    facts = facts_of(ALL, {**statement(end="2025-05-01"), "medicationCodeableConcept": medication})
    for name in ("prior_blinatumomab", "prior_inotuzumab", "prior_cart"):
        assert facts.value(name) is None, name


@pytest.mark.parametrize("medication", [concept("N02BE01", ATC), {"text": "Paracetamol"}], ids=["class", "name"])
def test_a_medication_that_is_plainly_another_does_not(medication: Json) -> None:
    facts = facts_of(ALL, {**statement(end="2025-05-01"), "medicationCodeableConcept": medication})
    assert facts.value("prior_blinatumomab") is False


@pytest.mark.parametrize(
    "text",
    ["Leukapheresis for CAR-T manufacturing", "CAR-T consult", "Leukapherese vor Tecartus", "CAR T cell therapy education",
     "Lymphodepletion before CAR-T", "T-cell collection for tisagenlecleucel"],
)  # fmt: skip
def test_what_goes_before_car_t_cells_is_not_the_infusion(text: str) -> None:
    assert facts_of(ALL, procedure(text=text, on="2025-05-01")).value("prior_cart") is False


def test_infusions_still_count() -> None:
    for text in ("CAR T-cell infusion", "Tecartus infusion", "CAR-T-Zell-Infusion"):
        assert facts_of(ALL, procedure(text=text, on="2025-05-01")).value("prior_cart") is True
    assert facts_of(ALL, procedure(text="Blinatumomab education", on="2025-05-01")).value("prior_blinatumomab") is False
    assert facts_of(ALL, administration("Blincyto", "2025-05-01")).value("prior_blinatumomab") is True


MARROW = observation("11150-0", "2025-05-28", valueQuantity={"value": 40, "unit": "%"})


def test_state_against_marrow_does_not_depend_on_what_is_asked_first() -> None:
    remission = condition("C91.01", ICD, "ALL in remission", onsetDateTime="2024-01-01", status="active")
    for first in ("disease_state", "response"):
        facts = facts_of(remission, MARROW)
        assert facts[first] is not None
        assert facts["disease_state"].reason is Reason.CONFLICTING


def test_facts_do_not_depend_on_their_order() -> None:
    records = (
        (ALL, MARROW, status("Complete remission", "2025-05-20")),
        (
            condition("C91.02", ICD, "ALL, in relapse after alloHCT", onsetDateTime="2025-02-01"),
            MARROW,
            said("0.2 %", "MRD"),
        ),
        (ALL, report("BCR::ABL1: negative", "FISH"), administration("vincristine", "2025-04-05")),
    )
    names = sorted(REGISTRY.by_name)
    for record in records:
        one, other = facts_of(*record), facts_of(*record)
        forward = {name: one[name].value for name in names}
        backward = {name: other[name].value for name in reversed(names)}
        assert forward == backward


@pytest.mark.parametrize(
    ("found", "percent"),
    [
        (report("85% lymphoblasts", "Bone marrow aspirate", "2025-05-28"), 85.0),
        (report("Blasten 3%, keine Blastenvermehrung", "Knochenmarkzytologie", "2025-05-28"), 3.0),
        (report("Morphologic remission. MRD flow: 0.04% aberrant B lymphoblasts.", "Bone marrow aspirate", "2025-05-28"), None),
        (report("Flow: 2% blasts", "Flow cytometry, bone marrow aspirate", "2025-05-28"), None),
    ],
)  # fmt: skip
def test_marrow_blasts_in_reports_by_name(found: Json, percent: float | None) -> None:
    assert facts_of(ALL, found).value("marrow_blasts_percent") == percent


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("At risk for VOD", "prior_sos", False),
        ("VOD risk, high", "prior_sos", False),
        ("VOD of the liver", "prior_sos", True),
        ("Thromboseprophylaxe", "vascular_history", False),
        ("Thrombose der Armvene", "vascular_history", True),
        ("Epilepsy screening", "seizure_or_cns_disorder", False),
        ("Tumor lysis syndrome prophylaxis", "active_tls", None),
        ("Tumor lysis syndrome", "active_tls", True),
        ("Risk of pancreatitis", "toxicity(pancreatitis)", None),
    ],
)
def test_risk_and_prevention_are_not_the_thing(text: str, name: str, expected: bool | None) -> None:
    found = condition(text=text, onsetDateTime="2025-05-20", status="active")
    assert facts_of(ALL, found).value(name) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"Anti-HBc": "positiv"}, True),
        ({"Hepatitis B surface antigen": "Positive"}, True),
        ({"Hepatitis B surface antibody": "Positive"}, None),
        ({"HBsAg": "negative", "Hepatitis B core antibody, total": "negative"}, False),
        ({"HBsAg": "negative", "Hepatitis B core antibody IgM": "negative"}, None),
    ],
)
def test_hepatitis_b_by_name(rows: dict[str, str], expected: bool | None) -> None:
    assert (
        facts_of(ALL, *(said(v, n, "2025-05-20") for n, v in rows.items())).value("hbv_serology_positive") is expected
    )


def test_ecog_code_that_is_the_score() -> None:
    value = {"coding": [{"system": "urn:example:ecog", "code": "1", "display": "Einschränkung bei Anstrengung"}]}
    found = observation(None, "2025-05-20", text="Leistungszustand (ECOG)", valueCodeableConcept=value)
    assert facts_of(ALL, found).value("ecog") == 1.0
