"""Tyrosine kinase inhibitors: taken, failed, not tolerated, of the induction."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason, TokenSet
from tests.facts.fhir import ATC, administration, concept, condition, procedure, request, resource, statement
from tests.facts.therapy_cases import ALL, PARTIAL, RELAPSE, read

STOPPED = {"statusReason": [{"text": "molecular progression"}]}


@pytest.mark.parametrize(
    ("resources", "failures"),
    [
        pytest.param([], 0.0, id="none taken"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped", **STOPPED)], 1.0, id="progression"),
        pytest.param([request("dasatinib", "2024-02-01", status="stopped", statusReason={"text": "T315I"})], 1.0,
                     id="an order stopped for resistance was taken"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped",
                                statusReason=[{"text": "pleural effusion, intolerance"}])], 0.0, id="intolerance"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped",
                                note=[{"text": "stopped: resistance"}])], 1.0, id="note"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", note=[{"text": "started for relapse"}])], None,
                     id="a note about the start"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01")], None, id="ended without reason"),
        pytest.param([RELAPSE, statement("dasatinib", "2024-02-01", "2025-03-01")], 1.0, id="relapse while on it"),
        pytest.param([RELAPSE, statement("dasatinib", "2024-02-01", state="active")], 1.0, id="relapse, continued"),
        pytest.param([RELAPSE, statement("ponatinib", "2025-03-01", state="active")], 0.0, id="begun after relapse"),
        pytest.param([statement("imatinib", "2024-01-20", "2024-05-01", state="stopped", **STOPPED),
                      statement("dasatinib", "2024-05-02", "2024-08-01")], Interval(1, 2), id="one failed, one open"),
    ],
)  # fmt: skip
def test_tki_failures(resources: list[Any], failures: object) -> None:
    assert read(ALL, *resources).value("prior_tki_failures") == failures


def test_tki_failures_on_partial_lists() -> None:
    failed = statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped", **STOPPED)
    assert read(ALL, failed, coverage=PARTIAL).value("prior_tki_failures") == Interval(low=1)
    assert read(ALL, coverage=PARTIAL)["prior_tki_failures"].reason is Reason.INCOMPLETE
    taken = read(ALL, statement("dasatinib", state="active"), coverage=PARTIAL)
    assert taken["prior_tki_failures"].reason is Reason.NOT_DECIDED
    listed = taken.value("prior_tkis")
    assert isinstance(listed, TokenSet)
    assert (listed.includes("dasatinib"), listed.includes("ponatinib")) == (True, None)


@pytest.mark.parametrize(
    ("resources", "coverage", "expected"),
    [
        pytest.param([], None, (False, False, False), id="none taken"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped", **STOPPED)], None,
                     (True, False, False), id="progression"),
        pytest.param([statement("imatinib", "2024-01-20", "2024-05-01", state="stopped", **STOPPED),
                      statement("dasatinib", "2024-05-02", "2024-08-01")], None, (None, True, False), id="one failed, one open"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped",
                                statusReason=[{"text": "pleural effusion, intolerance"}])], None, (False, False, False),
                     id="intolerance"),
        pytest.param([RELAPSE, statement("dasatinib", "2024-02-01", state="active")], None, (True, False, False),
                     id="relapse, continued"),
        pytest.param([statement("dasatinib", "2024-02-01", "2024-08-01", state="stopped", **STOPPED)], PARTIAL,
                     (True, None, None), id="failed, on partial lists"),
    ],
)  # fmt: skip
def test_which_tkis_failed(resources: list[Any], coverage: Any, expected: tuple[bool | None, ...]) -> None:
    listed = read(ALL, *resources, **({"coverage": coverage} if coverage is not None else {})).value("failed_tkis")
    assert isinstance(listed, TokenSet)
    assert tuple(listed.includes(name) for name in ("dasatinib", "imatinib", "ponatinib")) == expected


def test_which_tkis_failed_is_open() -> None:
    assert read(ALL, statement("dasatinib", "2024-02-01", "2024-08-01"))["failed_tkis"].reason is Reason.NOT_DECIDED
    assert read(ALL, coverage=PARTIAL)["failed_tkis"].reason is Reason.INCOMPLETE


def test_prior_tkis() -> None:
    listed = read(ALL, statement("dasatinib"), request("ponatinib", "2025-05-30")).value("prior_tkis")
    assert isinstance(listed, TokenSet)
    found = [listed.includes(name) for name in ("dasatinib", "ponatinib", "imatinib")]
    assert found == [True, None, False]
    assert read(ALL, coverage={})["prior_tkis"].reason is Reason.NOT_PROVIDED


FIRST = administration("vincristine", "2024-01-20")


@pytest.mark.parametrize(
    ("resources", "tki"),
    [
        pytest.param([FIRST, statement("dasatinib", "2024-02-01", state="active")], "dasatinib", id="first weeks"),
        pytest.param([FIRST, statement("ponatinib", "2025-02-01", state="active")], "none", id="later"),
        pytest.param([FIRST], "none", id="no TKI"),
        pytest.param([FIRST, request("dasatinib", "2024-02-01")], None, id="only ordered"),
        pytest.param([FIRST, statement("dasatinib", state="active")], None, id="undated"),
        pytest.param([FIRST, statement("imatinib", "2024-01-20", "2024-02-10"), statement("dasatinib", "2024-02-11")], None,
                     id="switched"),
        pytest.param([], None, id="no drugs of that time"),
    ],
)  # fmt: skip
def test_induction_tki(resources: list[Any], tki: str | None) -> None:
    fact = read(ALL, *resources)["induction_tki"]
    assert fact.value == tki
    assert tki is None or all(p.inferred for p in fact.provenance)


def test_induction_tki_without_date_of_diagnosis() -> None:
    undated = condition("91857003")
    drugs = [FIRST, statement("dasatinib", "2024-02-01")]
    assert read(undated, *drugs).value("induction_tki") == "dasatinib"
    assert read(undated, *drugs, coverage=PARTIAL).value("induction_tki") is None
    assert read(undated)["induction_tki"].reason is Reason.RECORD_EMPTY


OBDS = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-therapie-ende-grund"


def stopped(reason: Any, text: str = "dasatinib", **more: Any) -> Any:
    return statement(text, "2024-02-01", "2024-08-01", state="stopped", statusReason=[reason], **more)


@pytest.mark.parametrize(
    ("reason", "failures"),
    [
        (concept("266721009"), 1.0), (concept("407563006"), 0.0), (concept("182992009"), 0.0), (concept("P", OBDS), 1.0),
        (concept("A", OBDS), 0.0), (concept("E", OBDS), 0.0), ({"text": "Nichtansprechen"}, 1.0), ({"text": "Progress"}, 1.0),
        ({"text": "Pleuraerguss Grad 3"}, 0.0), ({"text": "stopped for allogeneic transplant"}, 0.0), ({"text": "cost"}, 0.0),
        ({"text": "no evidence of resistance; pleural effusion"}, 0.0), ({"text": "per protocol"}, None),
        (concept("P", "http://example.org/reasons"), None),
    ],
)  # fmt: skip
def test_reasons_for_a_stop(reason: Any, failures: float | None) -> None:
    assert read(ALL, stopped(reason)).value("prior_tki_failures") == failures


def test_the_reason_of_the_therapy_a_drug_was_part_of() -> None:
    whole = procedure(text="Systemtherapie", on="2024-01-20", id="syst", outcome=concept("P", OBDS))
    part = statement("Imatinib", "2024-01-20", "2024-03-10", partOf=[{"reference": "Procedure/syst"}])
    facts = read(ALL, whole, part)
    assert facts.value("prior_tki_failures") == 1.0
    assert facts.value("relapsed_or_refractory_to_tki") is True


@pytest.mark.parametrize(
    "resources",
    [
        [resource("AdverseEvent", actuality="actual", event={"text": "Pleural effusion"}, date="2024-07-25",
                  suspectEntity=[{"instance": {"reference": "MedicationStatement/das"}}])],
        [resource("AdverseEvent", actuality="actual", event={"text": "Pleural effusion"}, date="2024-07-25",
                  suspectEntity={"instance": {"display": "Sprycel"}})],
        [resource("AllergyIntolerance", code={"text": "Dasatinib"}, recordedDate="2024-08-02")],
    ],
    ids=["suspected by reference", "suspected by name", "intolerance"],
)  # fmt: skip
def test_what_was_not_tolerated_did_not_fail(resources: list[Any]) -> None:
    ended = statement("dasatinib", "2024-02-01", "2024-08-01", id="das")
    assert read(ALL, ended).value("prior_tki_failures") is None
    assert read(ALL, ended, *resources).value("prior_tki_failures") == 0.0


def test_an_event_long_before_the_stop_is_no_reason() -> None:
    early = resource("AdverseEvent", actuality="actual", event={"text": "Rash"}, date="2024-02-10",
                     suspectEntity=[{"instance": {"display": "dasatinib"}}])  # fmt: skip
    assert read(ALL, statement("dasatinib", "2024-02-01", "2024-08-01"), early).value("prior_tki_failures") is None


def test_a_switch_between_relapse_and_intolerance() -> None:
    facts = read(
        ALL,
        RELAPSE,
        statement("Glivec 600 mg", "2024-01-20", "2024-03-01", state="stopped", statusReason=[concept("407563006")]),
        statement("Sprycel", "2024-03-02", "2025-02-20", state="stopped"),
        statement("Iclusig 45 mg", "2025-02-25", state="active"),
    )
    assert facts.value("prior_tki_failures") == 1.0
    assert facts.value("prior_tkis_count") == 3.0
    assert facts["induction_tki"].reason is Reason.NOT_DECIDED


def test_a_tki_that_nobody_names() -> None:
    unnamed = statement(None, "2024-02-01", "2024-08-01", medicationCodeableConcept=concept("L01EA", ATC))
    facts = read(ALL, FIRST, unnamed)
    assert facts["prior_tkis"].reason is Reason.NOT_DECIDED
    assert facts["induction_tki"].reason is Reason.NOT_DECIDED
    assert facts.value("prior_tki_failures") is None


@pytest.mark.parametrize(
    ("text", "refractory"),
    [
        ("Ph+ ALL, refractory to TKIs", True), ("Ph+ ALL, TKI-refraktär", True), ("Ph+ B-ALL resistant to two prior TKIs", True),
        ("Ph+ ALL, not refractory to TKIs", None), ("Ph+ ALL on a TKI", None),
    ],
)  # fmt: skip
def test_refractory_in_words(text: str, refractory: bool | None) -> None:
    assert read(condition("91857003", text=text), coverage=PARTIAL).value("refractory_to_tkis") is refractory


@pytest.mark.parametrize(
    ("text", "taken", "failures"),
    [
        ("Ph+ ALL, refractory to dasatinib", {"dasatinib"}, 1.0), ("Ph+ ALL, relapse on imatinib", {"imatinib"}, 1.0),
        ("Ph+ ALL, Rezidiv unter Ponatinib", {"ponatinib"}, 1.0), ("Ph+ ALL, relapse after dasatinib", {"dasatinib"}, None),
        ("Ph+ ALL", set(), 0.0),
    ],
)  # fmt: skip
def test_tkis_the_diagnosis_tells_of(text: str, taken: set[str], failures: float | None) -> None:
    facts = read(condition("91857003", text=text, onsetDateTime="2024-01-15"))
    value = facts.value("prior_tkis")
    assert isinstance(value, TokenSet)
    assert (value.members, facts.value("prior_tki_failures")) == (taken, failures)
