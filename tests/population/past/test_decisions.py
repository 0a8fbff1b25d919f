"""What counts as a decision, on which day, in which line of therapy."""

from __future__ import annotations

from datetime import date

import pytest

from service.population.asking import Asker, Asking
from service.population.past.decisions import (
    DLI,
    FURTHER,
    INDUCTION,
    MAINTENANCE,
    RELAPSE,
    TKI_ADDED,
    TKI_CHANGED,
    TRANSPLANT,
    Found,
)
from service.population.past.judging import Judge
from tests.population.past.course import HYPER_CVAD, Course, coded, ph_negative, ponatinib_2016

UNTIL = date(2026, 6, 1)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Asker(Asking()))


def found(judge: Judge, course: Course, until: date = UNTIL) -> Found:
    made = judge.decisions(course.patient, until)
    assert made is not None
    return made


def told(judge: Judge, course: Course) -> list[tuple[str, str, int, tuple[str, ...]]]:
    return [(d.day.isoformat(), d.kind, d.line, d.drugs) for d in found(judge, course).decisions]


def test_drugs_begun_within_days_are_one_decision_and_its_regimen_is_recognised(judge: Judge) -> None:
    course = Course("one").diagnosis("2018-01-03").drugs("cyclophosphamide, dexamethasone", "2018-01-08", "2018-02-01")
    course.drug("vincristine", "2018-01-09", "2018-02-01").drug("doxorubicin", "2018-01-11", "2018-02-01")
    course.drugs("methotrexate, cytarabine", "2018-01-29", "2018-06-01")
    (decision,) = found(judge, course).decisions
    assert (decision.kind, decision.day, decision.line) == (INDUCTION, date(2018, 1, 8), 1)
    assert decision.drugs == ("cyclophosphamide", "dexamethasone", "doxorubicin", "vincristine")
    assert decision.regimens == ("HyperCVAD",)
    assert found(judge, course).parts == 2  # part B of the regimen


def test_a_steroid_prephase_belongs_to_the_induction_and_a_steroid_alone_is_one(judge: Judge) -> None:
    course = Course("prephase").diagnosis("2018-01-03").drug("prednisone", "2018-01-04", "2018-02-04")
    course.drugs("vincristine, daunorubicin, pegaspargase", "2018-01-10", "2018-02-07")
    drugs = ("daunorubicin", "pegaspargase", "prednisone", "vincristine")
    assert told(judge, course) == [("2018-01-10", INDUCTION, 1, drugs)]
    alone = Course("alone").diagnosis("2018-01-03").drug("prednisone", "2018-01-04", "2018-03-04")
    assert told(judge, alone) == [("2018-01-04", INDUCTION, 1, ("prednisone",))]


def test_each_relapse_opens_a_line_and_a_new_drug_within_one_is_a_decision(judge: Judge) -> None:
    course = ph_negative("lines", "2018-03-05", "2020-02-03").drug("blinatumomab", "2020-02-10", "2020-04-20")
    course.drug("inotuzumab ozogamicin", "2020-05-11", "2020-06-20").drugs("etoposide, ifosfamide", "2020-05-20")
    assert [row[:3] for row in told(judge, course)] == [
        ("2018-03-05", INDUCTION, 1),
        ("2020-02-10", RELAPSE, 2),
        ("2020-05-11", FURTHER, 2),
    ]


def test_cycles_of_a_drug_are_one_course_and_after_a_relapse_it_is_begun_anew(judge: Judge) -> None:
    course = ph_negative("cycles", "2018-03-05", "2019-02-04")
    for day in ("2019-02-11", "2019-03-25", "2019-05-06"):
        course.add("MedicationAdministration", status="completed", effectiveDateTime=day,
                   medicationCodeableConcept={"text": "blinatumomab"})  # fmt: skip
    course.remission("2019-06-20").relapse("2019-09-02").order("blinatumomab", "2019-09-09")
    days = [row[0] for row in told(judge, course) if row[3] == ("blinatumomab",)]
    assert days == ["2019-02-11", "2019-09-09"]


def test_a_tki_is_added_or_changed(judge: Judge) -> None:
    course = Course("tki").diagnosis("2018-03-05").bcr_abl1("2018-03-12", found=True)
    course.drugs(HYPER_CVAD, "2018-03-06", "2018-09-01").drug("imatinib", "2018-03-20", "2018-07-01")
    course.drug("dasatinib", "2018-07-02")
    kinds = [row[1] for row in told(judge, course)]
    assert kinds == [INDUCTION, TKI_ADDED, TKI_CHANGED]


def test_maintenance_is_said_or_recognised_and_interim_maintenance_is_none(judge: Judge) -> None:
    course = ph_negative("said", "2018-03-05", None)
    course.drug("methotrexate", "2018-07-01", "2018-08-20", note=[{"text": "Interim maintenance"}])
    course.drugs("mercaptopurine, methotrexate", "2018-12-03", "2020-06-01", note=[{"text": "Maintenance"}])
    assert [row[:2] for row in told(judge, course)][1:] == [("2018-12-03", MAINTENANCE)]
    bare = ph_negative("bare", "2018-03-05", None).drugs("mercaptopurine, methotrexate", "2018-12-03", "2020-06-01")
    assert [row[:2] for row in told(judge, bare)][1:] == [("2018-12-03", MAINTENANCE)]


@pytest.mark.parametrize("tki", ["bosutinib", "dasatinib", "nilotinib", "ponatinib"])
@pytest.mark.parametrize("note", [{}, {"note": [{"text": "Maintenance"}]}])
def test_maintenance_begun_with_another_tki_is_maintenance_whatever_its_name(
    judge: Judge, tki: str, note: dict[str, list[dict[str, str]]]
) -> None:
    course = Course("upkeep").diagnosis("2018-03-05").bcr_abl1("2018-03-05", found=True)
    course.drugs(f"{HYPER_CVAD}, imatinib", "2018-03-06", "2018-11-01")
    course.drugs(f"{tki}, mercaptopurine, methotrexate", "2018-12-10", "2020-06-01", **note)
    assert [row[1] for row in told(judge, course)] == [INDUCTION, MAINTENANCE]


def test_conditioning_and_prophylaxis_belong_to_the_transplant(judge: Judge) -> None:
    course = ph_negative("graft", "2018-03-05", None).drug("thiotepa", "2019-01-08", "2019-01-09")
    course.graft("2019-01-14").drug("methotrexate", "2019-01-15", "2019-01-25")
    course.graft("2019-09-10", "Donor lymphocyte infusion")
    assert [row[:2] for row in told(judge, course)][1:] == [("2019-01-08", TRANSPLANT), ("2019-09-10", DLI)]


def test_intrathecal_drugs_and_drugs_before_the_disease_are_no_decisions(judge: Judge) -> None:
    course = ph_negative("beside", "2018-03-05", None).drug("methotrexate", "2012-01-01", "2014-01-01")
    course.drug("cytarabine", "2018-03-20", "2018-03-20",
                dosage=[{"text": "70 mg intrathecal", "route": {"text": "Intrathecal"}}])  # fmt: skip
    assert [row[1] for row in told(judge, course)] == [INDUCTION]


def test_cells_charted_twice_are_one_decision_and_a_product_is_kept(judge: Judge) -> None:
    course = ph_negative("cells", "2018-03-05", "2019-02-04").drugs("fludarabine, cyclophosphamide", "2019-03-01")
    course.add("Procedure", status="completed", code={"text": "CAR T-cell infusion"}, performedDateTime="2019-03-07")
    course.drug("tisagenlecleucel", "2019-03-07", "2019-03-07")
    assert told(judge, course)[1:] == [("2019-03-07", RELAPSE, 2, ("tisagenlecleucel",))]


def test_plans_later_days_and_other_patients_are_left_out(judge: Judge) -> None:
    course = ph_negative("left", "2018-03-05", "2020-02-03")
    course.add("MedicationRequest", status="active", intent="plan", authoredOn="2020-02-04",
               medicationCodeableConcept={"text": "inotuzumab ozogamicin"})  # fmt: skip
    course.drug("blinatumomab", "2020-02-10")
    course.rows.append({**course.rows[-1], "id": "foreign", "subject": {"reference": "Patient/somebody-else"},
                        "medicationCodeableConcept": {"text": "ponatinib"}})  # fmt: skip
    assert [row[3] for row in told(judge, course)][1:] == [("blinatumomab",)]
    before = found(judge, course, date(2020, 2, 9)).decisions
    assert [d.kind for d in before] == [INDUCTION]


def test_a_drug_without_a_day_is_counted_and_a_year_is_no_day(judge: Judge) -> None:
    course = ph_negative("undated", "2018-03-05", None)
    course.add("MedicationStatement", status="completed", medicationCodeableConcept={"text": "ponatinib"})
    course.drug("blinatumomab", "2019", "2019")
    made = found(judge, course)
    assert made.undated == ("ponatinib",)
    assert [d.exact for d in made.decisions if d.drugs == ("blinatumomab",)] == [False]


def test_what_is_left_out_is_counted(judge: Judge) -> None:
    """Treatment before the diagnosis on record, as of a patient who was referred in relapse; drugs that cannot be told."""
    course = Course("referred").drugs(HYPER_CVAD, "2018-03-05", "2018-12-01").diagnosis("2020-05-01")
    course.drugs("vincristine, prednisone", "2020-05-04", "2020-06-01")
    course.add("MedicationStatement", status="completed", effectivePeriod={"start": "2020-07-01", "end": "2020-07-02"},
               medicationCodeableConcept={"coding": [{"system": "http://www.whocc.no/atc", "code": "L01XE06"}],
                                          "text": "imatinib"})  # fmt: skip
    made = found(judge, course)
    assert [row.day for row in made.decisions] == [date(2020, 5, 4)]
    assert (made.early, made.unclear) == (4, 1)


def test_a_patient_whose_leukemia_is_over_had_decisions(judge: Judge) -> None:
    course = ph_negative("cured", "2018-03-05", None)
    condition = next(row for row in course.rows if row["resourceType"] == "Condition")
    condition.update(clinicalStatus=coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved"),
                     abatementDateTime="2024-01-01")  # fmt: skip
    course.rows = [row for row in course.rows if row["resourceType"] != "Condition" or row is condition]
    assert [row[1] for row in told(judge, course)] == [INDUCTION]


def test_a_patient_without_all_has_none(judge: Judge) -> None:
    course = Course("other").add("Condition", code=coded("http://hl7.org/fhir/sid/icd-10-cm", "C50.9"))
    assert judge.decisions(course.drug("methotrexate", "2019-01-01").patient, UNTIL) is None
    assert found(judge, ponatinib_2016()).decisions
