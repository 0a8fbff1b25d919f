"""Heart, kidney, coagulation, temperature, weight, and methotrexate: what measurements and reports say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.model import Interval, Reason
from tests.facts.fhir import administration, observation, request, resource, statement
from tests.facts.support import facts_of

# The day of judgement is 2025-06-01.
DAY = "2025-05-31"


def quantity(value: float, unit: str | None = None) -> dict[str, Any]:
    return {"valueQuantity": {"value": value, **({"unit": unit} if unit else {})}}


def report(text: str, on: str = DAY, name: str = "Echocardiography") -> Any:
    return resource("DiagnosticReport", status="final", code={"text": name}, effectiveDateTime=on, conclusion=text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(quantity(60, "%"), 60, id="percent"),
        pytest.param(quantity(0.6, "1"), 60, id="fraction"),
        pytest.param(quantity(0.6), 60, id="fraction without unit"),
        pytest.param(quantity(60), 60, id="can only be percent"),
        pytest.param(quantity(0.6, "%"), None, id="a fraction called percent"),
        pytest.param({"valueString": "55-60 %"}, Interval(55, 60), id="range"),
        pytest.param({"valueString": "> 55 %"}, Interval(55, low_open=True), id="comparator"),
        pytest.param({"valueString": "EF 55-60%"}, Interval(55, 60), id="named again"),
        pytest.param({"valueString": "preserved"}, Interval(50, 100), id="preserved"),
        pytest.param(
            {"valueString": "LVEF leichtgradig eingeschränkt"}, Interval(41, 50, high_open=True), id="German words"
        ),
        pytest.param({"valueString": "severely reduced"}, Interval(5, 40), id="severely reduced"),
        pytest.param({"valueString": "not assessed"}, None, id="not assessed"),
    ],
)
def test_ejection_fraction(value: dict[str, Any], expected: object) -> None:
    assert facts_of(observation("10230-1", DAY, **value)).value("lvef_percent") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LVEF 55-60 %, no wall motion abnormality", Interval(55, 60)), ("Ejektionsfraktion: 48 %", 48), ("LV-EF 35%", 35),
        ("EF biplan (Simpson) 62 %", 62), ("LVEF preserved", Interval(50, 100)), ("normale LV-Funktion", Interval(50, 100)),
        ("RVEF 45 %", None), ("no echocardiography done", None),
    ],
)  # fmt: skip
def test_ejection_fraction_in_a_report(text: str, expected: object) -> None:
    fact = facts_of(report(text))["lvef_percent"]
    assert fact.value == expected


def test_a_newer_report_counts_before_an_older_measurement() -> None:
    old = observation("10230-1", "2025-03-01", **quantity(60, "%"))
    facts = facts_of(old, report("LVEF 42 %"))
    assert facts.value("lvef_percent") == 42
    assert facts.value("cardiac_dysfunction") is True
    assert facts.value("toxicity(cardiac)") == 2


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(observation("8636-3", DAY, **quantity(0.48, "s")), 480, id="seconds"),
        pytest.param(observation("8636-3", DAY, **quantity(468)), 468, id="no unit"),
        pytest.param(observation("8634-8", DAY, **quantity(520, "ms")), None, id="the uncorrected QT"),
        pytest.param(observation(text="EKG", on=DAY, valueString="SR, QTc (Bazett) 468 ms"), 468, id="ECG in words"),
        pytest.param(report("Sinusrhythmus. QTcF 512 ms.", name="EKG"), 512, id="report"),
        pytest.param(report("SR 88/min, QT/QTc 380/452 ms", name="EKG"), 452, id="both intervals"),
        pytest.param(report("QTc not prolonged", name="EKG"), None, id="no number"),
    ],
)
def test_qtc(entry: Any, expected: float | None) -> None:
    assert facts_of(entry).value("qtc_ms") == expected


def creatinine(value: float) -> Any:
    return observation("2160-0", DAY, **quantity(value, "mg/dL"), referenceRange=[{"high": {"value": 1.0}}])


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([observation(text="GFR (CKD-EPI)", on=DAY, **quantity(59, "ml/min/1,73m²"))], True, id="below 60"),
        pytest.param([observation(text="GFR (CKD-EPI)", on=DAY, **quantity(60, "ml/min/1,73m²"))], False, id="60"),
        pytest.param([observation(text="eGFR", on=DAY, valueString=">90 mL/min/1.73m2")], False, id="above 90"),
        pytest.param([observation("98979-8", "2025-05-20", **quantity(30, "mL/min/{1.73_m2}"))], None, id="old"),
        pytest.param([creatinine(1.51)], True, id="creatinine above 1.5 times"),
        pytest.param([creatinine(1.5)], None, id="at 1.5 times"),
        pytest.param([creatinine(1.0)], False, id="at its limit"),
        pytest.param([creatinine(2.0), observation("98979-8", DAY, **quantity(80, "mL/min"))], True, id="either"),
    ],
)
def test_kidney(entries: list[Any], expected: bool | None) -> None:
    assert facts_of(*entries).value("significant_renal_dysfunction") is expected


def clotting(text: str, value: float, low: float, high: float) -> Any:
    limits = [{"low": {"value": low}, "high": {"value": high}}]
    return observation(text=text, on=DAY, **quantity(value, "1"), referenceRange=limits)


def test_coagulation() -> None:
    inr, ptt, fibrinogen = (
        clotting("INR", 1.0, 0.9, 1.2),
        clotting("aPTT", 30, 25, 37),
        clotting("Fibrinogen", 2.5, 1.8, 3.5),
    )
    assert facts_of(inr, ptt, fibrinogen).value("abnormal_coag_labs") is False
    assert facts_of(inr, ptt)["abnormal_coag_labs"].reason is Reason.NOT_DECIDED
    assert facts_of(inr, clotting("Partielle Thromboplastinzeit", 40, 25, 37)).value("abnormal_coag_labs") is True
    assert facts_of(clotting("Quick", 60, 70, 130)).value("abnormal_coag_labs") is True
    assert facts_of()["abnormal_coag_labs"].reason is Reason.RECORD_EMPTY


def temperature(value: float, at: str = f"{DAY}T08:00:00Z", unit: str | None = "Cel") -> Any:
    return observation("8310-5", at, **quantity(value, unit))


@pytest.mark.parametrize(
    ("entries", "single", "febrile"),
    [
        pytest.param([temperature(38.3)], 38.3, True, id="38.3 once"),
        pytest.param([temperature(38.2)], 38.2, None, id="38.2 once"),
        pytest.param([temperature(37.9)], 37.9, False, id="no reading reaches 38.0"),
        pytest.param([temperature(101.5, unit="[degF]")], pytest.approx(38.6111), True, id="Fahrenheit"),
        pytest.param([temperature(101.5, unit=None)], pytest.approx(38.61), True, id="can only be Fahrenheit"),
        pytest.param([temperature(38.5, "2025-05-25T08:00:00Z")], None, None, id="last week"),
        pytest.param([temperature(83)], None, None, id="implausible"),
        pytest.param([temperature(38.0), temperature(38.1, f"{DAY}T09:00:00Z")], 38.1, True, id="an hour"),
        pytest.param([temperature(38.0), temperature(38.1, f"{DAY}T08:59:00Z")], 38.1, None, id="59 minutes"),
        pytest.param([temperature(38.0), temperature(37.5, f"{DAY}T08:30:00Z"), temperature(38.1, f"{DAY}T09:30:00Z")], 38.1, None,
                     id="interrupted"),
        pytest.param([temperature(38.0), temperature(38.1, f"{DAY}T11:00:00+02:00")], 38.1, True, id="in two zones"),
    ],
)  # fmt: skip
def test_temperatures(entries: list[Any], single: object, febrile: bool | None) -> None:
    facts = facts_of(*entries)
    assert facts.value("single_temperature_c") == single
    assert facts.value("febrile") is febrile


def test_the_length_of_a_fever() -> None:
    facts = facts_of(temperature(38.2), temperature(38.0, f"{DAY}T09:10:00Z"), temperature(38.4, f"{DAY}T10:00:00Z"))
    assert facts.value("sustained_temperature_c") == 38.0
    assert facts.value("sustained_temperature_minutes") == 120


def weight(value: float, on: str, unit: str | None = "kg") -> Any:
    return observation("29463-7", on, **quantity(value, unit))


@pytest.mark.parametrize(
    ("entries", "kilograms", "lost"),
    [
        pytest.param([weight(70, "2025-03-01"), weight(63, DAY)], 63, 10.0, id="exactly ten percent"),
        pytest.param([weight(70, "2025-03-01"), weight(62.9, DAY)], 62.9, pytest.approx(10.142857), id="more"),
        pytest.param([weight(154.324, "2025-03-01", "[lb_av]"), weight(63, DAY)], 63, pytest.approx(10, abs=1e-3), id="pounds"),
        pytest.param([weight(60, "2025-03-01"), weight(63, DAY)], 63, 0, id="gained"),
        pytest.param([weight(63, DAY)], 63, None, id="only one"),
        pytest.param([weight(90, "2024-03-01"), weight(63, DAY)], 63, None, id="a year ago"),
        pytest.param([weight(154, "2025-03-01"), weight(70, DAY)], 70, None, id="pounds called kilograms"),
        pytest.param([weight(63, DAY, None)], None, None, id="no unit"),
        pytest.param([weight(3400, DAY, "g")], 3.4, None, id="grams"),
        pytest.param([observation(text="Gewichtsverlust", on=DAY, **quantity(12, "%"))], None, 12, id="stated"),
    ],
)  # fmt: skip
def test_weights(entries: list[Any], kilograms: object, lost: object) -> None:
    facts = facts_of(*entries)
    assert facts.value("weight_kg") == kilograms
    assert facts.value("weight_loss_percent") == lost


def level(at: str, text: str = "MTX-Spiegel") -> Any:
    return observation(text=text, on=at, valueString="12,5 µmol/l")


def infusion(start: str, end: str | None = None, **more: Any) -> Any:
    span = {"effectivePeriod": {"start": start, "end": end}} if end else {"effectiveDateTime": start}
    return administration("Methotrexat 5 g/m2", **{**span, **more})


ORAL = [{"route": {"coding": [{"code": "26643006"}]}}]


@pytest.mark.parametrize(
    ("entries", "hours"),
    [
        pytest.param([infusion("2025-05-29T08:00:00+02:00", "2025-05-30T08:00:00+02:00"), level("2025-05-31T02:00:00+02:00")], 42,
                     id="from the start"),
        pytest.param([infusion("2025-05-29T08:00:00+02:00"), level("2025-05-31T01:00:00Z")], 43, id="in two zones"),
        pytest.param([infusion("2025-05-29T08:00:00"), level("2025-05-31T02:00:00+02:00")], 42, id="one without a zone"),
        pytest.param([infusion("2025-05-29"), level("2025-05-31T08:00:00+02:00")], Interval(32, 56), id="a day"),
        pytest.param([infusion("2025-05-29T08:00:00Z"), infusion("2025-05-29T08:30:00Z"), level("2025-05-31T08:00:00Z")], 48,
                     id="bolus and infusion"),
        pytest.param([infusion("2025-05-15T08:00:00Z"), infusion("2025-05-29T08:00:00Z"), level("2025-05-31T08:00:00Z")], 48,
                     id="the last course"),
        pytest.param([infusion("2025-05-29T08:00:00Z"), infusion("2025-05-30T08:00:00Z", dosage={"route": {"text": "intrathekal"}}),
                      level("2025-05-31T08:00:00Z")], 48, id="not the intrathecal dose"),
        pytest.param([infusion("2025-05-29T08:00:00Z"), statement("Methotrexate 2.5 mg tablet", "2025-05-30", dosage=ORAL),
                      level("2025-05-31T08:00:00Z")], 48, id="not the tablet"),
        pytest.param([request("Methotrexat", "2025-05-29T08:00:00Z"), level("2025-05-31T08:00:00Z")], None, id="only ordered"),
        pytest.param([infusion("2025-05-31T10:00:00Z"), level("2025-05-31T08:00:00Z")], None, id="after the sample"),
        pytest.param([infusion("2025-05-30T00:00:00Z")], Interval(48, 72), id="no level: to the day of judgement"),
        pytest.param([infusion("2025-01-30T00:00:00Z")], None, id="months ago"),
    ],
)  # fmt: skip
def test_hours_since_methotrexate(entries: list[Any], hours: object) -> None:
    assert facts_of(*entries).value("hours_since_methotrexate") == hours


def test_levels() -> None:
    assert facts_of(level(DAY)).value("methotrexate_level_umol") == 12.5
    assert facts_of(level(DAY, "Methotrexate")).value("methotrexate_level_umol") == 12.5
    mass = observation("14836-1", DAY, **quantity(1, "ug/mL"))
    assert facts_of(mass).value("methotrexate_level_umol") == pytest.approx(2.2005)
    cumulative = observation(text="Methotrexate cumulative dose", on=DAY, **quantity(5, "g/m2"))
    assert facts_of(cumulative)["methotrexate_level_umol"].reason is Reason.RECORD_EMPTY


def anc(value: float, on: str) -> Any:
    return observation("751-8", on, **quantity(value, "10*3/uL"))


MP = statement("Mercaptopurine 50 mg", "2025-04-01", state="active")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([MP, anc(0.49, "2025-05-01")], True, id="after it was begun"),
        pytest.param([MP, anc(0.5, "2025-05-01")], None, id="exactly 0.5"),
        pytest.param([MP, anc(0.2, "2025-03-25"), anc(0.3, "2025-05-01")], None, id="already so before"),
        pytest.param([MP, anc(0.2, "2025-01-25")], None, id="long before"),
        pytest.param([anc(0.2, "2025-05-25")], False, id="without the drug"),
    ],
)
def test_severe_neutropenia_after_mercaptopurine(entries: list[Any], expected: bool | None) -> None:
    assert facts_of(*entries).value("severe_neutropenia_after_6mp") is expected


@given(st.text(max_size=60))
def test_any_report_is_read_or_left(text: str) -> None:
    facts = facts_of(
        report(text), observation(text="EKG", on=DAY, valueString=text), observation("8636-3", DAY, valueString=text)
    )
    for name in ("lvef_percent", "qtc_ms"):
        assert facts[name].known or facts[name].reason


ODD = st.sampled_from(
    [None, 7, "", "x", [], {}, "2025-05-31", {"value": "x"}, {"value": 1, "unit": 3}, [None], True, 10**30]
)


@given(st.sampled_from(["8310-5", "29463-7", "98979-8", "10230-1", "14836-1", "3255-7", "6301-6", "2571-8", "3040-3"]),
       st.dictionaries(st.sampled_from(["valueQuantity", "valueString", "valueRange", "referenceRange", "component", "interpretation",
                                        "effectiveDateTime", "specimen"]), ODD))  # fmt: skip
def test_misshapen_results_never_raise(code: str, odd: dict[str, Any]) -> None:
    facts = facts_of(observation(code, **odd))
    for name in ("single_temperature_c", "weight_loss_percent", "significant_renal_dysfunction", "lvef_percent", "abnormal_coag_labs",
                 "hours_since_methotrexate", "toxicity(hypertriglyceridemia)", "pancreatitis_findings_normalized"):  # fmt: skip
        assert facts[name].known or facts[name].reason
