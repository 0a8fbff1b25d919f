"""What is being given now, and taken beside it."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason, TokenSet
from service.facts.therapy.drug_names import drugs_in
from tests.facts.fhir import ATC, RXNORM, administration, concept, request, resource, statement
from tests.facts.support import terminology
from tests.facts.therapy_cases import ALL, members, read


@pytest.mark.parametrize(
    ("entry", "current", "concurrent"),
    [
        pytest.param(statement("dasatinib", "2025-01-01", state="active"), True, True, id="active"),
        pytest.param(statement("dasatinib", "2025-01-01", "2025-03-01", state="active"), False, False, id="ended"),
        pytest.param(statement("dasatinib", "2025-01-01", "2025-03-01"), False, False, id="completed"),
        pytest.param(statement("dasatinib", "2025-01-01", state="on-hold"), False, False, id="on hold"),
        pytest.param(request("dasatinib", "2025-05-01"), None, True, id="ordered counts for interactions"),
        pytest.param(request("dasatinib", "2025-05-01", intent="proposal"), False, False, id="proposed"),
        pytest.param(request("dasatinib", "2025-05-01", dispenseRequest={"validityPeriod": {"end": "2025-05-15"}}), False, False,
                     id="order ran out"),
        pytest.param(administration("dasatinib", "2025-05-31"), True, True, id="yesterday"),
        pytest.param(administration("dasatinib", "2025-05-10"), True, False, id="three weeks ago: in the cycle"),
        pytest.param(administration("dasatinib", "2025-04-01"), False, False, id="two months ago"),
        pytest.param(administration("dasatinib", "2025-05-31", status="in-progress"), True, True, id="running"),
    ],
)  # fmt: skip
def test_what_is_being_given(entry: Any, current: bool | None, concurrent: bool) -> None:
    facts = read(ALL, entry)
    now, beside = facts.value("current_therapies"), facts.value("concurrent_drugs")
    assert isinstance(now, TokenSet)
    assert isinstance(beside, TokenSet)
    assert (now.includes("dasatinib"), beside.includes("dasatinib")) == (current, concurrent)


def test_asparaginases_act_for_weeks() -> None:
    facts = read(ALL, administration("pegaspargase", "2025-05-10"))
    assert "asparaginase" in members("concurrent_drugs", administration("pegaspargase", "2025-05-10"))
    assert facts.value("asparaginase_formulation") == "pegaspargase"
    assert read(ALL, administration("Erwinase", "2025-05-10")).value("asparaginase_formulation") is None


@pytest.mark.parametrize(("last", "taken"), [("2025-05-31", True), ("2025-05-28", False)])
def test_a_thiopurine_is_gone_days_after_it_was_stopped(last: str, taken: bool) -> None:
    found = members("concurrent_drugs", statement("mercaptopurine", "2025-01-10", last, "stopped"))
    assert ("mercaptopurine" in found) is taken


def test_interactions_use_systemic_drugs_only() -> None:
    assert read(statement("itraconazole", "2025-05-01", state="active")).value("strong_cyp3a4_inhibitor") is True
    assert read(statement("ketoconazole cream", "2025-05-01", state="active")).value("strong_cyp3a4_inhibitor") is False
    assert read(statement("prednisolone eye drops", state="active")).value("on_steroids") is False


def test_where_code_and_text_disagree_neither_drug_is_taken_for_sure() -> None:
    mixed = statement(state="active", medicationCodeableConcept=concept("6851", RXNORM, "Mercaptopurine 50 MG"))
    facts = read(ALL, mixed)
    now = facts.value("concurrent_drugs")
    assert isinstance(now, TokenSet)
    assert [now.includes(d) for d in ("methotrexate", "mercaptopurine", "chemotherapy", "omeprazole")] == [
        None,
        None,
        True,
        False,
    ]
    note = facts["concurrent_drugs"].provenance[0].note
    assert note is not None
    assert "methotrexate" in note
    inotuzumab = {"code": "1942950", "system": RXNORM, "display": "blinatumomab"}
    other = statement(state="completed", medicationCodeableConcept={"coding": [inotuzumab]})
    assert read(ALL, other)["prior_blinatumomab"].reason is Reason.CONFLICTING
    assert read(ALL, other).value("prior_cart") is False


@pytest.mark.parametrize(
    ("resources", "weeks"),
    [
        pytest.param(
            [administration("inotuzumab", "2025-04-06"), administration("inotuzumab", "2025-05-04")], 4.0, id="last"
        ),
        pytest.param([statement("inotuzumab", "2025-03-01", "2025-05-25")], 1.0, id="end of a period"),
        pytest.param([statement("inotuzumab", "2025-05-04", state="active")], Interval(0, 4), id="still running"),
        pytest.param([statement("inotuzumab", "2025-04", "2025-05")], Interval(1 / 7, 31 / 7), id="partial dates"),
        pytest.param([administration("inotuzumab", None)], None, id="undated"),
        pytest.param([request("inotuzumab", "2025-05-30")], None, id="ordered"),
    ],
)
def test_weeks_since_inotuzumab(resources: list[Any], weeks: object) -> None:
    assert read(ALL, *resources).value("weeks_since_last_inotuzumab") == weeks


@pytest.mark.parametrize(
    ("drug", "start", "now"),
    [
        ("Blinatumomab", "2024-06-01", True), ("Blinatumomab", "2024-05-31", None), ("Oncaspar", "2023-01-01", None),
        ("Prednisolon 5 mg", "2022-06-02", True), ("Prednisolon 5 mg", "2022-06-01", None), ("6-MP", "2020", None),
        ("Dasatinib 100 mg", "2019-01-01", True), ("Omeprazol", "2015-01-01", True),
    ],
)  # fmt: skip
def test_old_entries_still_called_active(drug: str, start: str, now: bool | None) -> None:
    value = read(ALL, statement(drug, start, state="active")).value("concurrent_drugs")
    assert isinstance(value, TokenSet)
    name = next(iter(drugs_in(terminology(), drug)))
    assert value.includes(name) is now
    assert value.includes("voriconazole") is False


def test_a_newer_word_keeps_an_old_entry() -> None:
    said = statement("Prednisolon", "2019-01-01", state="active", dateAsserted="2025-05-01")
    assert read(ALL, said).value("on_steroids") is True
    assert read(ALL, statement("Prednisolon", "2019-01-01", state="active")).value("on_steroids") is None


@pytest.mark.parametrize(
    ("dispense", "given", "now"),
    [
        ({"whenHandedOver": "2025-05-20", "daysSupply": {"value": 30}}, True, True),
        ({"whenHandedOver": "2025-03-01", "daysSupply": {"value": 30}}, True, False),
        ({"whenHandedOver": "2025-03-01"}, True, False),
        ({"whenPrepared": "2025-05-20", "status": "preparation"}, None, None),
        ({"whenHandedOver": "2025-05-20", "status": "declined"}, False, False),
        ({"daysSupply": {"value": "many"}}, True, False),
    ],
)
def test_dispensed_drugs(dispense: dict[str, Any], given: bool | None, now: bool | None) -> None:
    made = {"status": "completed", "medicationCodeableConcept": {"text": "Sprycel 100 mg"}, **dispense}
    facts = read(ALL, resource("MedicationDispense", **made))
    value, beside = facts.value("prior_tkis"), facts.value("current_therapies")
    assert isinstance(value, TokenSet)
    assert isinstance(beside, TokenSet)
    assert value.includes("dasatinib") is given
    assert beside.includes("dasatinib") is (now or False)


def test_why_a_list_is_not_known() -> None:
    gone = resource("MedicationStatement", status="active", medicationReference={"reference": "Medication/gone"})
    fact = read(ALL, gone)["concurrent_drugs"]
    assert (fact.reason, fact.provenance[0].resource.partition("/")[0]) == (Reason.UNREADABLE, "MedicationStatement")
    assert "did not come" in str(fact.provenance[0].note)


def test_dates_of_use_in_the_dosage() -> None:
    ended = request(
        "dasatinib", "2025-01-01", dosageInstruction={"timing": {"repeat": {"boundsPeriod": {"end": "2025-03-01"}}}}
    )
    ahead = request(
        "dasatinib", "2025-05-01", dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": {"start": "2025-07-01"}}}}]
    )
    for order in (ended, ahead):
        value = read(ALL, order).value("concurrent_drugs")
        assert isinstance(value, TokenSet)
        assert value.includes("dasatinib") is False


def test_which_asparaginase() -> None:
    unnamed = read(ALL, administration("Asparaginase", "2025-05-30"))
    assert unnamed["asparaginase_formulation"].reason is Reason.NOT_DECIDED
    two = read(ALL, administration("Oncaspar", "2025-05-20"), administration("Erwinase", "2025-05-30"))
    assert two["asparaginase_formulation"].reason is Reason.CONFLICTING
    coded = administration(None, "2025-05-30", medicationCodeableConcept=concept("L01XX02", ATC, "Erwinase 10.000 E"))
    assert read(ALL, coded).value("asparaginase_formulation") == "asparaginase-erwinia"
