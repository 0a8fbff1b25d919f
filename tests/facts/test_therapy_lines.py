"""Lines of therapy, and the regimen of the induction."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason
from tests.facts.fhir import administration, condition, observation, procedure, resource, status
from tests.facts.therapy_cases import ALL, RELAPSE, read

LINES = "Number of prior lines of therapy"


@pytest.mark.parametrize(
    ("resources", "lines"),
    [
        pytest.param([ALL, observation(None, "2025-05-01", text=LINES, valueInteger=3)], 3.0, id="counted"),
        pytest.param([ALL, observation(None, None, text=LINES, valueInteger=3)], None, id="undated"),
        pytest.param([ALL, observation(None, "2025-05-01", text=LINES, valueString=">2")], None, id="not a count"),
        pytest.param([ALL, status("second relapse")], Interval(low=2), id="each relapse came after a line"),
        pytest.param([condition("91857003", onsetDateTime="2025-05-20")], 0.0, id="new, nothing given"),
        pytest.param([condition("91857003", onsetDateTime="2025-05-01"), administration("vincristine", "2025-05-20")], None,
                     id="new, in treatment"),
    ],
)  # fmt: skip
def test_prior_lines(resources: list[Any], lines: object) -> None:
    assert read(*resources).value("prior_lines_count") == lines


def plan(title: str, start: str | None = None) -> Any:
    return resource("CarePlan", status="completed", title=title, period={"start": start} if start else None)


@pytest.mark.parametrize(
    ("resources", "regimen", "reason"),
    [
        pytest.param([plan("GMALL induction")], "GMALL", None, id="by the word"),
        pytest.param([plan("CALGB 10403", "2024-02-01"), plan("Hyper-CVAD", "2025-03-01")], "CALGB 10403", None, id="by date"),
        pytest.param([plan("Hyper-CVAD")], "HyperCVAD", None, id="the only one"),
        pytest.param([RELAPSE, plan("Hyper-CVAD", "2025-03-01")], None, Reason.NOT_DECIDED, id="after relapse"),
        pytest.param([plan("GMALL"), plan("POMP")], None, Reason.NOT_DECIDED, id="two"),
        pytest.param([], None, Reason.RECORD_EMPTY, id="none"),
        pytest.param([procedure("367336001", "2024-01-20", text="Chemotherapy, hyper-CVAD course A")], "HyperCVAD", None,
                     id="procedure"),
    ],
)  # fmt: skip
def test_induction_regimen(resources: list[Any], regimen: str | None, reason: Reason | None) -> None:
    fact = read(ALL, *resources)["induction_regimen"]
    assert (fact.value, fact.reason) == (regimen, reason)
