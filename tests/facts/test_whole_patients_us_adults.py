"""Whole charts of adults as United States systems send them: ICD-10-CM on the problem list, what matters in reports."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from service.facts.model import Facts, Interval, TokenSet
from tests.facts.fhir import (
    ICD,
    LOINC,
    RXNORM,
    administration,
    concept,
    condition,
    observation,
    procedure,
    request,
    resource,
    statement,
)
from tests.facts.support import facts_of

_TODAY = date(2025, 12, 1)
_PATIENT = resource("Patient", id="p", birthDate="1985-04-17", gender="female")


def report(name: str, conclusion: str, on: str, code: str | None = None) -> Any:
    """A final report whose result is prose."""
    return resource(
        "DiagnosticReport", status="final", code=concept(code, LOINC, name), effectiveDateTime=on, conclusion=conclusion
    )


def marrow(conclusion: str, on: str, name: str = "Bone marrow") -> Any:
    return report(name, conclusion, on)


def chart(*resources: Any) -> Facts:
    return facts_of(_PATIENT, *resources, as_of=_TODAY)


def expect(facts: Facts, **expected: Any) -> None:
    found = {name: facts.value(name) for name in expected}
    assert found == expected


_LEUKEMIA = condition("C91.00", ICD, "Acute lymphoblastic leukemia (HCC)", "active", onsetDateTime="2023-05-10")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("Bone marrow", "Acute leukemia, 64% blasts.", id="named by the tissue alone"),
        pytest.param("BM", "64 % blasts", id="abbreviated"),
        pytest.param("Surgical Pathology", "FINAL DIAGNOSIS:\nA. BONE MARROW, BIOPSY:\n- 64% BLASTS", id="headed so"),
        pytest.param(
            "Tissue exam", "Bone marrow, core biopsy: Residual leukemia, 64% blasts.", id="residual, but many"
        ),
    ],
)
def test_a_marrow_report_under_any_name_counts_blasts(name: str, text: str) -> None:
    facts = chart(_LEUKEMIA, report(name, text, "2025-11-20"))
    expect(facts, marrow_blasts_percent=64.0)
    assert not facts["mrd_status"].known
    assert not facts["mrd_fraction"].known


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("Surgical Pathology", "SKIN, ARM: leukemia cutis. Bone marrow was not sent. 64% blasts", id="skin"),
        pytest.param("Bone marrow", "Residual leukemic blasts 0.02% by flow cytometry", id="residual disease"),
        pytest.param("Bone marrow transplant note", "64% blasts at diagnosis", id="a note of the unit"),
    ],
)  # fmt: skip
def test_other_reports_count_no_marrow_blasts(name: str, text: str) -> None:
    assert not chart(_LEUKEMIA, report(name, text, "2025-11-20"))["marrow_blasts_percent"].known


def test_second_relapse_after_antibody_and_cells() -> None:
    """The problem list knows the newest relapse only; a marrow called a relapse tells of the first."""
    facts = chart(
        condition("C91.02", ICD, "Ph-like B-ALL, relapsed", "active", onsetDateTime="2025-11-20"),
        condition("C91.00", ICD, "Pre-B acute lymphoblastic leukemia", "inactive", onsetDateTime="2023-05-10"),
        marrow("Relapsed B-ALL, 45% blasts", "2024-08-20"),
        administration("inotuzumab ozogamicin", "2024-09-01"),
        administration("brexucabtagene autoleucel", "2025-01-15"),
        marrow("CR, 1% blasts", "2025-02-15"),
        marrow("Relapsed B lymphoblastic leukemia, 28% blasts", "2025-11-20"),
        report("Flow cytometry", "CD19 absent on 90% of blasts, CD22 dim, CD10+, CD34+.", "2025-11-20"),
    )
    expect(
        facts, disease_state="relapsed", relapse_number=2.0, marrow_blasts_percent=28.0, lineage="B", cd19="negative"
    )
    expect(facts, prior_inotuzumab=True, prior_cart=True, prior_lines_count=Interval(low=2.0))
    assert not facts["cd19_percent_blasts"].known  # the share is that of blasts without it


@pytest.mark.parametrize(
    ("more", "number"),
    [
        pytest.param([marrow("45% blasts", "2024-08-20")], Interval(low=1.0), id="blasts long before it"),
        pytest.param([marrow("88% blasts", "2023-05-10")], 1.0, id="blasts of the diagnosis"),
    ],
)
def test_a_count_of_relapses_is_exact_only_where_nothing_hints_at_another(more: list[Any], number: Any) -> None:
    relapse = condition("C91.02", ICD, "B-ALL in relapse", "active", onsetDateTime="2025-11-20")
    earlier = condition("C91.00", ICD, "B-ALL", "inactive", onsetDateTime="2023-05-10")
    expect(chart(relapse, earlier, *more), relapse_number=number)


def test_notes_on_the_problem_list_number_relapses() -> None:
    """What a note tells is of no given time: it says that there were two, and nobody knows whether that is all."""
    relapse = condition(
        "C91.02", ICD, "B-ALL in relapse", "active", onsetDateTime="2025-11-20", note=[{"text": "Second relapse."}]
    )
    earlier = condition("C91.00", ICD, "B-ALL", "inactive", onsetDateTime="2023-05-10")
    expect(chart(relapse, earlier), relapse_number=Interval(low=2.0))


def test_a_problem_list_item_recoded_to_relapse_long_ago() -> None:
    """Ph-positive, relapsed on dasatinib, in second remission: the item keeps its onset and its code of the relapse."""
    facts = chart(
        condition("C91.02", ICD, "Ph-positive ALL", "active", onsetDateTime="2023-03-01"),
        condition("C91.01", ICD, "Ph+ B-ALL, second remission", "active", recordedDate="2024-12-01",
                  category=[concept("encounter-diagnosis")]),
        statement("dasatinib", "2023-03-10", "2024-09-15", statusReason=[{"text": "Disease relapse"}]),
        statement("ponatinib", "2024-09-20", state="active"),
        marrow("Complete remission, 2% blasts", "2023-04-15"),
        marrow("B-ALL, relapsed, 66% blasts.", "2024-09-15"),
        marrow("CR2. 1% blasts", "2024-11-10"),
        marrow("Morphologic remission, blasts <1%", "2025-10-31"),
    )  # fmt: skip
    expect(facts, disease_state="in-remission", remission_number=2.0, relapse_number=1.0, ph_status="positive")
    expect(facts, diagnosis_date="2023-03-01", prior_tki_failures=1.0, months_cr1_duration=17.0)


def test_primary_refractory_disease_told_by_marrows_alone() -> None:
    facts = chart(
        condition("C91.00", ICD, "ALL not having achieved remission", "active", onsetDateTime="2025-08-20"),
        marrow("Precursor B lymphoblastic leukemia, 92% lymphoblasts", "2025-08-20"),
        administration("vincristine", "2025-08-24"),
        marrow("Persistent B-lymphoblastic leukemia, 35% blasts. Consistent with primary induction failure.", "2025-09-22"),
        administration("fludarabine", "2025-10-01"),
        marrow("Residual B-lymphoblastic leukemia, 22% blasts.", "2025-11-10"),
        report("FISH", "Negative for BCR::ABL1.", "2025-08-21", "57802-1"),
    )  # fmt: skip
    expect(facts, disease_state="refractory", refractory=True, lineage="B", marrow_blasts_percent=22.0)
    expect(facts, response="less-than-CR", ph_status="negative")


def test_relapse_after_transplant_in_marrow_and_skin() -> None:
    facts = chart(
        condition("C91.02", ICD, "B-ALL in relapse", "active", onsetDateTime="2025-10-02"),
        condition("C91.00", ICD, "B-ALL", "inactive", onsetDateTime="2023-11-20"),
        procedure("38240", "2024-06-14", "http://www.ama-assn.org/go/cpt", "ALLOGENEIC STEM CELL TRANSPLANT"),
        marrow("Relapsed/persistent B-ALL, 33% blasts. Donor chimerism 61%.", "2025-10-02"),
        report("Skin biopsy", "Leukemia cutis.", "2025-10-05"),
        report("FISH", "BCR::ABL1 fusion not detected", "2025-10-02", "57802-1"),
    )
    expect(facts, relapse_site="combined", marrow_relapse=True, relapse_after_hct=True, ph_status="negative")


@pytest.mark.parametrize(
    ("text", "lineage"),
    [
        pytest.param("T lymphoblastic leukemia, 80% blasts", "T", id="named"),
        pytest.param("80% blasts. T lymphocytes are decreased.", None, id="lymphocytes are no disease"),
        pytest.param("80% blasts; T-lymphoblastic leukemia is not excluded", None, id="weighed"),
        pytest.param("B-ALL versus mixed phenotype acute leukemia, 80% blasts", None, id="mixed considered"),
    ],
)
def test_lineage_by_the_name_a_marrow_report_gives(text: str, lineage: str | None) -> None:
    expect(chart(_LEUKEMIA, marrow(text, "2023-05-10")), lineage=lineage)


def test_morphology_does_not_contradict_residual_disease() -> None:
    facts = chart(
        condition("C91.01", ICD, "B-ALL in remission", "active", onsetDateTime="2025-01-08"),
        marrow("1% blasts. No morphologic evidence of residual leukemia.", "2025-11-20"),
        observation(None, "2025-11-20", text="MRD by flow cytometry, bone marrow", valueString="POSITIVE - 0.08 %"),
    )
    expect(facts, mrd_fraction=0.0008, mrd_status="positive", marrow_blasts_percent=1.0)


def test_what_was_stopped_for_progression_is_not_being_given() -> None:
    tki = {"coding": [{"system": RXNORM, "code": "662281"}], "text": "nilotinib"}
    facts = chart(
        condition("C92.10", ICD, "Chronic myeloid leukemia", "active", onsetDateTime="2021-01-05"),
        condition("413656006", text="Lymphoid blast crisis of CML", status="active", onsetDateTime="2025-11-20"),
        resource("MedicationStatement", status="stopped", medicationCodeableConcept=tki,
                 effectivePeriod={"start": "2023-06-05", "end": "2025-11-20"},
                 statusReason=[{"text": "Progression to blast phase"}]),
        request("allopurinol", "2025-11-21"),
    )  # fmt: skip
    expect(facts, diagnosis="BP-CML", prior_tki_failures=1.0)
    given = facts.value("current_therapies")
    assert isinstance(given, TokenSet)
    assert "nilotinib" not in given.members


def test_csf_cytology_that_comes_as_a_report() -> None:
    facts = chart(_LEUKEMIA, report("CSF cytology", "Numerous lymphoblasts present.", "2025-11-20"))
    expect(facts, csf_blasts=True)
