"""The questions of a run on example patients: yes, no, and unknown wherever the record does not tell."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from fhir_examples.request import FOLDER, day_of
from service.content import read_content
from service.population.asking import Asker, Asking
from service.population.definitions import BadQuestions, read_definitions
from service.population.judge import judged
from service.population.patients import Patient
from service.population.questions import Questions
from service.population.rows import TABLES
from service.record.build import READ
from tests.test_examples import bundle

Raw = dict[str, Any]
TREATED = "mrd-positive-second-remission"
T315I = "relapsed-ph-positive-t315i"


@cache
def asker(*sources: str) -> Asker:
    return Asker(Asking(sources=sources))


@cache
def questions() -> Questions:
    return Questions(read_content())


def resources_of(name: str) -> list[Raw]:
    return [copy.deepcopy(entry["resource"]) for entry in bundle(name)["entry"]]


def rows(name: str, resources: list[Raw] | None = None, provided: frozenset[str] = READ, days: int = 0,
         of: Asker | None = None) -> dict[str, list[Raw]]:  # fmt: skip
    own = resources if resources is not None else resources_of(name)
    who = next(row["id"] for row in own if row["resourceType"] == "Patient")
    day = day_of(name) + timedelta(days=days)
    found: dict[str, list[Raw]] = {table: [] for table in TABLES}
    for row in judged(of or asker(), [Patient(who, tuple(own), provided)], day, questions=questions()):
        found[row.table].append(
            {column.name: value for column, value in zip(TABLES[row.table], row.values, strict=True)}
        )
    assert not found["not_judged"]
    return found


def answers(*args: Any, **more: Any) -> dict[str, Raw]:
    return {row["question"]: row for row in rows(*args, **more)["questions"]}


def only_patient(row: Raw, name: str) -> Raw:
    who = next(r["id"] for r in resources_of(name) if r["resourceType"] == "Patient")
    return {**row, "subject": {"reference": f"Patient/{who}"}}


def test_mrd_positive_without_a_plan_until_one_is_on_record() -> None:
    found = answers(TREATED)["mrd-positive-without-plan"]
    assert found["answer"] == "yes"
    assert found["because"][0].startswith("mrd_status is one of positive")
    code = {
        "coding": [{"system": "http://snomed.info/sct", "code": "234336002"}],
        "text": "Allogeneic stem cell transplantation",
    }
    plan = only_patient({"resourceType": "ServiceRequest", "id": "plan", "status": "active", "intent": "order", "code": code,
                         "authoredOn": day_of(TREATED).isoformat()}, TREATED)  # fmt: skip
    found = answers(TREATED, [*resources_of(TREATED), plan])["mrd-positive-without-plan"]
    assert found["answer"] == "no"
    assert found["because"]
    untold = answers(TREATED, provided=READ - {"ServiceRequest", "CarePlan"})["mrd-positive-without-plan"]
    assert untold["answer"] == "unknown"
    assert untold["missing"]


def test_without_any_mrd_it_is_unknown_whether_it_is_positive() -> None:
    without = [row for row in resources_of(TREATED) if row["resourceType"] not in ("Observation", "DiagnosticReport")]
    found = answers(TREATED, without)["mrd-positive-without-plan"]
    assert found["answer"] == "unknown"
    assert "mrd_status" in found["missing"]


def test_an_mrd_of_the_last_weeks_is_the_one_that_was_due() -> None:
    """The rule of first relapse asks for MRD; what changes is only how long ago the newest result is."""
    recent, later = answers(TREATED)["mrd-due"], answers(TREATED, days=60)["mrd-due"]
    assert recent["answer"] == "no"
    assert recent["because"] == ["mrd_fraction of the last 28 days"]
    assert later["answer"] == "yes"
    assert later["rules"] == recent["rules"]
    assert later["ordered"] is False
    untold = [row for row in resources_of(TREATED) if row["resourceType"] not in ("Observation", "DiagnosticReport")]
    blind = answers(TREATED, untold, provided=READ - {"Observation", "DiagnosticReport"})["mrd-due"]
    assert blind["answer"] == "unknown"
    assert "mrd_fraction" in blind["missing"]


def mrd(text: str, **more: Any) -> Raw:
    when = (day_of(TREATED) - timedelta(days=10)).isoformat()
    row = {
        "resourceType": "Observation",
        "id": "m",
        "status": "final",
        "code": {"text": text},
        "effectiveDateTime": when,
    }
    return only_patient({**row, **more}, TREATED)


def without_mrd() -> list[Raw]:
    return [row for row in resources_of(TREATED) if "MRD" not in str(row.get("code"))]


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        (mrd("MRD flow cytometry bone marrow", valueString="MRD negative"), "no"),
        (mrd("MRD flow cytometry bone marrow", valueQuantity={"value": 0.2, "unit": "%"}), "no"),
        (mrd("MRD flow cytometry bone marrow", dataAbsentReason={"text": "sample insufficient"}), "unknown"),
        (mrd("MRD flow cytometry bone marrow at diagnosis", valueQuantity={"value": 85, "unit": "%"}), "unknown"),
        (mrd("MRD flow cytometry peripheral blood", valueString="negative"), "unknown"),
    ],
)
def test_only_a_result_that_tells_of_mrd_is_the_one_that_was_due(row: Raw, answer: str) -> None:
    assert answers(TREATED, without_mrd())["mrd-due"]["answer"] == "yes"
    assert answers(TREATED, [*without_mrd(), row])["mrd-due"]["answer"] == answer


def test_where_results_were_exported_in_part_an_old_one_need_not_be_the_newest() -> None:
    old = mrd(
        "MRD flow cytometry bone marrow", valueQuantity={"value": 0.2, "unit": "%"}, effectiveDateTime="2026-01-02"
    )
    rows = [*without_mrd(), old]
    assert answers(TREATED, rows)["mrd-due"]["answer"] == "yes"
    assert answers(TREATED, rows, provided=READ - {"Observation"})["mrd-due"]["answer"] == "unknown"


def test_whether_a_test_is_ordered_is_unknown_where_orders_were_not_exported() -> None:
    rows = [row for row in without_mrd() if row["resourceType"] != "ServiceRequest"]
    assert answers(TREATED, rows)["mrd-due"]["ordered"] is False
    blind = answers(TREATED, rows, provided=READ - {"ServiceRequest"})["mrd-due"]
    assert (blind["answer"], blind["ordered"]) == ("yes", None)


@pytest.mark.parametrize(
    "text", ["Allogeneic stem cell transplantation", "Donor lymphocyte infusion", "CAR-T cell infusion"]
)
def test_a_transplant_or_cells_since_the_sample_are_what_was_done_about_it(text: str) -> None:
    def given(days: int) -> str:
        when = (day_of(TREATED) - timedelta(days=days)).isoformat()
        row = {
            "resourceType": "Procedure",
            "id": "t",
            "status": "completed",
            "code": {"text": text},
            "performedDateTime": when,
        }
        rows = [*resources_of(TREATED), only_patient(row, TREATED)]
        return str(answers(TREATED, rows)["mrd-positive-without-plan"]["answer"])

    assert given(5) == "no"
    assert given(80) == "yes", "before the sample, which is of 14 days ago"


@pytest.mark.parametrize(("kind", "what", "answer"), [
    ("ServiceRequest", {"code": {"text": "CAR-T cell therapy"}}, "no"),
    ("MedicationRequest", {"medicationCodeableConcept": {"text": "blinatumomab"}}, "no"),
    ("MedicationRequest", {"medicationCodeableConcept": {"text": "rituximab"}}, "yes"),
])  # fmt: skip
def test_what_is_ordered_is_a_plan_if_it_is_an_answer_to_mrd(kind: str, what: Raw, answer: str) -> None:
    row = {
        "resourceType": kind,
        "id": "o",
        "status": "active",
        "intent": "order",
        "authoredOn": day_of(TREATED).isoformat(),
    }
    rows = [*resources_of(TREATED), only_patient({**row, **what}, TREATED)]
    assert answers(TREATED, rows)["mrd-positive-without-plan"]["answer"] == answer


def _is_abl1(row: Raw) -> bool:
    return row["resourceType"] in ("Observation", "DiagnosticReport") and "ABL1" in json.dumps(row).replace(
        "BCR::ABL1", ""
    )


def test_abl1_testing_is_lacking_only_where_the_record_was_searched_for_it() -> None:
    assert answers(T315I)["abl1-untested"]["answer"] == "no"
    without = [row for row in resources_of(T315I) if not _is_abl1(row)]
    assert len(without) < len(resources_of(T315I))
    lacking = answers(T315I, without)["abl1-untested"]
    assert lacking["answer"] == "yes"
    assert any("abl1-mutation-testing" in rule for rule in lacking["rules"])
    unreported = [row for row in without if row["resourceType"] != "DiagnosticReport"]
    blind = answers(T315I, unreported, provided=READ - {"DiagnosticReport"})["abl1-untested"]
    assert blind["answer"] == "unknown"
    assert "abl1_tested_since_relapse" in blind["missing"]


def ordered(name: str) -> Iterator[tuple[str, list[Raw]]]:
    """The drafts of an order example as active orders on the record."""
    drafts = json.loads((FOLDER / "orders" / f"{name}.json").read_text())["entry"]
    patient = yaml.safe_load((FOLDER / "orders" / f"{name}.yaml").read_text())["patient"]
    for entry in drafts:
        order = {**entry["resource"], "status": "active", "intent": "order", "authoredOn": day_of(patient).isoformat()}
        yield patient, [*resources_of(patient), only_patient(order, patient)]


@pytest.mark.parametrize("name", ["nilotinib-with-t315i", "sandbox-imatinib-with-t315i", "nelarabine-in-b-lineage"])
def test_an_order_that_the_guidelines_rule_out_deviates(name: str) -> None:
    for patient, resources in ordered(name):
        found = answers(patient, resources)["order-deviates"]
        assert found["answer"] == "yes"
        assert found["because"][0].startswith("MedicationRequest/")
        said = [row for row in rows(patient, resources)["orders"] if row["deviates"]]
        assert said
        assert said[0]["ordered_on"] == day_of(patient).isoformat()


def test_an_order_that_they_list_does_not() -> None:
    for patient, resources in ordered("ponatinib-with-t315i"):
        found = rows(patient, resources)
        assert {row["question"]: row["answer"] for row in found["questions"]}["order-deviates"] == "no"
        assert any("ponatinib" in row["drugs"] for row in found["orders"])


def test_orders_that_are_over_are_not_judged() -> None:
    for patient, resources in ordered("nilotinib-with-t315i"):
        over = [*resources[:-1], {**resources[-1], "status": "completed"}]
        assert not any("nilotinib" in row["drugs"] for row in rows(patient, over)["orders"])


def test_without_orders_in_the_export_it_is_unknown_whether_one_deviates() -> None:
    bare = [row for row in resources_of(T315I) if row["resourceType"] != "MedicationRequest"]
    found = answers(T315I, bare, provided=READ - {"MedicationRequest"})["order-deviates"]
    assert (found["answer"], found["because"]) == ("unknown", ["MedicationRequest was not exported"])
    assert answers(T315I, bare)["order-deviates"]["answer"] == "no"


@pytest.mark.parametrize("medication", [{"medicationReference": {"reference": "Medication/not-exported"}},
                                        {"medicationCodeableConcept": {"coding": [{"system": "urn:oid:1.2.3", "code": "4711"}]}}])  # fmt: skip
def test_an_order_that_nobody_can_read_may_be_one_that_deviates(medication: Raw) -> None:
    bare = [row for row in resources_of(T315I) if row["resourceType"] != "MedicationRequest"]
    order = {
        "resourceType": "MedicationRequest",
        "id": "o",
        "status": "active",
        "intent": "order",
        "authoredOn": "2026-02-27",
    }
    found = rows(T315I, [*bare, only_patient({**order, **medication}, T315I)])
    (told,) = found["orders"]
    assert (told["says"], told["deviates"], told["ordered_on"]) == ("unreadable", None, "2026-02-27")
    assert {row["question"]: row["answer"] for row in found["questions"]}["order-deviates"] == "unknown"
    over = {**order, **medication, "status": "completed"}
    assert not rows(T315I, [*bare, only_patient(over, T315I)])["orders"]


def test_where_orders_were_exported_in_part_another_may_deviate() -> None:
    for patient, resources in ordered("ponatinib-with-t315i"):
        found = answers(patient, resources, provided=READ - {"MedicationRequest"})["order-deviates"]
        assert (found["answer"], found["because"]) == ("unknown", ["MedicationRequest was not exported as a whole"])


def test_who_has_died_needs_nothing() -> None:
    dead = resources_of(TREATED)
    next(row for row in dead if row["resourceType"] == "Patient")["deceasedBoolean"] = True
    found = rows(TREATED, dead)
    assert {row["answer"] for row in found["questions"]} == {"no"}
    assert not found["verdicts"]
    assert found["patients"][0]["deceased"] is True


def test_where_the_diagnosis_cannot_be_told_nothing_is_known() -> None:
    bare = [row for row in resources_of(TREATED) if row["resourceType"] != "Condition"]
    found = rows(TREATED, bare, provided=READ - {"Condition"})
    assert found["patients"][0]["has_all"] is None
    assert {row["answer"] for row in found["questions"]} == {"unknown"}


def test_a_question_that_no_rule_of_the_sources_speaks_of_is_not_answered() -> None:
    found = answers(T315I, of=asker("drug-safety"))
    assert set(found) == {"mrd-positive-without-plan", "order-deviates"}


def test_one_patient_whose_judging_raises_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    import service.population.judge as module

    original = module.judged_orders

    def broken(asker: Asker, patient: Patient, *rest: Any) -> Any:
        if patient.id == "bad":
            raise ZeroDivisionError("a value of the patient")
        return original(asker, patient, *rest)

    monkeypatch.setattr(module, "judged_orders", broken)
    own = resources_of(T315I)
    patients = [Patient(who, tuple({**row, "id": who} if row["resourceType"] == "Patient" else {**row, "subject": {"reference": f"Patient/{who}"}}
                                   for row in own), READ) for who in ("bad", "good")]  # fmt: skip
    found = list(judged(asker(), patients, day_of(T315I)))
    bad = [row for row in found if row.values[0] == "bad"]
    assert [(row.table, row.values[2]) for row in bad] == [("not_judged", "ZeroDivisionError")]
    assert "a value" not in str(bad)
    assert any(row.table == "verdicts" and row.values[0] == "good" for row in found)


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"asks": "Who?"}, "needs exactly one of"),
        ({"asks": "Who?", "when": "mrd_statu is positive"}, "mrd_status"),
        ({"asks": "Who?", "rules": {"topic": ["mrd"]}}, "Allowed: topics"),
        ({"asks": "Who?", "orders": "deviate", "no_if": {"done": {"facts": ["mrd_fraction"]}}}, "must be {fact"),
        (
            {
                "asks": "Who?",
                "orders": "deviate",
                "no_if": {"done": {"facts": ["mrd_fraction"], "days": 1, "types": ["Obs"]}},
            },
            "'Obs' is no type",
        ),
        ({"orders": "deviate"}, "must be a question in words"),
    ],
)
def test_definitions_that_cannot_be_used_are_told(tmp_path: Path, definition: Raw, problem: str) -> None:
    file = tmp_path / "questions.yaml"
    file.write_text(yaml.safe_dump({"mine": definition}))
    with pytest.raises(BadQuestions, match=problem):
        read_definitions(read_content(), file)
