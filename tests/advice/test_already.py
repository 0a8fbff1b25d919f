"""What is ordered already is told in place of a suggestion: which orders count, and which are something else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from service.advice.already import AlreadyOrdered
from service.facts.model import Facts
from service.facts.orders import read_orders
from service.facts.registry import REGISTRY
from service.record.build import build_record
from service.record.model import PatientRecord
from tests.advice.support import AS_OF, record
from tests.test_examples import clinic

Raw = dict[str, Any]
TPMT = {"coding": [{"system": "http://loinc.org", "code": "93193-1"}], "text": "as this hospital calls it"}
AST = {"system": "http://loinc.org", "code": "1920-8"}
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def day(ago: int) -> str:
    return (AS_OF - timedelta(days=ago)).isoformat()


def service(code: Any, **more: Any) -> Raw:
    return {"resourceType": "ServiceRequest", "id": "s1", "status": "active", "intent": "order", "code": code,
            "subject": {"reference": "Patient/p1"}, "authoredOn": day(3), **more}  # fmt: skip


def drug(text: str, **more: Any) -> Raw:
    return {"resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
            "medicationCodeableConcept": {"text": text}, "subject": {"reference": "Patient/p1"}, "authoredOn": day(3),
            **more}  # fmt: skip


def result(ago: int, **more: Any) -> Raw:
    return {"resourceType": "Observation", "id": "o1", "status": "final", "code": TPMT, "valueString": "normal",
            "subject": {"reference": "Patient/p1"}, "effectiveDateTime": day(ago), **more}  # fmt: skip


def kept(*resources: Raw) -> PatientRecord:
    rows = [(None, one) for one in ({"resourceType": "Patient", "id": "p1"}, *resources)]
    return build_record(rows, patient_id="p1", coverage={}, as_of=AS_OF, terminology=record().terminology)


def found(key: str, *drafts: Raw, on_record: tuple[Raw, ...] = ()) -> str | None:
    """The reference of the order that makes a suggestion needless."""
    whole = kept(*on_record)
    lines = read_orders(drafts, whole.terminology, whole).lines
    already = AlreadyOrdered(clinic().engine.content.orderables, Facts(AS_OF, REGISTRY, whole), lines)
    placed = already.find(key)
    return placed.reference if placed else None


@pytest.mark.parametrize(
    ("key", "draft", "expected"),
    [
        ("order-tpmt-nudt15", service(TPMT, status="draft"), True),
        ("order-tpmt-nudt15", service({"text": "TPMT and NUDT15 genotype"}, status="draft"), False),  # no code: unsure
        ("order-tpmt-nudt15", service({"coding": [{"system": "http://loinc.org", "code": "41048-0"}]}), False),
        ("order-tpmt-nudt15", service({"coding": [{"system": "urn:oid:1.2", "code": "93193-1"}]}), False),
        ("order-tpmt-nudt15", service(TPMT, status="revoked"), False),
        ("order-tpmt-nudt15", service(TPMT, doNotPerform=True), False),
        ("order-tpmt-nudt15", service(TPMT, subject={"reference": "Patient/other"}), False),
        ("order-ast-alt", service({"coding": [AST]}), False),  # AST alone
        ("order-ast-alt", service({"coding": [AST], "text": "AST and ALT"}), True),
        ("order-asparaginase-activity",
         service({"text": "asparaginase activity in serum, with  the time since the last dose"}), True),
        ("order-asparaginase-activity", service({"text": "Asparaginase"}), False),
        ("order-leucovorin", drug("leucovorin 15 mg"), True),
        ("order-leucovorin", drug("folinic acid"), True),
        ("order-leucovorin", drug("mesna"), False),
        ("order-leucovorin", service({"text": "leucovorin level"}), False),
        ("order-tpmt-nudt15", {**drug("x"), "medicationCodeableConcept": TPMT}, False),
    ],
)  # fmt: skip
def test_a_draft_is_known_by_code_or_drug(key: str, draft: Raw, expected: bool) -> None:
    assert (found(key, draft) is not None) is expected


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ((service(TPMT),), "ServiceRequest/s1"),
        ((service(TPMT, status="on-hold"),), "ServiceRequest/s1"),
        ((service(TPMT, intent="proposal"),), "ServiceRequest/s1"),
        ((service(TPMT, intent="plan"),), None),
        ((service(TPMT, status="completed"),), None),
        ((service(TPMT, status="draft"),), None),
        ((service(TPMT, authoredOn=day(90)),), "ServiceRequest/s1"),
        ((service(TPMT, authoredOn=day(91)),), None),
        ((service(TPMT, authoredOn=day(91), occurrenceDateTime=day(-7)),), "ServiceRequest/s1"),
        ((service(TPMT), result(2)), None),
        ((service(TPMT), result(9)), "ServiceRequest/s1"),  # of an earlier order
        ((service(TPMT), result(2, status="preliminary")), "ServiceRequest/s1"),
        ((service(TPMT), result(2, code={"text": "genotype"})), "ServiceRequest/s1"),
        ((service(TPMT), result(2, code={"text": "genotype"}, basedOn=[{"reference": "ServiceRequest/s1"}])), None),
        ((service(TPMT), result(2, code={"text": "x"}, basedOn=[{"reference": "ServiceRequest/s2"}])),
         "ServiceRequest/s1"),
    ],
)  # fmt: skip
def test_a_test_on_record_counts_until_it_is_done(orders: tuple[Raw, ...], expected: str | None) -> None:
    assert found("order-tpmt-nudt15", on_record=orders) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (drug("leucovorin"), True),
        (drug("leucovorin", status="on-hold"), True),
        (drug("leucovorin", status="stopped"), False),
        (drug("leucovorin", status="completed"), False),
        (drug("leucovorin", intent="plan"), False),
        (drug("leucovorin", dosageInstruction=[
            {"timing": {"repeat": {"boundsPeriod": {"start": day(9), "end": day(5)}}}}]), False),
    ],
)  # fmt: skip
def test_a_drug_on_record_counts_while_it_stands(order: Raw, expected: bool) -> None:
    assert (found("order-leucovorin", on_record=(order,)) is not None) is expected


def test_no_orderable_without_code_has_a_name_that_could_not_be_found() -> None:
    """Orders are compared by the parts of their names, which " | " divides."""
    orderables = clinic().engine.content.orderables
    assert not [key for key, order in orderables.items() if " | " in order.text]
    assert all(order.codes for order in orderables.values() if order.code_is_part)
