"""The mediastinal mass over time: sizes, response by NCCN ALL 2015 (ALL-E), recurrence."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Facts
from service.facts.response.mediastinum import PROVIDERS
from tests.facts.fhir import resource
from tests.facts.support import facts_of


def ct(text: str, on: str, name: str = "CT chest") -> dict[str, Any]:
    """A report of one image."""
    return resource("DiagnosticReport", status="final", code={"text": name}, effectiveDateTime=on, conclusion=text)


def read(*resources: dict[str, Any]) -> Facts:
    return facts_of(*resources, providers=PROVIDERS)


FIRST = ct("Mediastinal mass 10 x 8 cm.", "2025-01-02")


@pytest.mark.parametrize(
    ("size", "response", "down", "up"),
    [
        ("4 x 4 cm", "CRu", 80.0, 0.0),
        ("5 x 4 cm", "PR", 75.0, 0.0),
        ("8 x 5 cm", "no-response", 50.0, 0.0),
        ("80 x 49 mm", "PR", 51.0, 0.0),
        ("10 x 10 cm", "no-response", 0.0, 25.0),
        ("10,1 x 10 cm", "PD", 0.0, 26.25),
    ],
)
def test_response_by_size_at_its_limits(size: str, response: str, down: float, up: float) -> None:
    facts = read(FIRST, ct(f"Mediastinaltumor {size}", "2025-05-02"))
    assert facts.value("response_mediastinal") == response
    assert (facts.value("spd_decrease_percent"), facts.value("spd_increase_percent")) == (down, up)
    assert facts["response_mediastinal"].provenance[0].inferred


def test_complete_resolution_takes_a_ct() -> None:
    gone = read(FIRST, ct("Complete resolution of the mediastinal mass.", "2025-05-02"))
    assert gone.value("mediastinal_change") == "complete-resolution-ct"
    assert gone.value("response_mediastinal") == "CR"
    x_ray = read(FIRST, ct("Complete resolution of the mediastinal mass.", "2025-05-02", name="X-ray chest"))
    assert x_ray.value("mediastinal_change") is None


def test_a_mass_that_comes_back() -> None:
    gone = ct("Mediastinal mass has resolved.", "2025-03-02")
    facts = read(FIRST, gone, ct("Mediastinal mass 5 x 4 cm", "2025-05-20"))
    assert (facts.value("response_mediastinal_prior"), facts.value("mediastinal_recurrence")) == ("CR", True)
    assert read(ct("Mediastinal recurrence", "2025-05-20")).value("mediastinal_recurrence") is True
    assert read(ct("New mediastinal mass 5 x 4 cm", "2025-05-20")).value("mediastinal_recurrence") is None


@pytest.mark.parametrize(
    ("text", "down"),
    [
        ("Mediastinum: SPD decreased by 80 %", 80.0), ("Mediastinal mass, sum of products decreased 60%", 60.0),
        ("Mediastinal mass, smaller", None), ("Mediastinal nodes 2 x 1 cm and 3 x 2 cm", None), ("Mediastinum 0 x 0", None),
    ],
)  # fmt: skip
def test_changes_in_words(text: str, down: float | None) -> None:
    assert read(FIRST, ct(text, "2025-05-02")).value("spd_decrease_percent") == down
