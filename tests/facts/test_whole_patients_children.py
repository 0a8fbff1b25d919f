"""Whole records of children: what one resource says of another, and what later results must not overwrite."""

from __future__ import annotations

import pytest

from service.facts.model import Reason, TokenSet
from tests.facts.fhir import ICD, Json, administration, condition, observation, patient, procedure, resource, statement
from tests.facts.support import facts_of


def report(name: str, on: str, text: str) -> Json:
    return resource("DiagnosticReport", status="final", code={"text": name}, effectiveDateTime=on, conclusion=text)


@pytest.mark.parametrize(
    ("words", "present", "absent"),
    [
        ("No BCR::ABL1, KMT2A, ETV6::RUNX1 or TCF3::PBX1 rearrangement detected.", (),
         ("BCR::ABL1", "KMT2A-r", "ETV6::RUNX1", "TCF3::PBX1")),
        ("No BCR::ABL1, KMT2A, or ETV6::RUNX1 rearrangement was identified.", (), ("BCR::ABL1", "KMT2A-r", "ETV6::RUNX1")),
        ("No BCR::ABL1, KMT2A and ETV6::RUNX1 rearrangements seen.", (), ("BCR::ABL1", "KMT2A-r", "ETV6::RUNX1")),
        ("Neither BCR::ABL1, KMT2A nor ETV6::RUNX1 was detected.", (), ("BCR::ABL1", "KMT2A-r", "ETV6::RUNX1")),
        ("Kein BCR::ABL1, KMT2A oder ETV6::RUNX1 nachgewiesen.", (), ("BCR::ABL1", "KMT2A-r", "ETV6::RUNX1")),
        ("No BCR::ABL1 fusion, KMT2A rearrangement or TCF3::PBX1 seen.", (), ("BCR::ABL1", "KMT2A-r", "TCF3::PBX1")),
        # the list has ended, or its item is complete in itself
        ("No BCR::ABL1 or KMT2A rearrangement, ETV6::RUNX1 positive in 80 %.", ("ETV6::RUNX1",), ("BCR::ABL1", "KMT2A-r")),
        ("No KMT2A rearrangement, ETV6::RUNX1 fusion detected in 80 % of nuclei.", ("ETV6::RUNX1",), ("KMT2A-r",)),
        # a comma alone: it may be either
        ("No KMT2A, ETV6::RUNX1 fusion detected.", (), ("KMT2A-r",)),
        ("KMT2A rearrangement is present; partner by RNA sequencing: KMT2A::MLLT1.", ("KMT2A-r", "KMT2A::MLLT1"), ()),
    ],
)  # fmt: skip
def test_a_list_that_begins_with_a_denial_is_denied_to_its_end(
    words: str, present: tuple[str, ...], absent: tuple[str, ...]
) -> None:
    new = condition("C91.00", ICD, "B-ALL", "active", onsetDateTime="2025-05-19")
    found = facts_of(new, report("FISH leukemia panel", "2025-05-20", words)).value("fusions")
    assert isinstance(found, TokenSet)
    assert found.members == frozenset(present)
    assert frozenset(absent) <= found.excluded
    if "ETV6::RUNX1" not in (*present, *absent):
        assert "ETV6::RUNX1" not in found.excluded


def test_a_masked_low_hypodiploid_clone_with_a_negative_panel_has_no_good_feature() -> None:
    facts = facts_of(
        patient("2012-01-09"),
        condition("C91.00", ICD, "B-ALL", onsetDateTime="2025-04-28"),
        observation(
            "33893-9", "2025-04-30", valueString="34,X,-X,-2,-3,-4,-7,-9,-12,-13,-15,-16,-17,-20[8]/68,idemx2[10]"
        ),
        report("FISH", "2025-05-01", "No BCR::ABL1, KMT2A, ETV6::RUNX1 or TCF3::PBX1 rearrangement detected."),
    )
    assert facts.value("good_risk_feature_present") is False
    assert facts.value("cytogenetic_risk_by(nccn-2015)") == "poor"


def mrd(name: str, on: str, value: str) -> Json:
    return observation(None, on, text=f"MRD flow, {name}", valueString=value)


def infant(*more: Json) -> list[Json]:
    return [
        patient("2024-01-15"),
        condition("C91.01", ICD, "KMT2A-rearranged infant B-ALL in remission", onsetDateTime="2024-08-20"),
        observation("6690-2", "2024-08-20", valueQuantity={"value": 95, "unit": "10*3/uL"}),
        mrd("bone marrow, end of induction", "2024-09-25", "0.9 %"),
        *more,
    ]


@pytest.mark.parametrize(
    ("after", "risk"), [("0.03 %", "high"), ("<0.01 %, negative", "intermediate"), (None, None)]
)  # fmt: skip
def test_an_infant_keeps_the_risk_of_mrd_after_consolidation_whatever_came_later(
    after: str | None, risk: str | None
) -> None:
    """A transplant and a negative marrow before it do not undo it; without that result later ones do not replace it."""
    transplant = procedure("425843001", "2025-03-05")
    later = [
        mrd("bone marrow, pre-HCT", "2025-02-20", "<0.01 %, negative"),
        transplant,
        mrd("bone marrow, post-HCT", "2025-05-20", "<0.01 %, negative"),
    ]
    measured = [mrd("bone marrow, end of consolidation", "2024-12-01", after)] if after else []
    assert facts_of(*infant(*measured, *later)).value("infant_risk") == risk


def test_mrd_of_day_8_is_that_of_the_blood_and_of_no_other_day() -> None:
    facts = facts_of(
        condition("C91.00", ICD, "B-ALL", onsetDateTime="2025-05-10"),
        mrd("peripheral blood, day 8", "2025-05-18", "0.8 %"),
        mrd("peripheral blood, day 29", "2025-05-31", "0.02 %"),
    )
    assert facts.value("mrd_day8") == 0.008
    assert facts["mrd_day8"].provenance[0].note == "of the blood"
    assert not facts["mrd_day29"].known


def test_no_mrd_at_a_level_is_negative_to_that_level() -> None:
    facts = facts_of(mrd("bone marrow", "2025-05-20", "No MRD detected at 1x10-4"))
    assert (facts.value("mrd_sensitivity"), facts.value("mrd_reported_negative")) == (1e-4, True)


def test_a_drug_stopped_the_day_before_the_relapse_leaves_open_whether_it_came_on_therapy() -> None:
    def asked(last_day: str) -> object:
        return facts_of(
            condition("C91.00", ICD, "B-ALL", "inactive", onsetDateTime="2022-07-11"),
            condition("C91.02", ICD, "B-ALL in relapse", "active", onsetDateTime="2025-05-02"),
            statement("mercaptopurine", "2023-04-01", last_day),
        )["relapse_on_therapy"]

    assert getattr(asked("2025-05-01"), "reason", None) is Reason.NOT_DECIDED
    assert getattr(asked("2025-03-31"), "value", None) is False
    assert getattr(asked("2025-05-03"), "value", None) is True


def test_steroid_response_by_the_share_of_blasts_and_the_count_of_the_day() -> None:
    facts = facts_of(
        statement("prednisone", "2025-05-10", "2025-05-17"),
        observation("6690-2", "2025-05-17", valueQuantity={"value": 12, "unit": "10*3/uL"}),
        observation("709-6", "2025-05-17", valueQuantity={"value": 40, "unit": "%"}),
    )
    assert facts.value("steroid_day8_response") == "poor"


@pytest.mark.parametrize("others", [(), ("2025-02-18",)])
def test_the_only_count_of_the_month_of_diagnosis_is_that_of_diagnosis(others: tuple[str, ...]) -> None:
    counts = [
        observation("6690-2", day, valueQuantity={"value": 52, "unit": "10*3/uL"}) for day in ("2025-02-20", *others)
    ]
    facts = facts_of(
        condition("C91.00", ICD, "B-ALL", onsetDateTime="2025-02"), *counts, administration("vincristine", "2025-02-22")
    )
    assert facts.value("wbc_at_diagnosis") == (None if others else 52)


def test_no_b_cells_are_the_aplasia_and_not_its_denial() -> None:
    words = "CD19+ B cells 0 % (0 /uL): B-cell aplasia persists."
    facts = facts_of(report("Lymphocyte subsets, blood", "2025-05-20", words))
    assert facts.value("b_cell_aplasia") is True
    denied = report("Lymphocyte subsets, blood", "2025-05-20", "No B-cell aplasia, CD19+ B cells 9 %.")
    assert facts_of(denied).value("b_cell_aplasia") is False


def test_induction_failure_is_believed_by_name() -> None:
    facts = facts_of(observation("97509-4", valueCodeableConcept={"text": "Induction failure"}))
    assert facts.value("induction_failure") is True


@pytest.mark.parametrize(("words", "lineage"), [("ALL in remission, B-lineage", "B"), ("ALL, CR1; T lineage", "T")])
def test_the_lineage_may_stand_apart_from_the_disease(words: str, lineage: str) -> None:
    assert facts_of(condition("C91.01", ICD, words)).value("lineage") == lineage


def test_a_share_behind_a_grade_in_brackets_is_that_of_the_marker() -> None:
    facts = facts_of(
        report("Flow cytometry", "2025-05-20", "T lymphoblasts: cCD3+, CD7+, CD5+ (bright, 98%), CD1a-, CD8-")
    )
    assert facts.value("cd5_percent") == 98


def test_urticaria_from_a_named_asparaginase_is_hypersensitivity_to_it() -> None:
    event = resource("AdverseEvent", actuality="actual", date="2025-05-12",
                     event={"text": "Urticaria during pegaspargase infusion, grade 2"})  # fmt: skip
    assert facts_of(event).value("e_coli_asparaginase_hypersensitivity") is True


@pytest.mark.parametrize(
    ("words", "gained"),
    [
        ("Trisomy 4 and 10 detected; trisomy 17 not detected.", {"4", "10"}),
        ("nuc ish(D4Z1x3,D10Z1x3,D17Z1x2)[150/200]", {"4", "10"}),
        ("nuc ish(D4Z1,D10Z1,D17Z1)x3[150/200]", {"4", "10", "17"}),
        ("Gain of chromosomes 4, 10 and 17 in 71% of nuclei.", {"4", "10", "17"}),
        ("No trisomy 4, 10 or 17 detected.", set()),
        ("nuc ish(D4Z1x3)[4/200]", set()),
        ("Probes for trisomy 4, 10 and 17 were requested.", set()),
    ],
)
def test_fish_tells_trisomies_where_the_karyotype_is_normal(words: str, gained: set[str]) -> None:
    normal = observation("33893-9", "2025-05-20", valueString="46,XY[20]")
    new = condition("C91.00", ICD, "B-ALL", "active", onsetDateTime="2025-05-19")
    found = facts_of(new, normal, report("FISH leukemia panel", "2025-05-20", words)).value("trisomies")
    assert isinstance(found, TokenSet)
    assert found.members == gained


def test_fish_does_not_overrule_a_doubled_clone() -> None:
    doubled = observation("33893-9", "2025-05-20", valueString="27,X,+14,+18,+21[4]/54,idemx2[9]")
    assert not facts_of(doubled, report("FISH", "2025-05-20", "Gain of chromosomes 4 and 10 seen."))["trisomies"].known
