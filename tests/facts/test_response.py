"""Blasts and the stated response."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Facts, Interval, Reason
from service.facts.response.marrow import PROVIDERS as MARROW
from service.facts.response.marrow import read_blasts
from service.facts.response.response import PROVIDERS as RESPONSE
from service.facts.response.response import stated_response
from service.facts.vocabulary import VOCABULARY
from tests.facts.support import facts_of

LOINC, SCT = "http://loinc.org", "http://snomed.info/sct"
BELOW_5 = Interval(0, 5, high_open=True)


PROVIDERS = (*MARROW, *RESPONSE)


def observation(code: str, value: Any = None, when: str = "2025-05-20", **more: Any) -> dict[str, Any]:
    """A coded Observation: a number becomes percent, a string a valueString."""
    resource: dict[str, Any] = {
        "resourceType": "Observation", "status": "final", "effectiveDateTime": when,
        "code": {"coding": [{"system": LOINC, "code": code}]},
    }  # fmt: skip
    if isinstance(value, str):
        resource["valueString"] = value
    elif value is not None:
        resource["valueQuantity"] = {"value": value, "unit": "%"}
    return resource | more


def marrow(value: Any = None, when: str = "2025-05-20", **more: Any) -> dict[str, Any]:
    return observation("11150-0", value, when, **more)


def blood(value: Any = None, when: str = "2025-05-20", **more: Any) -> dict[str, Any]:
    return observation("26446-5", value, when, **more)


def status(value: Any = None, when: str = "2025-05-20", **more: Any) -> dict[str, Any]:
    return observation("97509-4", value, when, **more)


def read(*resources: dict[str, Any], **options: Any) -> Facts:
    return facts_of(*resources, providers=PROVIDERS, **options)


def test_every_fact_is_in_the_vocabulary() -> None:
    assert all(name in VOCABULARY for provider in PROVIDERS for name in provider.provides)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<5 %", BELOW_5),
        ("3-4 %", Interval(3, 4)),
        ("2 %", 2.0),
        ("blasts 40 %", 40.0),
        ("40 % blasts", 40.0),
        ("Cellular marrow. Lymphoblasts: 85 %.", 85.0),
        ("less than 5 % blasts", BELOW_5),
        ("unter 5 % Blasten", BELOW_5),
        ("Blasten <5 %", BELOW_5),
        (">= 20 % blasts", Interval(20, 100)),
        ("> 90 %", Interval(90, 100, low_open=True)),
        ("≤5 %", Interval(0, 5)),
        ("blasts 3 to 4 %", Interval(3, 4)),
        ("no excess of blasts", BELOW_5),
        ("Keine Blastenvermehrung", BELOW_5),
        ("M1 marrow", BELOW_5),
        ("M2", Interval(5, 25)),
        ("M3-Mark", Interval(25, 100, low_open=True)),
        ("M1 or M2", None),
        ("hypocellular", None),
        ("no blasts seen", 0.0),
        ("keine Blasten", 0.0),
        ("Blasten ca. 60 %", 60.0),
        ("less than 5 percent blasts", BELOW_5),
        ("Blasts account for less than 1% of cells", Interval(0, 1, high_open=True)),
        ("Blasts: 12 per 200 cells", 6.0),
        ("Remissionsmark", BELOW_5),
        ("Kein Blastenüberschuss", BELOW_5),
        ("blasts more than 90 %", Interval(90, 100, low_open=True)),
        ("cellularity 40 %", None),
        ("", None),
    ],
)
def test_blasts_in_words(text: str, expected: Any) -> None:
    assert read_blasts(text) == expected


@pytest.mark.parametrize(
    ("resource", "percent", "category"),
    [
        pytest.param(marrow(4.9), 4.9, "M1", id="below five"),
        pytest.param(marrow(5), 5, "M2", id="exactly five"),
        pytest.param(marrow(24.9), 24.9, "M2", id="below twenty-five"),
        pytest.param(marrow(25), 25, "M2", id="exactly twenty-five"),
        pytest.param(marrow(26), 26, "M3", id="above twenty-five"),
        pytest.param(marrow("<5 %"), BELOW_5, "M1", id="comparator"),
        pytest.param(marrow("3-8 %"), Interval(3, 8), None, id="range over a limit"),
        pytest.param(marrow("M3"), Interval(25, 100, low_open=True), "M3", id="category stated"),
        pytest.param(
            marrow(component=[{"code": {"text": "blasts"}, "valueQuantity": {"value": 7, "unit": "%"}}]), 7, "M2",
            id="component",
        ),
        pytest.param(
            {
                "resourceType": "DiagnosticReport", "status": "final", "effectiveDateTime": "2025-05-20",
                "code": {"coding": [{"system": LOINC, "code": "33721-2"}]}, "conclusion": "Blasts 60 %.",
            },
            60, "M3", id="conclusion of a report",
        ),
    ],
)  # fmt: skip
def test_marrow(resource: dict[str, Any], percent: Any, category: str | None) -> None:
    facts = read(resource)
    assert (facts.value("marrow_blasts_percent"), facts.value("marrow_category")) == (percent, category)


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        pytest.param(marrow(250), Reason.IMPLAUSIBLE, id="more than all"),
        pytest.param(marrow(4, when="2025-01-01"), Reason.STALE, id="old"),
        pytest.param(marrow("see report"), Reason.RECORD_EMPTY, id="no blasts told"),
        pytest.param(
            marrow(valueQuantity={"value": 3, "unit": "furlong"}), Reason.UNIT, id="odd unit"
        ),
        pytest.param(
            observation("48807-2", "CSF: 80 % blasts"), Reason.RECORD_EMPTY, id="a lumbar puncture under a marrow code"
        ),
    ],
)  # fmt: skip
def test_marrow_that_is_not_known(resource: dict[str, Any], reason: Reason) -> None:
    facts = read(resource)
    assert facts["marrow_blasts_percent"].reason is reason
    assert facts.value("marrow_category") is None


def test_day_15() -> None:
    facts = read(marrow(2), marrow(12, "2025-04-20", note=[{"text": "day 15 of induction"}]))
    assert (facts.value("marrow_blasts_percent"), facts.value("marrow_blasts_percent_day15")) == (2, 12)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param((blood(0),), False, id="zero"),
        pytest.param((blood(3),), True, id="some"),
        pytest.param((blood(valueQuantity={"value": 200, "unit": "/uL"}),), True, id="absolute count"),
        pytest.param((blood("<1 %"),), None, id="below a limit"),
        pytest.param((blood("none seen"),), False, id="none seen"),
        pytest.param((blood("no blasts"),), False, id="no blasts"),
        pytest.param((blood("blasts present"),), True, id="present"),
        pytest.param((blood("occasional"),), True, id="occasional"),
        pytest.param((blood("nicht nachweisbar"),), False, id="German none"),
        pytest.param((blood("see comment"),), None, id="nothing said"),
        pytest.param((blood(0, id="a"), blood(2, id="b")), True, id="any of the day"),
        pytest.param((blood("<1 %", id="a"), blood(0, id="b")), None, id="an open one of the day"),
        pytest.param((blood(30, "2025-05-01"), blood(0)), False, id="newest day"),
        pytest.param((blood(30, "2025-03-01"),), None, id="old"),
        pytest.param((blood("blasts possibly present"),), None, id="uncertain"),
        pytest.param((), None, id="a missing row is not zero"),
    ],
)
def test_circulating_blasts(resources: tuple[dict[str, Any], ...], expected: bool | None) -> None:
    assert read(*resources).value("circulating_blasts") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("complete remission", "CR"),
        ("in CR2", "CR"),
        ("Komplette Remission", "CR"),
        ("CRi", "CRi"),
        ("complete remission with incomplete count recovery", "CRi"),
        ("partial remission", "less-than-CR"),
        ("no complete remission", "less-than-CR"),
        ("refractory disease", "less-than-CR"),
        ("keine Remission", "less-than-CR"),
        ("improved", None),
        ("complete molecular remission", None),
        ("CRP 40 mg/L", None),
        ("possible complete remission", None),
        ("", None),
    ],
)
def test_response_in_words(text: str, expected: str | None) -> None:
    assert stated_response(text) == expected


def obds(code: str) -> dict[str, Any]:
    """An overall assessment of the German registry profile."""
    value = {"coding": [{"system": "urn:verlauf", "code": code}]}
    return status(valueCodeableConcept=value) | {"code": {"coding": [{"system": SCT, "code": "396432002"}]}}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        pytest.param(obds("V"), "CR", id="oBDS V"),
        pytest.param(obds("R"), "CR", id="oBDS R"),
        pytest.param(obds("T"), "less-than-CR", id="oBDS T"),
        pytest.param(obds("P"), "less-than-CR", id="oBDS P"),
        pytest.param(obds("X"), None, id="oBDS X"),
        pytest.param(status("Complete remission"), "CR", id="text"),
        pytest.param(
            status(valueCodeableConcept={"coding": [{"system": SCT, "code": "268910001", "display": "improved"}]}),
            None, id="improved is no remission",
        ),
        pytest.param(marrow("2 %", note=[{"text": "Complete remission."}]), "CR", id="marrow report"),
    ],
)  # fmt: skip
def test_stated_response(resource: dict[str, Any], expected: str | None) -> None:
    assert read(resource).value("response") == expected


def test_the_newest_statement_counts() -> None:
    facts = read(status("complete remission"), status("refractory", "2025-04-01"))
    assert facts.value("response") == "CR"


def test_later_marrow_blasts_contradict_a_remission() -> None:
    remission = status("complete remission", "2025-05-10")
    [fact] = PROVIDERS[-1].run(read(remission, marrow(40)))
    assert fact.reason is Reason.CONFLICTING
    assert len(fact.provenance) == 2
    assert read(remission, marrow(40, "2025-05-10")).value("response") == "CR"  # the statement wins on its day
    assert read(remission, marrow("> 10 %")).value("response") != "CR"
    assert read(remission, marrow(40, "2025-05-01")).value("response") == "CR"
    assert read(remission, marrow(4)).value("response") == "CR"


def test_a_relapse_since_makes_a_response_a_thing_of_the_past() -> None:
    facts = read(status("complete remission", "2024-05-10"), status("relapse", "2025-05-01"))
    assert facts["response"].reason is Reason.NOT_DECIDED
    marrows = read(status("complete remission", "2024-05-10"), marrow(40, "2025-05-20"))
    assert marrows["response"].reason is not Reason.CONFLICTING
    assert marrows.value("response") != "CR"


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        pytest.param(obds("K"), None, id="no change says nothing of remission"),
        pytest.param(obds("B"), None, id="clinical improvement"),
        pytest.param(obds("D"), None, id="divergent"),
        pytest.param(obds("Y"), None, id="relapse"),
        pytest.param(
            status(valueCodeableConcept={"coding": [{"system": "urn:local", "code": "R"}]}), None, id="local R"
        ),
        pytest.param(status("relapsed after CR1"), None, id="the remission before a relapse"),
        pytest.param(status("Remission nicht erreicht"), "less-than-CR", id="not reached"),
        pytest.param(status("KR2"), "CR", id="German abbreviation"),
    ],
)
def test_what_is_no_response(resource: dict[str, Any], expected: str | None) -> None:
    assert read(resource).value("response") == expected


def test_without_a_record_readers_say_nothing() -> None:
    bare = Facts(read().as_of, read().registry)
    assert all(list(provider.run(bare)) == [] for provider in PROVIDERS)
