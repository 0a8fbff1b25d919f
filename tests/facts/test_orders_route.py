"""The route of an order, and above all the intrathecal one beside a vinca alkaloid."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Reason
from service.facts.orders.dosing import route
from tests.facts.fhir import SCT, Json
from tests.facts.order_support import drug, of_line, read


def coded(code: str, system: str = SCT, **more: Any) -> Json:
    return {"route": {"coding": [{"system": system, "code": code}]}, **more}


HL7 = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"
IV, IT, ORAL = coded("47625008"), coded("72607000"), coded("26643006")
SAFE = "2 mg i.v. push. FOR INTRAVENOUS USE ONLY - FATAL IF GIVEN INTRATHECALLY."


@pytest.mark.parametrize(
    ("text", "dosages", "route"),
    [
        ("vincristine", [IV], "intravenous"), ("vincristine", [IT], "intrathecal"), ("methotrexate", [coded("IT", HL7)], "intrathecal"),
        ("methotrexate", [coded("20042000", "http://standardterms.edqm.eu")], "intrathecal"), ("methotrexate", [{"route": {"text": "i.th."}}], "intrathecal"),
        ("methotrexate", [coded("PO", HL7)], "oral"), ("pegaspargase", [coded("IM")], "intramuscular"), ("cytarabine", [{"text": "75 mg/m2 s.c."}], "subcutaneous"),
        ("cytarabine", [{"route": "IV"}], "intravenous"), ("vincristine", ["2 mg i.v."], "intravenous"), ("methotrexate", [{"route": {"text": "intra-articular"}}], "other"),
        ("cytarabine", [{"text": "continuous infusion"}], "intravenous"), ("methotrexate 2.5 mg tablet", [], "oral"), ("methotrexate", [], None),
        ("methotrexate", [coded("00000000")], "other"), ("triple intrathecal MTX/Ara-C/HC", [], "intrathecal"), ("intrathecal chemotherapy", [], "intrathecal"),
        ("methotrexate", [{"text": "12 mg", "site": {"text": "intrathecal"}}], "intrathecal"),
    ],
)  # fmt: skip
def test_route(text: str, dosages: list[Any], route: str | None) -> None:
    stated = of_line(read(drug(text, dosageInstruction=dosages)))
    assert (stated["ordered_route"].value if "ordered_route" in stated else None) == route


@pytest.mark.parametrize("text", ["vincristine", "Marqibo", "Vindesin"])
@pytest.mark.parametrize(
    "more",
    [
        {"dosageInstruction": [{**IV, "text": "2 mg intrathecal"}]}, {"dosageInstruction": [{**IT, "text": "2 mg i.v."}]},
        {"dosageInstruction": [IV, IT]}, {"dosageInstruction": [IV], "note": [{"text": "give i.th."}]},
        {"dosageInstruction": [{**IV, "patientInstruction": "intrathekal"}]}, {"dosageInstruction": [{"text": "nicht i.v., sondern intrathekal"}]},
    ],
)  # fmt: skip
def test_an_intrathecal_vinca_alkaloid_is_never_overlooked(text: str, more: Json) -> None:
    route = of_line(read(drug(text, **more)))["ordered_route"]
    assert route.value == "intrathecal"
    assert "intravenous" in (route.provenance[0].note or "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vincristine", SAFE), ("Vincristine 1 mg/mL (fatal if given by other routes, not for intrathecal use)", "2 mg"), ("vincristine", "2 mg i.v., NOT FOR INTRATHECAL USE"),
        ("vincristine", "2 mg i.v.; intrathecal administration is fatal"), ("Vincristin", "2 mg i.v., niemals intrathekal"), ("Vincristin", "Intrathekale Gabe tödlich. 2 mg i.v."),
        ("vincristine", "2 mg i.v., 24 hours after intrathecal methotrexate"), ("vincristine", "2 mg i.v., not on the day of IT therapy"),
        ("vincristine", "2 mg i.v. Contraindicated for intramuscular, subcutaneous or intrathecal administration"), ("vincristine", "2 mg i.v. day 1 (IT MTX on day 2)"),
    ],
)  # fmt: skip
def test_a_warning_is_no_sign(name: str, text: str) -> None:
    assert of_line(read(drug(name, dosageInstruction=[{**IV, "text": text}])))["ordered_route"].value == "intravenous"


@pytest.mark.parametrize(
    ("text", "dosages", "reason"),
    [
        ("methotrexate", [{**IV, "text": "12 mg intrathecal"}], Reason.CONFLICTING), ("methotrexate", [{**ORAL, "text": "20 mg s.c."}], Reason.CONFLICTING),
        ("methotrexate", [IV, ORAL], Reason.NOT_DECIDED), ("vincristine 2 mg IV + MTX 12 mg IT", [], Reason.CONFLICTING), ("hyper-CVAD cycle 1", [IV], Reason.NOT_DECIDED),
        ("IT MTX 12 mg", [IV], Reason.CONFLICTING),
    ],
)  # fmt: skip
def test_routes_that_contradict_each_other(text: str, dosages: list[Any], reason: Reason) -> None:
    assert of_line(read(drug(text, dosageInstruction=dosages)))["ordered_route"].reason is reason


def test_of_several_instructions_the_intrathecal_one_is_told() -> None:
    route = of_line(read(drug("methotrexate", dosageInstruction=[IV, IT])))["ordered_route"]
    assert (route.value, route.provenance[0].note) == (
        "intrathecal",
        "another instruction of the order says: intravenous",
    )


def test_a_combination_that_does_not_say_what_goes_where() -> None:
    assert of_line(read(drug("vincristine + MTX IT")))["ordered_route"].value == "intrathecal"


@pytest.mark.parametrize(
    ("dosages", "level"),
    [
        ([{**IV, "text": "5 g/m2 over 24 h. Not for intrathecal use"}], "high"), ([{**IT, "text": "12 mg"}], None),
        ([{**ORAL, "doseQuantity": {"value": 30, "unit": "mg"}}], "low"), (["500 mg/m2 i.v."], "high"),
    ],
)  # fmt: skip
def test_dose_level(dosages: list[Any], level: str | None) -> None:
    stated = of_line(read(drug("methotrexate", dosageInstruction=dosages)))
    assert (stated["methotrexate_dose_level"].value if "methotrexate_dose_level" in stated else None) == level


def test_instructions_that_differ() -> None:
    daily = {
        "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
        "doseQuantity": {"value": 1, "unit": "mg"},
    }
    weekly = {"text": "once a week", "doseQuantity": {"value": 2, "unit": "mg"}}
    stated = of_line(read(drug("methotrexate", dosageInstruction=[daily, weekly])))
    assert "ordered_schedule" not in stated
    assert stated["ordered_dose"].value == "1 mg; 2 mg"


@pytest.mark.parametrize(
    ("dosages", "expected"),
    [([IV], "intravenous"), ([IT], "intrathecal"), ([IV, ORAL], None), (["20 mg p.o."], "oral"), ([{"route": {"text": "rectal"}}], "other"), ([], None)],
)  # fmt: skip
def test_the_route_of_any_resource(dosages: list[Any], expected: str | None) -> None:
    assert route(drug("methotrexate", dosageInstruction=dosages), "") == expected
