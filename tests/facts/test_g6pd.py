"""G6PD deficiency by diagnosis and by the enzyme's activity."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.fitness import g6pd
from service.facts.model import Reason
from tests.facts.fhir import GM, ICD, concept, condition, observation, resource
from tests.facts.support import facts_of

ACTIVITY = "32546-4"


def read(*resources: Any) -> Any:
    return facts_of(*resources, providers=g6pd.PROVIDERS)


def activity(value: float, on: str = "2025-05-20", **more: Any) -> Any:
    limits = [{"low": {"value": 7.0}, "high": {"value": 20.5}}]
    measured = {"value": value, "unit": "U/g Hb", "code": "U/g{Hb}", "system": "http://unitsofmeasure.org"}
    return observation(ACTIVITY, on, valueQuantity=measured, referenceRange=limits, **more)


def screen(text: str, **more: Any) -> Any:
    return observation(text="G6PD screening", valueString=text, **more)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(condition("D55.0", ICD), True, id="anemia of G6PD deficiency"),
        pytest.param(condition("D75.A", ICD), True, id="deficiency without anemia"),
        pytest.param(condition("D55.0", GM, status="resolved"), True, id="inherited, so it does not resolve"),
        pytest.param(condition("D55.1", ICD), None, id="another enzyme"),
        pytest.param(condition(text="G6PD deficiency"), True, id="in words"),
        pytest.param(condition(text="Glucose-6-Phosphat-Dehydrogenase-Mangel"), True, id="German"),
        pytest.param(condition(text="Favism"), True, id="favism"),
        pytest.param(condition(text="no G6PD deficiency"), None, id="denied on the problem list"),
        pytest.param(condition("D55.0", ICD, verificationStatus=concept("differential")), None, id="considered"),
        pytest.param(activity(2.1), True, id="activity below its range"),
        pytest.param(activity(6.9), True, id="just below"),
        pytest.param(activity(7.0), False, id="at the lower limit"),
        pytest.param(activity(25.0), False, id="above its range"),
        pytest.param(activity(9.0, note=[{"text": "sample after transfusion of packed red cells"}]), None, id="transfused"),
        pytest.param(activity(9.0, note=[{"text": "drawn before transfusion"}]), False, id="drawn before"),
        pytest.param(activity(2.0, note=[{"text": "after transfusion"}]), True, id="deficient though transfused"),
        pytest.param(observation(ACTIVITY, valueString="normal"), False, id="normal in words"),
        pytest.param(observation(ACTIVITY, valueString="deficient"), True, id="deficient in words"),
        pytest.param(observation(ACTIVITY, valueString="not deficient"), False, id="not deficient"),
        pytest.param(screen("reduced activity"), True, id="screening, reduced"),
        pytest.param(screen("kein G6PD-Mangel"), False, id="German, none"),
        pytest.param(screen("pending"), None, id="pending"),
        pytest.param(observation(text="G6PD deficiency", valueBoolean=True), True, id="asked and found"),
        pytest.param(observation(text="G6PD deficiency", valueBoolean=False), False, id="asked and not found"),
        pytest.param(observation(ACTIVITY, valueQuantity={"value": 8.0, "unit": "U/g Hb"}), None, id="no range"),
        pytest.param(observation(ACTIVITY, interpretation=[concept("N", "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation")]), False, id="flag only"),
    ],
)  # fmt: skip
def test_g6pd(entry: Any, expected: bool | None) -> None:
    assert read(entry).value("g6pd_deficient") is expected


def test_the_newest_result_decides_and_a_diagnosis_goes_before_it() -> None:
    assert read(activity(2.0, "2024-01-01"), activity(9.0)).value("g6pd_deficient") is False
    assert read(condition("D75.A", ICD), activity(9.0)).value("g6pd_deficient") is True


def test_without_a_result_it_is_open() -> None:
    assert read(resource("Observation", status="final", code={"text": "LDH"})).value("g6pd_deficient") is None
    assert read()["g6pd_deficient"].reason is Reason.RECORD_EMPTY
